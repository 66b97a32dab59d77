"""Test POST /organizations/{id}/invitations/{invitationId}/correct-address."""

from datetime import timedelta

import pytest
from django.utils import timezone

from invitations.email.models import Email
from invitations.models import Invitation
from orgs.permissions import (
    ADMIN_ROLE,
    CREATE_PROJECTS,
    EDITOR_ROLE,
    MANAGE_MEMBERS,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import InvitationFactory
from tests.invitations.api.house import (
    ENDS,
    NO_INVITATION,
    WAITS,
    already_invited,
    caller,
    indistinguishable,
    invitation_in_state,
    sent,
    sent_row,
    without_token,
)
from tests.orgs.api.house import ABSENT, ANONYMOUS, OUTSIDER, at, invalid, lacking, refused, said, success, too_wide
from tests.support.changes import event, track_changes

MESSAGE = "Address corrected successfully"
RIGHT = {"email": "right@example.com"}


@pytest.mark.parametrize("state", ["pending", "error"])
def test_the_answer_is_the_new_invitation_with_the_same_offer(by, owner, organization, state):
    former = invitation_in_state(
        state, organization=organization, email="wrong@example.com", inviter=owner, role_id=VIEWER_ROLE
    )
    with track_changes() as changes:
        response = without_token(by("owner").post(sent(former, "correct-address"), RIGHT))

    newer = Invitation.objects.open().get()
    assert said(response) == success(MESSAGE, sent_row(newer), status=201)
    assert (newer.email, newer.grant) == ("right@example.com", former.grant)
    former.refresh_from_db()
    assert (former.status, former.superseded_by) == ("cancelled" if state == "pending" else "error", newer)
    assert changes.tables == {"invitations.Invitation": (1, 1, 0), "invitations.Email": (1, 0, 0)}
    corrected = event("invitation.address_corrected", former, caller(owner), organization, superseded_by=newer.pk)
    assert [event.kind for event in changes.events] == ["invitation.created", "invitation.address_corrected"]
    assert changes.events[-1] == corrected


def test_the_lifetime_can_be_given(by, invitation):
    by("owner").post(sent(invitation, "correct-address"), {**RIGHT, "expiresInDays": 3})

    expires_at = Invitation.objects.open().get().expires_at
    assert timedelta(days=2) < expires_at - timezone.now() <= timedelta(days=3)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"email": ["This field is required."]}),
        ({"email": "right"}, {"email": ["Enter a valid email address."]}),
        ({**RIGHT, "expiresInDays": 31}, {"expiresInDays": ["Ensure this value is less than or equal to 30."]}),
        ({**RIGHT, "role": "owner"}, {"role": ["This field is unknown."]}),
        ({**RIGHT, "force": True}, {"force": ["This field is unknown."]}),
    ],
)
def test_unknown_fields_are_refused(by, invitation, body, fields):
    with track_changes() as changes:
        assert said(by("owner").post(sent(invitation, "correct-address"), body)) == invalid(**fields)
    assert changes.nothing


def test_the_same_address_is_no_correction(by, invitation):
    message = "The invitation is to this address already."

    answer = said(by("owner").post(sent(invitation, "correct-address"), {"email": "Invitee@Example.com"}))

    assert answer == refused(400, "same_address", message, fields={"email": [message]})


def test_an_open_one_to_the_right_address_stands_in_the_way(by, organization, owner, invitation):
    there = InvitationFactory.create(organization=organization, email="right@example.com", inviter=owner)

    assert said(by("owner").post(sent(invitation, "correct-address"), RIGHT)) == already_invited(there)


def test_a_member_is_not_invited(by, member, invitation):
    answer = said(by("owner").post(sent(invitation, "correct-address"), {"email": "member@example.com"}))

    assert answer == refused(409, "already_member", "This person is already a member.")


@pytest.mark.parametrize("state", [state for state in ENDS if state != "error"])
def test_an_ended_invitation_returns_its_state(by, organization, owner, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)

    with track_changes() as changes:
        assert said(by("owner").post(sent(invitation, "correct-address"), RIGHT)) == ENDS[state]
    assert changes.nothing


def test_an_acceptance_that_waits_for_a_seat_came_from_the_right_address(by, organization, owner):
    invitation = invitation_in_state(
        "processing", organization=organization, email="invitee@example.com", inviter=owner
    )

    assert said(by("owner").post(sent(invitation, "correct-address"), RIGHT)) == WAITS


def test_nobody_corrects_what_they_could_not_offer(by, owner, manager, organization):
    open_one = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=owner, role_id=EDITOR_ROLE
    )
    bounced = InvitationFactory.create(
        organization=organization, email="old@example.com", inviter=owner, undeliverable=True, role_id=EDITOR_ROLE
    )

    with track_changes() as changes:
        for invitation in (open_one, bounced):
            answer = said(by("manager").post(sent(invitation, "correct-address"), RIGHT))
            assert answer == too_wide(CREATE_PROJECTS)
    assert changes.nothing


def test_a_unit_manager_corrects_what_leads_into_the_unit(by, organization, unit_manager, workspace, invitation):
    into = {"unit": workspace, "unit_role_id": UNIT_VIEWER_ROLE}
    theirs = InvitationFactory.create(organization=organization, email="new@example.com", inviter=unit_manager, **into)

    assert by("unit_manager").post(sent(theirs, "correct-address"), RIGHT).status_code == 201
    assert said(by("unit_manager").post(sent(invitation, "correct-address"), RIGHT)) == NO_INVITATION


def test_the_caller_becomes_the_inviter_of_the_new_one(by, owner, admin, organization):
    invitation = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=admin, role_id=ADMIN_ROLE
    )

    data = by("owner").post(sent(invitation, "correct-address"), RIGHT).json()["data"]

    assert data["invitedBy"] == {"id": str(owner.pk), "name": owner.display_name}


def test_an_invitation_of_another_organization_is_like_none_at_all(by, organization, other_organization, stranger):
    foreign = InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger)

    answer = indistinguishable(
        lambda: by("owner").post(at(organization, "invitations", foreign.pk, "correct-address"), RIGHT),
        lambda: by("owner").post(at(organization, "invitations", ABSENT, "correct-address"), RIGHT),
    )

    assert answer == NO_INVITATION
    assert not Email.objects.exists()


def test_outsiders_members_and_nobody(by, organization, invitation, other_organization, invitee):
    path = sent(invitation, "correct-address")

    assert said(by("stranger").post(path, RIGHT)) == OUTSIDER
    assert said(by("invitee").post(path, RIGHT)) == OUTSIDER
    assert said(by("anonymous").post(path, RIGHT)) == ANONYMOUS
    answer = indistinguishable(
        lambda: by("member").post(path, RIGHT),
        lambda: by("member").post(at(organization, "invitations", ABSENT, "correct-address"), RIGHT),
    )
    assert answer == lacking(MANAGE_MEMBERS)
    assert not Email.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_corrects_nothing(by, owner, invitation, method):
    with track_changes() as changes:
        assert getattr(by("owner"), method)(sent(invitation, "correct-address")).status_code == 405
    assert changes.nothing
