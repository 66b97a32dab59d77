"""Test POST /organizations/{id}/invitations/{invitationId}/resend."""

from datetime import timedelta

import pytest
from django.utils import timezone

from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import (
    ADMIN_ROLE,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import InvitationFactory, MembershipFactory
from tests.invitations.api.house import (
    ENDS,
    NO_INVITATION,
    WAITS,
    caller,
    emailed_token,
    indistinguishable,
    invitation_in_state,
    mine,
    sent,
    sent_row,
    without_token,
)
from tests.orgs.api.house import ABSENT, ANONYMOUS, OUTSIDER, at, invalid, lacking, refused, said, success, too_wide
from tests.support.changes import event, track_changes
from tests.support.people import membership_of

MESSAGE = "Invitation resent successfully"
NEWER = refused(410, "newer_email_sent", "A newer email was sent: use the link in that one.")


def now(invitation):
    return Invitation.objects.get(pk=invitation.pk)


def test_another_email_is_queued_and_the_expiry_restarts(by, owner, organization, invitation):
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() + timedelta(hours=1))
    with track_changes() as changes:
        response = without_token(by("owner").post(sent(invitation, "resend")))

    row, email = now(invitation), Email.objects.get()
    assert said(response) == success(MESSAGE, sent_row(invitation))
    assert timedelta(days=9) < row.expires_at - timezone.now() <= timedelta(days=10)
    assert (row.generation, row.status) == (2, "pending")
    assert (email.recipient, email.kind, email.state, email.generation) == (
        "invitee@example.com",
        "invitation",
        "queued",
        2,
    )
    assert changes.tables == {"invitations.Invitation": (0, 1, 0), "invitations.Email": (1, 0, 0)}
    assert changes.events == [event("invitation.resent", invitation, caller(owner), organization, generation=2)]


def test_older_links_say_that_a_newer_email_was_sent(by, owner, invitation):
    older = emailed_token(invitation)

    by("owner").post(sent(invitation, "resend"))

    assert said(by("anonymous").post(mine("lookup"), {"token": older})) == NEWER
    assert by("anonymous").post(mine("lookup"), {"token": emailed_token(invitation)}).status_code == 200


def test_the_lifetime_can_be_given(by, owner, invitation):
    by("owner").post(sent(invitation, "resend"), {"expiresInDays": 3})

    assert timedelta(days=2) < now(invitation).expires_at - timezone.now() <= timedelta(days=3)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"expiresInDays": 31}, {"expiresInDays": ["Ensure this value is less than or equal to 30."]}),
        ({"email": "other@example.com"}, {"email": ["This field is unknown."]}),
        ({"role": "owner"}, {"role": ["This field is unknown."]}),
    ],
)
def test_unknown_fields_are_refused(by, owner, invitation, body, fields):
    with track_changes() as changes:
        assert said(by("owner").post(sent(invitation, "resend"), body)) == invalid(**fields)
    assert changes.nothing


# Invitations that are not open


@pytest.mark.parametrize("state", ["expired", "overdue", "error"])
def test_one_that_ended_unanswered_is_followed_by_one_with_the_same_offer(by, owner, organization, workspace, state):
    into = {"unit": workspace, "unit_role_id": UNIT_VIEWER_ROLE, "permissions": [LIST_PROJECTS]}
    ended = invitation_in_state(
        state, organization=organization, email="new@example.com", inviter=owner, role_id=VIEWER_ROLE, **into
    )

    answer = said(by("owner").post(sent(ended, "resend")))

    successor = Invitation.objects.open().get()
    assert answer == success(MESSAGE, sent_row(successor))
    assert successor.pk != ended.pk
    assert (now(ended).status, now(ended).superseded_by) == ("error" if state == "error" else "expired", successor)
    assert (successor.grant, successor.generation) == (ended.grant, 1)
    assert Email.objects.get().invitation == successor
    with track_changes() as changes:
        assert said(by("owner").post(sent(ended, "resend"))) == ENDS["superseded"]
    assert changes.nothing


@pytest.mark.parametrize("state", [state for state in ENDS if state not in ("expired", "overdue", "error")])
def test_an_ended_invitation_returns_its_state(by, organization, owner, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)

    with track_changes() as changes:
        assert said(by("owner").post(sent(invitation, "resend"))) == ENDS[state]
    assert changes.nothing


def test_an_acceptance_that_waits_for_a_seat_needs_no_email(by, organization, owner):
    invitation = invitation_in_state(
        "processing", organization=organization, email="invitee@example.com", inviter=owner
    )

    assert said(by("owner").post(sent(invitation, "resend"))) == WAITS


def test_an_expired_one_takes_a_seat_again(by, owner, organization):
    expired = InvitationFactory.create(organization=organization, email="new@example.com", inviter=owner, overdue=True)
    Organization.objects.filter(pk=organization.pk).update(seat_limit=3)

    answer = said(by("owner").post(sent(expired, "resend")))

    assert answer == refused(409, "no_seat_left", "This organization has no seat left.", details={"seatLimit": 3})
    assert not Email.objects.exists()


def test_an_expired_one_to_a_member_is_not_sent_again(by, owner, organization, invitee):
    expired = InvitationFactory.create(
        organization=organization, email="invitee@example.com", inviter=owner, expired=True
    )
    MembershipFactory.create(organization=organization, user=invitee)

    answer = said(by("owner").post(sent(expired, "resend")))

    assert answer == refused(409, "already_member", "This person is already a member.")


# The rights of the caller


def test_nobody_resends_administrative_permissions_that_they_lack(by, owner, manager, organization):
    invitation = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=owner, permissions=[MANAGE_BILLING]
    )
    expired = InvitationFactory.create(
        organization=organization, email="old@example.com", inviter=owner, overdue=True, permissions=[MANAGE_BILLING]
    )

    with track_changes() as changes:
        assert said(by("manager").post(sent(invitation, "resend"))) == too_wide(MANAGE_BILLING)
        assert said(by("manager").post(sent(expired, "resend"))) == too_wide(MANAGE_BILLING)
    assert changes.nothing


def test_the_caller_becomes_the_inviter_if_the_old_one_can_no_longer_grant_it(by, owner, admin, organization):
    invitation = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=admin, role_id=ADMIN_ROLE
    )
    membership_of(admin, organization).delete()

    data = by("owner").post(sent(invitation, "resend")).json()["data"]

    assert data["invitedBy"] == {"id": str(owner.pk), "name": owner.display_name}


def test_the_inviter_stays_while_they_can_grant_it(by, owner, admin, organization):
    invitation = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=admin, role_id=ADMIN_ROLE
    )

    data = by("owner").post(sent(invitation, "resend")).json()["data"]

    assert data["invitedBy"] == {"id": str(admin.pk), "name": admin.display_name}


def test_a_unit_manager_resends_what_leads_into_the_unit(by, organization, unit_manager, workspace, invitation):
    into = {"unit": workspace, "unit_role_id": UNIT_VIEWER_ROLE}
    theirs = InvitationFactory.create(organization=organization, email="new@example.com", inviter=unit_manager, **into)

    assert by("unit_manager").post(sent(theirs, "resend")).status_code == 200
    assert said(by("unit_manager").post(sent(invitation, "resend"))) == NO_INVITATION


# Access


def test_an_invitation_of_another_organization_is_like_none_at_all(by, organization, other_organization, stranger):
    foreign = InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger)

    answer = indistinguishable(
        lambda: by("owner").post(at(organization, "invitations", foreign.pk, "resend")),
        lambda: by("owner").post(at(organization, "invitations", ABSENT, "resend")),
    )

    assert answer == NO_INVITATION
    assert not Email.objects.exists()


def test_outsiders_members_and_nobody(by, organization, invitation, other_organization, invitee):
    path = sent(invitation, "resend")

    assert said(by("stranger").post(path)) == OUTSIDER
    assert said(by("invitee").post(path)) == OUTSIDER
    assert said(by("anonymous").post(path)) == ANONYMOUS
    answer = indistinguishable(
        lambda: by("member").post(path),
        lambda: by("member").post(at(organization, "invitations", ABSENT, "resend")),
    )
    assert answer == lacking(MANAGE_MEMBERS)
    assert not Email.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_emails_nothing(by, owner, invitation, method):
    with track_changes() as changes:
        assert getattr(by("owner"), method)(sent(invitation, "resend")).status_code == 405
    assert changes.nothing
