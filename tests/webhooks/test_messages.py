"""Test the messages about events: what they contain, what they cost, and when they are deleted."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.principals import Principal, staff
from core.addresses import normalize_address
from events.models import Event
from invitations.actions import answering, ending, inviting, inviting_many
from invitations.bulk.rows import InviteRow
from invitations.email.address_hashes import SuppressionScope
from invitations.email.delivery_reports import take_report
from invitations.email.models import Email
from invitations.email.suppressions import unsubscribe
from orgs.actions import accounts, members, roles, units
from orgs.models import Organization, Unit
from orgs.permissions import EDITOR_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE, Level
from outbox.deliver import deliver_batch
from outbox.delivery_reports import Report
from outbox.email_transport import EmailTransport
from tests.factories import (
    InvitationFactory,
    MembershipFactory,
    RoleFactory,
    UnitFactory,
    UserFactory,
    WebhookAttemptFactory,
    WebhookDeliveryFactory,
    WebhookEndpointFactory,
    WebhookMessageFactory,
)
from tests.support.people import membership_of, session_of
from tests.support.queries import query_summaries
from webhooks.actions import erasing
from webhooks.actions.retention import delete_messages_before
from webhooks.event_types import EVENT_TYPES
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookMessage

pytestmark = pytest.mark.django_db


@pytest.fixture
def followed(organization: Organization) -> Organization:
    WebhookEndpointFactory.create(organization=organization)
    organization.has_webhooks = True
    organization.save()
    return organization


def told() -> dict[str, dict[str, Any]]:
    """Return the data of each message by its type."""
    return {message.event_type: json.loads(message.data) for message in WebhookMessage.objects.order_by("number")}


def test_every_type_is_about_the_topics():
    assert len(EVENT_TYPES) == len(set(EVENT_TYPES)) > 35
    assert {kind.partition(".")[0] for kind in EVENT_TYPES} == {
        "invitation",
        "membership",
        "organization",
        "role",
        "unit",
    }


def test_data_is_what_the_api_shows(owner, member, followed):
    by, named = session_of(owner), {"organization_id": followed.pk}
    invitation = inviting.invite(by=by, **named, email=normalize_address("new@example.com"), role_id=EDITOR_ROLE)
    membership = membership_of(member, followed)
    members.change_member_roles(by=by, **named, membership_id=membership.pk, role_id=EDITOR_ROLE)
    unit = units.create_unit(by=by, **named, kind=Unit.Kind.APPLICATION, name="Shop")
    role = roles.create_role(by=by, **named, level=Level.ORGANIZATION, name="Guide", permissions=frozenset())
    api = APIClient()
    api.force_login(owner)
    of_organization = f"/api/v0/organizations/{followed.pk}"

    def shown(path: str) -> Any:
        return api.get(path, headers={"X-Organization-Id": str(followed.pk)}).json()["data"]

    data = told()
    events = {one["id"]: one for one in api.get(f"{of_organization}/events").json()["data"]}
    assert all(one["event"] == events[one["event"]["id"]] for one in data.values())
    assert data["invitation.created"]["invitation"] == shown(f"{of_organization}/invitations/{invitation.pk}")
    assert data["membership.roles_changed"]["member"] == shown(f"/api/v0/organization-members/{membership.pk}")
    assert data["unit.created"]["unit"] == shown(f"{of_organization}/applications/{unit.pk}")
    assert data["role.created"]["role"] == shown(f"{of_organization}/roles/{role.pk}")
    assert {(one["version"], one["organizationId"]) for one in data.values()} == {(1, str(followed.pk))}


def test_members_whose_role_or_unit_ends_are_told_as_they_are_then(owner, member, stranger, followed):
    by, named = session_of(owner), {"organization_id": followed.pk}
    guide = RoleFactory.create(organization=followed, name="Guide")
    host = RoleFactory.create(organization=followed, name="Host", level="unit")
    shop, office = UnitFactory.create_batch(2, organization=followed)
    membership_of(member, followed).assignments.update(role=guide)
    guest = MembershipFactory.create(organization=followed, user=stranger, unit_roles={shop: host.pk, office: host.pk})
    roles.delete_role(by=by, **named, role_id=guide.pk, reassign_to=EDITOR_ROLE)
    roles.delete_role(by=by, **named, role_id=host.pk, reassign_to=UNIT_VIEWER_ROLE)
    units.delete_unit(by=by, **named, unit_id=shop.pk)

    data = [json.loads(message.data) for message in WebhookMessage.objects.order_by("number")]
    assert [one["event"]["kind"] for one in data] == [
        *("membership.roles_changed", "role.deleted"),
        *("membership.unit_role_assigned", "membership.unit_role_assigned", "role.deleted"),
        *("membership.unit_role_removed", "unit.deleted"),
    ]
    assert data[0]["member"]["role"]["id"] == str(EDITOR_ROLE)
    assert (data[1]["role"]["name"], data[4]["role"]["name"], data[6]["unit"]["id"]) == ("Guide", "Host", str(shop.pk))
    in_units = [{one["id"]: one["role"]["id"] for one in data[place]["member"]["units"]} for place in (2, 3, 5)]
    viewer = str(UNIT_VIEWER_ROLE)
    assert in_units == [dict.fromkeys(map(str, units), viewer) for units in ([shop.pk, office.pk],) * 2] + [
        {str(office.pk): viewer}
    ]
    assert {data[place]["member"]["id"] for place in (2, 3, 5)} == {str(guest.pk)}


def test_joining_expiring_and_withdrawing(owner, invitee, followed):
    joining = InvitationFactory.create(organization=followed, inviter=owner, invitee=invitee)
    InvitationFactory.create(organization=followed, inviter=owner, overdue=True)
    answering.accept(by=session_of(invitee), invitation_id=joining.pk)
    ending.expire(organization_id=followed.pk)

    data = told()
    assert data["invitation.accepted"]["invitation"]["state"] == "accepted"
    assert data["membership.created"]["member"]["email"] == invitee.email
    assert data["invitation.expired"]["invitation"]["state"] == "expired"


def statements_of_inviting(owner: Any, organization: Organization, count: int) -> list[str]:
    rows = [InviteRow(email=f"new{number}-{count}@example.com") for number in range(count)]
    with CaptureQueriesContext(connection) as captured:
        inviting_many.invite_many(by=session_of(owner), organization_id=organization.pk, rows=rows)
    return query_summaries(captured)


def test_an_organization_without_endpoints_costs_no_statement(owner, organization, settings):
    settings.OPEN_INVITATIONS_PER_ORGANIZATION = 1000
    statements = statements_of_inviting(owner, organization, 10)

    assert not [one for one in statements if "webhook" in one]


def test_thousands_of_events_cost_as_many_statements_as_a_few(owner, followed, settings):
    settings.OPEN_INVITATIONS_PER_ORGANIZATION = settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 1000
    few, many = (statements_of_inviting(owner, followed, count) for count in (10, 90))

    # The organization, its invitations, the messages and the endpoints.
    assert (
        few[-4:]
        == many[-4:]
        == [
            "SELECT orgs_organization",
            "SELECT invitations_invitation",
            "INSERT webhooks_webhookmessage",
            "UPDATE webhooks_webhookendpoint",
        ]
    )
    assert WebhookMessage.objects.count() == 100


def test_an_action_that_is_rolled_back_leaves_no_message(owner, followed):
    with transaction.atomic():
        units.create_unit(by=session_of(owner), organization_id=followed.pk, kind=Unit.Kind.APPLICATION, name="Shop")
        assert WebhookMessage.objects.count() == 1
        transaction.set_rollback(True)

    assert not WebhookMessage.objects.exists()


@pytest.fixture
def by_staff() -> Principal:
    return staff(UserFactory.create(email="staff@example.com", superuser=True), "accounts.change_user")


def test_a_person_who_is_erased_is_in_no_message(owner, invitee, followed, by_staff):
    by, named = session_of(owner), {"organization_id": followed.pk}
    invitation = inviting.invite(by=by, **named, email=normalize_address(invitee.email), role_id=EDITOR_ROLE)
    answering.accept(by=session_of(invitee), invitation_id=invitation.pk)
    units.create_unit(by=by, **named, kind=Unit.Kind.APPLICATION, name="Shop")
    WebhookMessage.objects.filter(event_type="invitation.accepted").update(
        address=None
    )  # the address has changed since
    accounts.purge_account(by=by_staff, user=invitee)

    assert {kind: data.get("member", data.get("invitation")) for kind, data in told().items()} == {
        **dict.fromkeys(("invitation.created", "invitation.accepted", "membership.created", "membership.left")),
        "unit.created": None,
    }
    stored = repr([*WebhookMessage.objects.values()])
    assert [text for text in (invitee.email, "Invitee", str(invitee.email).partition("@")[0]) if text in stored] == []
    assert told()["unit.created"]["unit"]["name"] == "Shop"


def test_the_name_of_an_inviter_who_is_erased_is_in_no_message(owner, admin, followed, by_staff):
    address = normalize_address("new@example.com")
    inviting.invite(by=session_of(admin), organization_id=followed.pk, email=address, role_id=VIEWER_ROLE)
    assert "Admin Cast" in WebhookMessage.objects.get().data
    accounts.purge_account(by=by_staff, user=admin)

    assert "Admin Cast" not in repr([*WebhookMessage.objects.values()])


def test_responses_that_may_name_the_person_are_erased(member):
    delivery = WebhookDeliveryFactory.create(message__user_id=member.pk, response="created Member Cast")
    WebhookAttemptFactory.create(delivery=delivery, response="created Member Cast")
    other = WebhookDeliveryFactory.create(response="created a workspace")
    erasing.erase_from_webhooks(user=member, addresses=set())

    responses = WebhookDelivery.objects.order_by("id").values_list("response", flat=True)
    assert [*responses] == ["", other.response]
    assert [attempt.response for attempt in delivery.history.all()] == [""]


def test_many_messages_are_erased_in_steps(owner, admin, followed, by_staff, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(erasing, "MAX_BATCH", 2)
    for number in range(5):
        address = normalize_address(f"new{number}@example.com")
        inviting.invite(by=session_of(admin), organization_id=followed.pk, email=address, role_id=VIEWER_ROLE)
    erasing.erase_from_webhooks(user=admin, addresses=set())

    assert [json.loads(message.data)["invitation"] for message in WebhookMessage.objects.all()] == [None] * 5


def test_old_messages_are_deleted_with_their_deliveries():
    old = WebhookMessageFactory.create(created_at=timezone.now() - timedelta(days=31))
    WebhookDeliveryFactory.create(message=old, endpoint__organization=old.organization)
    kept = WebhookMessageFactory.create(created_at=timezone.now() - timedelta(days=29))

    assert [*delete_messages_before(timezone.now() - timedelta(days=30))] == [1]
    assert [*WebhookMessage.objects.all()] == [kept]
    assert not WebhookDelivery.objects.exists()
    assert WebhookEndpoint.objects.exists()
    assert Event.objects.count() == 0


def test_what_a_provider_reports_is_told(owner, followed):
    invitation = inviting.invite(
        by=session_of(owner),
        organization_id=followed.pk,
        email=normalize_address("new@example.com"),
        role_id=EDITOR_ROLE,
    )
    email = Email.objects.get()
    Email.objects.update(state="sent", sent_at=timezone.now(), due_at=None)
    for state, code, is_final in ((Email.State.DELIVERED, "delivered", False), (Email.State.BOUNCED, "550", True)):
        take_report(email_id=email.pk, report=Report(state, code, "its words", is_final=is_final))

    data = told()
    assert data["invitation.delivered"]["invitation"]["delivery"]["state"] == "delivered"
    assert data["invitation.bounced"]["invitation"]["delivery"]["state"] == "bounced"
    assert data["invitation.failed"]["invitation"]["state"] == "error"
    assert {one["invitation"]["id"] for one in data.values()} == {str(invitation.pk)}


def test_an_email_to_somebody_who_has_unsubscribed_looks_like_any_other(owner, invitee, followed, settings):
    """As in the lists of the API, it is sent and never delivered."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    addresses = [normalize_address("reader@example.com"), normalize_address(invitee.email)]
    invited = [
        inviting.invite(by=session_of(owner), organization_id=followed.pk, email=address, role_id=EDITOR_ROLE)
        for address in addresses
    ]
    unsubscribe(by=session_of(invitee), invitation_id=invited[1].pk, scope=SuppressionScope.ORGANIZATION)
    WebhookMessage.objects.all().delete()
    while deliver_batch(Email, EmailTransport(), 10):
        pass
    for invitation in invited:
        inviting.cancel(by=session_of(owner), organization_id=followed.pk, invitation_id=invitation.pk)

    seen, hidden = (json.loads(message.data)["invitation"] for message in WebhookMessage.objects.order_by("number"))
    same = {"kind", "state", "attempts", "response", "nextAttemptAt"}
    assert {name: seen["delivery"][name] for name in same} == {name: hidden["delivery"][name] for name in same}
    assert hidden["delivery"]["state"] == "sent"
    assert hidden["delivery"]["sentAt"]
