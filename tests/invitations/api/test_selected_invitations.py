"""Test POST /organizations/{id}/invitations/bulk/resend, /cancel and /extend."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.api.serializers import format_time
from events.models import Event
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.permissions import ADMIN_ROLE
from tests.factories import InvitationFactory
from tests.orgs.api.house import ABSENT, at, refused, said, success

MESSAGE = "Invitations processed successfully"
DOORS = ("resend", "cancel", "extend")
every_door = pytest.mark.parametrize("door", DOORS)


@pytest.fixture
def post(by, organization):
    """Return a function that sends a body to one of the operations."""

    def send(door, body, who="admin", **headers):
        return by(who).post(at(organization, "invitations", "bulk", door), body, **headers)

    return send


def state_of_each(answer):
    return {one["invitationId"]: (one["verdict"], one["state"]) for one in answer.json()["data"]["invitations"]}


def faults(response):
    assert response.status_code == 400, response.json()
    return response.json()["error"].get("fields")


def test_the_response_has_each_invitation_and_the_counts(post, invitation, admin):
    answer = said(post("extend", {"ids": [str(invitation.pk), ABSENT], "expiresInDays": 13}))

    invitation.refresh_from_db()
    assert timedelta(days=12) < invitation.expires_at - timezone.now() <= timedelta(days=13)
    nothing = {"reason": None, "state": None, "supersededBy": None, "expiresAt": None, "scheduledFor": None}
    assert answer == success(
        MESSAGE,
        {
            "counts": {"extended": 1, "not_found": 1},
            "invitations": [
                {
                    **nothing,
                    "invitationId": str(invitation.pk),
                    "verdict": "extended",
                    "state": "pending",
                    "expiresAt": format_time(invitation.expires_at),
                },
                {**nothing, "invitationId": ABSENT, "verdict": "not_found", "reason": "invitation_not_found"},
            ],
        },
    )


def test_an_expired_one_is_sent_again_as_a_new_one(post, organization, admin):
    expired = InvitationFactory.create(organization=organization, inviter=admin, expired=True)

    [result] = post("resend", {"ids": [str(expired.pk)]}).json()["data"]["invitations"]

    expired.refresh_from_db()
    assert (result["verdict"], result["state"]) == ("resent", "pending")
    assert result["supersededBy"] == str(expired.superseded_by_id)
    assert Email.objects.get().recipient == expired.email


def test_a_filter_selects_as_in_the_list(post, organization, invitation, admin):
    other = InvitationFactory.create(organization=organization, inviter=admin, role_id=ADMIN_ROLE)
    expired = InvitationFactory.create(organization=organization, inviter=admin, expired=True)

    assert state_of_each(post("cancel", {"filter": {"role": "admin"}})) == {str(other.pk): ("withdrawn", "cancelled")}
    assert state_of_each(post("cancel", {"filter": {"state": "expired,cancelled", "sort": "createdAt:asc"}})) == {
        str(other.pk): ("not_open", "cancelled"),
        str(expired.pk): ("not_open", "expired"),
    }
    assert state_of_each(post("cancel", {"filter": {}})) == {str(invitation.pk): ("withdrawn", "cancelled")}


def test_a_search_selects_by_words(post, organization, admin):
    found, _ = (
        InvitationFactory.create(organization=organization, inviter=admin, email=f"{name}@example.com")
        for name in ("ann", "bo")
    )
    assert state_of_each(post("extend", {"filter": {"search": "ann"}})) == {str(found.pk): ("extended", "pending")}


def test_a_manager_of_a_unit_selects_only_its_invitations(post, invitation, workspace_invitation, unit_manager):
    answer = post("cancel", {"filter": {}}, who="unit_manager")

    assert [one["invitationId"] for one in answer.json()["data"]["invitations"]] == [str(workspace_invitation.pk)]
    invitation.refresh_from_db()
    assert invitation.status == "pending"


@pytest.mark.parametrize(("door", "most"), [("resend", 200), ("cancel", 1000), ("extend", 1000)])
def test_a_filter_that_matches_too_many_changes_nothing(post, organization, admin, door, most):
    rows = (InvitationFactory.build(organization=organization, inviter=admin) for _ in range(most + 1))
    Invitation.objects.bulk_create(rows)

    answer = said(post(door, {"filter": {"state": "pending"}}))

    message = f"The filter matches more than {most:,} invitations. Choose a narrower one."
    assert answer == refused(422, "too_many_selected", message, details={"limit": most})
    assert Invitation.objects.filter(generation=1).open().count() == most + 1
    assert not Event.objects.exists()


@every_door
def test_exactly_one_of_ids_and_filter_is_needed(post, invitation, door):
    bodies: list[dict[str, object]] = [{}, {"ids": [str(invitation.pk)], "filter": {}}]
    for body in bodies:
        answer = post(door, body)
        assert (answer.status_code, answer.json()["message"]) == (400, "Give either ids or filter.")


@every_door
def test_wrong_values_are_named(post, invitation, door):
    assert faults(post(door, {"ids": []})).keys() == {"ids"}
    assert faults(post(door, {"ids": ["x"]})).keys() == {"ids.0"}
    assert faults(post(door, {"ids": [ABSENT] * 1001})).keys() == {"ids"}
    assert faults(post(door, {"filter": "pending"})) == {"filter": ["An object with filters is expected."]}
    assert faults(post(door, {"filter": {"state": "open", "unit": 7, "page": "2"}})) == {
        "filter.state": [
            "Some of these are expected, separated by commas: pending, processing, accepted, declined, cancelled, "
            "expired, error."
        ],
        "filter.unit": ["A string is expected."],
        "filter.page": ["This filter is unknown."],
    }
    assert Invitation.objects.open().count() == 1


def test_cancelling_takes_no_lifetime(post, invitation):
    assert faults(post("cancel", {"ids": [str(invitation.pk)], "expiresInDays": 3})).keys() == {"expiresInDays"}


def test_a_repeated_request_with_the_same_key_sends_no_second_email(post, invitation):
    body = {"ids": [str(invitation.pk)]}
    first, second = (post("resend", body, HTTP_IDEMPOTENCY_KEY="one-resend").json() for _ in range(2))
    assert first == second
    assert Email.objects.count() == 1


@every_door
def test_members_without_the_permission_are_refused(post, invitation, member, door):
    bodies: list[dict[str, object]] = [{"ids": [str(invitation.pk)]}, {"filter": {}}]
    for body in bodies:
        assert post(door, body, who="member").status_code == 403
