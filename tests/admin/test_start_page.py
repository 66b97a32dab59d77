"""Test that each number on the start page of the admin equals the number of rows in the list that it links to."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from core import admin_numbers
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE
from outbox.queue_state import queue_state
from perfectworks.start_page import NUMBERS
from tests.factories import (
    AccountEmailAttemptFactory,
    AttemptFactory,
    EmailFactory,
    InvitationFactory,
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
)
from tests.support.queries import assert_queries

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LABELS = [str(number.label) for number in NUMBERS]


def ago(distance: timedelta) -> datetime:
    return timezone.now() - distance


@pytest.fixture
def rows() -> None:
    """For each number rows that count, and rows that almost count."""
    EmailFactory.create_batch(2, due_at=ago(HOUR))
    EmailFactory.create(deferred=True, due_at=ago(HOUR))  # due again
    EmailFactory.create(sending=True, due_at=ago(-HOUR))
    EmailFactory.create(deferred=True, due_at=ago(-HOUR))
    EmailFactory.create(bounced=True)
    EmailFactory.create(failed=True)
    EmailFactory.create(complained=True)
    old = EmailFactory.create(bounced=True)
    Email.objects.filter(pk=old.pk).update(updated_at=ago(8 * DAY))
    InvitationFactory.create(expires_in=2 * DAY)
    InvitationFactory.create(expires_in=4 * DAY)
    InvitationFactory.create(overdue=True)
    InvitationFactory.create(declined=True, expires_in=2 * DAY)
    owned = OrganizationFactory.create()
    MembershipFactory.create(organization=owned, role_id=OWNER_ROLE)
    ownerless = OrganizationFactory.create()
    MembershipFactory.create(organization=ownerless, role_id=OWNER_ROLE, user=UserFactory.create(is_active=False))
    for organization, emails in ((owned, 3), (ownerless, 2)):
        EmailFactory.create_batch(emails, sent=True, counted_at=timezone.now(), organization_id=organization.pk)
        EmailFactory.create(sent=True, counted_at=ago(2 * DAY), organization_id=organization.pk)
        EmailFactory.create(scheduled=True, counted_at=ago(-DAY), due_at=ago(-DAY), organization_id=organization.pk)
    archived = OrganizationFactory.create(deleted_at=timezone.now())
    MembershipFactory.create(organization=archived, role_id=OWNER_ROLE, user=UserFactory.create(is_active=False))
    for organization in Organization.objects.filter(memberships=None):
        MembershipFactory.create(organization=organization, role_id=OWNER_ROLE)
    OrganizationFactory.create()  # whose owner has not accepted the invitation yet


@pytest.fixture(autouse=True)
def limits(settings: Settings) -> None:
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 3


def numbers_shown(client: Client) -> dict[str, str]:
    shown = client.get("/admin/").context["numbers"]
    return {str(counted.number.label): str(counted) for counted in shown}


def test_the_start_page_shows_numbers(admin_pages: Client, rows: None):
    assert numbers_shown(admin_pages) == {
        "emails due": "3",
        "emails waiting for another attempt": "1",
        "emails bounced or failed in the last 7 days": "2",
        "open invitations that expire within 3 days": "1",
        "organizations at their sending limit": "1",
        "organizations without an active owner": "2",
    }


@pytest.mark.parametrize("number", NUMBERS, ids=LABELS)
def test_a_number_links_to_the_list_of_exactly_these_rows(admin_pages: Client, rows: None, number):
    page = admin_pages.get("/admin/").content.decode()
    assert f'<a href="{number.url.replace("&", "&amp;")}"' in page
    listed = admin_pages.get(number.url)
    assert listed.status_code == 200
    found = set(listed.context["cl"].queryset.values_list("pk", flat=True))
    assert found == set(number.rows().values_list("pk", flat=True)) != set()
    assert len(found) == number.counted().value < number.model._default_manager.count()


def test_large_numbers_are_not_counted_to_the_end(admin_pages: Client, rows: None, monkeypatch):
    monkeypatch.setattr(admin_numbers, "MAX_COUNT", 2)
    assert (numbers_shown(admin_pages)["emails due"], numbers_shown(admin_pages)[LABELS[2]]) == ("2+", "2")


@pytest.mark.parametrize(
    ("permission", "shown"),
    [
        ("view_email", LABELS[:3]),
        ("view_invitation", LABELS[3:4]),
        ("view_organization", LABELS[4:]),
        ("view_event", []),
    ],
)
def test_staff_see_only_the_numbers_of_lists_that_they_may_see(rows: None, permission: str, shown: list[str]):
    user = UserFactory.create()
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename=permission))
    client = Client()
    client.force_login(user)
    assert list(numbers_shown(client)) == shown
    assert ("Sending of emails" in client.get("/admin/").content.decode()) is (permission == "view_email")


def test_the_queries_of_the_start_page(admin_pages: Client, rows: None):
    with assert_queries(
        session="SELECT django_session",
        staff="SELECT accounts_user",
        due="COUNT invitations_email",
        deferred="COUNT invitations_email",
        undelivered="COUNT invitations_email",
        expiring="COUNT invitations_invitation",
        counted="SELECT invitations_email",
        busy="SELECT orgs_organization",
        limited="COUNT orgs_organization",
        ownerless="COUNT orgs_organization",
        account_attempts="SELECT accounts_accountemailattempt",
        attempts="SELECT invitations_attempt",
        account_oldest="SELECT accounts_accountemail",
        oldest="SELECT invitations_email",
        account_sending="SELECT accounts_accountemail",
        sending="SELECT invitations_email",
    ):
        admin_pages.get("/admin/")


def test_an_old_organization_is_at_its_limit_only_with_as_many_emails_as_old_ones_may_request(
    admin_pages: Client, rows: None, settings: Settings
):
    settings.ORGANIZATION_EMAILS_PER_DAY = 4
    Organization.objects.update(created_at=ago(60 * DAY))
    assert numbers_shown(admin_pages)["organizations at their sending limit"] == "0"
    settings.ORGANIZATION_EMAILS_PER_DAY = 3
    assert numbers_shown(admin_pages)["organizations at their sending limit"] == "1"


# Why the queue grows


def attempt(count: int, state: str, at: timedelta = HOUR) -> None:
    AttemptFactory.create_batch(count, state=state, response=f"{state} response", created_at=ago(at))


@pytest.mark.parametrize(
    ("make", "verdict"),
    [
        (lambda: None, "nothing_waits"),
        (lambda: EmailFactory.create(sent=True), "nothing_waits"),
        (lambda: EmailFactory.create(due_at=ago(HOUR)), "no_worker"),
        (lambda: EmailFactory.create(due_at=ago(timedelta(seconds=20))), "nothing_waits"),
        (lambda: EmailFactory.create(sending=True, due_at=ago(-timedelta(minutes=5))), "busy"),
    ],
)
def test_the_start_page_says_whether_a_worker_sends(admin_pages: Client, make: Callable[[], object], verdict: str):
    make()
    state = queue_state()
    assert state.verdict == verdict
    assert f"<strong>{state.verdict.label}</strong>" in admin_pages.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("attempts", "verdict"),
    [
        ([(1, "sent", HOUR)], "no_worker"),
        ([(1, "sent", timedelta(0))], "busy"),
        ([(1, "sent", HOUR), (5, "deferred", timedelta(0))], "server_errors"),
        ([(1, "sent", HOUR), (4, "deferred", timedelta(0))], "busy"),
        ([(5, "failed", timedelta(0))], "busy"),  # rejected recipients
    ],
)
def test_the_last_attempts_say_whether_the_mail_server_is_at_fault(attempts, verdict: str):
    for made in attempts:
        attempt(*made)
    Email.objects.update(state="dropped", due_at=None)
    EmailFactory.create(due_at=ago(HOUR))
    assert queue_state().verdict == verdict


def test_the_emails_about_accounts_count_too(admin_pages: Client):
    error = AccountEmailAttemptFactory.create(state="deferred", response="451 Later", email__due_at=ago(HOUR))
    page = admin_pages.get("/admin/").content.decode()
    assert queue_state().oldest_due_at == error.email.due_at
    assert (queue_state().verdict, queue_state(Email).verdict) == ("server_errors", "nothing_waits")
    assert f'<a href="/admin/accounts/accountemail/{error.email_id}/change/">' in page


def test_the_start_page_shows_the_oldest_due_email_and_the_last_error(admin_pages: Client):
    error = AttemptFactory.create(deferred=True, created_at=ago(3 * HOUR))
    AttemptFactory.create(state="sent", created_at=ago(2 * HOUR))
    Email.objects.update(state="dropped", due_at=None)
    EmailFactory.create(due_at=ago(5 * HOUR))
    EmailFactory.create(due_at=ago(4 * HOUR))
    page = admin_pages.get("/admin/").content.decode()
    assert "<dt>Oldest email due</dt><dd>5 hours ago" in page
    assert "<dt>Last attempt</dt><dd>2 hours ago" in page
    assert "<q>451 4.7.1 Try again later</q> 3 hours ago" in page
    assert f'<a href="/admin/invitations/email/{error.email_id}/change/">' in page


def test_invitations_that_ended_or_end_later_do_not_expire_soon(rows: None):
    found = Invitation.objects.expiring_soon().get()
    assert timedelta() < found.expires_at - timezone.now() < 3 * DAY
