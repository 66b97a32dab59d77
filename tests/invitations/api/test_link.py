"""Test POST /organizations/{id}/invitations/{invitationId}/link."""

import pytest

from accounts.principals import staff
from invitations.actions.links import copy_link
from invitations.tokens import Purpose, read_token
from orgs.actions.account_rights import OwnAccount
from orgs.models import Membership
from orgs.permissions import ADMIN_ROLE, MANAGE_BILLING
from tests.factories import InvitationFactory
from tests.invitations.api.house import (
    ENDS,
    NO_INVITATION,
    caller,
    invitation_in_state,
    sent,
)
from tests.orgs.api.house import ABSENT, at, said, success
from tests.support.changes import event, track_changes


def link_in(response):
    return response.json()["data"]["link"]


def test_a_manager_gets_a_link_that_proves_no_mailbox(by, owner, organization, invitation, settings):
    with track_changes() as changes:
        response = by("owner").post(sent(invitation, "link"))

    link = link_in(response)
    assert said(response) == success("Link copied successfully", {"link": link})
    assert response["Cache-Control"] == "no-store"
    address, token = link.rsplit("/", 1)
    assert address == f"{settings.PUBLIC_BASE_URL}/i"
    proof = read_token(token)
    assert proof is not None
    assert (proof.invitation_id, proof.generation, proof.purpose) == (invitation.pk, 1, Purpose.LISTED)
    assert changes.tables == {}
    assert changes.events == [event("invitation.link_copied", invitation, caller(owner), organization, generation=1)]


def test_the_event_contains_no_link(by, invitation, organization):
    by("owner").post(sent(invitation, "link"))

    assert "/i/" not in by("owner").get(at(organization, "events")).content.decode()


@pytest.mark.parametrize("state", sorted(ENDS))
def test_an_invitation_that_ended_has_no_link(by, owner, organization, state):
    ended = invitation_in_state(state, organization=organization, email="ended@example.com", inviter=owner)

    with track_changes() as changes:
        assert said(by("owner").post(sent(ended, "link"))) == ENDS[state]
    assert changes.nothing


def test_nobody_gets_the_link_of_an_invitation_that_offers_more_administration(by, owner, organization):
    admins = InvitationFactory.create(
        organization=organization, email="boss@example.com", inviter=owner, role_id=ADMIN_ROLE
    )

    assert by("manager").post(sent(admins, "link")).status_code == 403


def test_an_api_key_without_the_permission_gets_none(by, invitation):
    assert by("owner", permissions=frozenset({MANAGE_BILLING})).post(sent(invitation, "link")).status_code == 403


def test_there_is_no_link_that_nobody_could_use_because_the_inviter_has_left(by, owner, admin, organization):
    orphan = InvitationFactory.create(organization=organization, email="new@example.com", inviter=admin)
    Membership.objects.get(user=admin).delete()
    explained = by("owner").get(sent(orphan, "explain")).json()["data"]

    with track_changes() as changes:
        refused = by("owner").post(sent(orphan, "link"))

    assert changes.nothing
    assert explained["reason"]["code"] == "inviter_left"
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "inviter_cannot_grant")
    assert refused.json()["message"] == (
        "The person who sent this invitation can no longer offer what it offers. Send it again to offer it yourself."
    )
    by("owner").post(sent(orphan, "resend"))
    assert by("owner").post(sent(orphan, "link")).status_code == 200


@pytest.mark.parametrize("name", ["member", "stranger"])
def test_others_get_none(by, invitation, name, stranger):
    with track_changes() as changes:
        assert by(name).post(sent(invitation, "link")).status_code == (403 if name == "member" else 404)
    assert changes.nothing


def test_invitations_of_others_are_like_those_that_do_not_exist(by, organization, other_organization, stranger):
    foreign = InvitationFactory.create(organization=other_organization, email="foreign@example.com", inviter=stranger)
    answers = [said(by("owner").post(at(organization, "invitations", key, "link"))) for key in (foreign.pk, ABSENT)]
    assert answers == [NO_INVITATION, NO_INVITATION]


def test_staff_do_not_copy_the_link_of_their_own_invitation(organization, owner, staff_member):
    own = InvitationFactory.create(organization=organization, email=staff_member.email, inviter=owner)
    by_staff = staff(staff_member, "invitations.change_invitation")

    with track_changes() as changes, pytest.raises(OwnAccount):
        copy_link(by=by_staff, organization_id=organization.pk, invitation_id=own.pk)
    assert changes.nothing
