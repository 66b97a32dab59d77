"""Test the email to the owners about an endpoint that the service has disabled."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.email.models import AccountEmail
from accounts.models import User
from orgs.actions.members import change_member_roles
from orgs.actions.organizations import update_organization
from orgs.models import Organization
from orgs.permissions import ADMIN_ROLE, OWNER_ROLE
from tests.factories import MembershipFactory, UserFactory
from tests.support.outbox import account_emails
from tests.support.people import membership_of, session_of
from tests.webhooks.receiving import Receiver
from webhooks.actions import endpoints
from webhooks.actions.failing import disable_gone
from webhooks.models import WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db

Deliver = Callable[[], None]
OWNERS = {"owner@example.com", "second-owner@example.com"}


@pytest.fixture(autouse=True)
def second_owner(organization: Organization, admin: User, member: User) -> User:
    """Return another owner. The organization also has an admin and a member, who are not told."""
    second = UserFactory.create(email="second-owner@example.com")
    MembershipFactory.create(organization=organization, user=second, role_id=OWNER_ROLE)
    return second


def fail(owner: User, endpoint: WebhookEndpoint, deliver: Deliver, *, days: float = 0) -> None:
    """Let the endpoint refuse a webhook, as if it had failed for some days."""
    update_organization(by=session_of(owner), organization_id=endpoint.organization_id, name=f"Day {days}")
    deliver()
    WebhookEndpoint.objects.failing().update(failing_since=timezone.now() - timedelta(days=days))
    WebhookDelivery.objects.unsent().update(due_at=Now())
    deliver()


@pytest.mark.parametrize(
    ("status", "days", "reason"),
    [(410, 0, "responded that it is gone (410)"), (500, 5.1, "no attempt has succeeded for five days")],
)
def test_the_owners_are_told_once_and_nobody_else(
    owner, organization, endpoint, receiver: Receiver, deliver: Deliver, status: int, days: float, reason: str
):
    WebhookEndpoint.objects.update(description="Our CRM")
    receiver.respond = lambda received: status
    for _ in range(2):
        fail(owner, endpoint, deliver, days=days)

    messages = account_emails()
    assert sorted(message.to[0] for message in messages) == sorted(OWNERS)
    for message in messages:
        assert message.subject == "A webhook endpoint was disabled"
        assert "no longer sends webhooks to Our CRM" in message.body
        assert reason in message.body
        assert f"/organizations/{organization.slug}/webhooks/{endpoint.pk}\n" in message.body
        assert "You can turn such emails off in your profile." in message.body


def test_an_endpoint_that_has_failed_for_less_is_not_told(owner, endpoint, receiver: Receiver, deliver: Deliver):
    receiver.respond = lambda received: 500
    fail(owner, endpoint, deliver, days=4.9)

    assert not AccountEmail.objects.exists()


def test_the_email_is_in_the_language_of_the_organization_and_the_address_is_no_link(
    owner, organization, endpoint, receiver: Receiver, deliver: Deliver
):
    Organization.objects.update(language="de")
    WebhookEndpoint.objects.update(url=receiver.url + "/crm.example.com")
    receiver.respond = lambda received: 410
    fail(owner, endpoint, deliver)

    for message in account_emails():
        assert message.subject == "Ein Webhook-Endpunkt wurde abgeschaltet"
        assert message.body.count("http://") == 2  # the link to the page, and the name of the service
        assert "/crm.example.com" not in message.body


def test_two_workers_that_disable_an_endpoint_tell_it_once(endpoint: WebhookEndpoint):
    for _ in range(2):
        disable_gone(endpoint)

    assert {str(email.recipient) for email in AccountEmail.objects.all()} == OWNERS
    assert AccountEmail.objects.count() == len(OWNERS)


def test_a_person_who_disables_an_endpoint_is_not_told(owner, organization, endpoint: WebhookEndpoint):
    endpoints.disable_endpoint(by=session_of(owner), organization_id=organization.pk, endpoint_id=endpoint.pk)

    assert not AccountEmail.objects.exists()


def test_nothing_is_sent_about_an_endpoint_that_was_enabled_again_or_deleted(
    owner, organization, endpoint: WebhookEndpoint
):
    named = {"by": session_of(owner), "organization_id": organization.pk, "endpoint_id": endpoint.pk}
    disable_gone(endpoint)
    endpoints.enable_endpoint(**named)
    assert account_emails() == []
    disable_gone(endpoint)
    endpoints.delete_endpoint(**named)
    assert account_emails() == []
    assert {*AccountEmail.objects.values_list("state", flat=True)} == {"dropped"}


def test_who_is_no_longer_an_owner_is_not_told(owner, organization, endpoint: WebhookEndpoint, second_owner: User):
    disable_gone(endpoint)
    former = membership_of(second_owner, organization)
    change_member_roles(
        by=session_of(owner), organization_id=organization.pk, membership_id=former.pk, role_id=ADMIN_ROLE
    )

    told = [(message.to[0], message.subject) for message in account_emails()]
    assert sorted(told) == [
        ("owner@example.com", "A webhook endpoint was disabled"),
        ("second-owner@example.com", "Your role was changed"),
    ]
