"""Test asking the inviter for a new invitation after the old one has expired."""

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import LINK_HOLDER
from invitations.actions.answering import ask_again
from invitations.actions.inviting import resend
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.refusals import (
    AlreadyInvited,
    InvitationAccepted,
    InvitationCancelled,
    InvitationDeclined,
    InvitationNotFound,
    InvitationSuperseded,
    InvitationUndeliverable,
    InvitationWaits,
)
from invitations.tokens import Proof, Purpose
from orgs.models import Organization
from tests.factories import InvitationFactory
from tests.support.changes import event, track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

ADDRESS = "invitee@example.com"


def link(invitation: Invitation, generation: int = 1) -> Proof:
    return Proof(invitation.pk, generation, Purpose.EMAILED)


@pytest.fixture(params=["marked", "not marked yet"])
def expired(request: pytest.FixtureRequest, organization: Organization, owner: User) -> Invitation:
    marked = {"expired": True} if request.param == "marked" else {}
    return InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, overdue=True, **marked)


def test_the_inviter_gets_an_email(organization: Organization, expired: Invitation):
    with track_changes() as changes:
        ask_again(by=LINK_HOLDER, invitation_id=expired.pk, proof=link(expired))
    assert changes.tables == {"invitations.Email": (1, 0, 0)}
    assert changes.events == [event("invitation.asked_again", expired, LINK_HOLDER, organization)]
    assert list(Email.objects.values_list("kind", "recipient")) == [("ask_again", "owner@example.com")]


def test_asking_twice_asks_once(expired: Invitation):
    ask_again(by=LINK_HOLDER, invitation_id=expired.pk, proof=link(expired))
    with track_changes() as changes:
        ask_again(by=LINK_HOLDER, invitation_id=expired.pk, proof=link(expired))
    assert changes.nothing


def test_asking_twice_asks_once_also_where_nobody_can_be_emailed(owner: User, expired: Invitation):
    User.objects.filter(pk=owner.pk).update(is_active=False)
    with track_changes() as first:
        ask_again(by=LINK_HOLDER, invitation_id=expired.pk, proof=link(expired))
    with track_changes() as second:
        ask_again(by=LINK_HOLDER, invitation_id=expired.pk, proof=link(expired))
    assert (first.tables, [event.kind for event in first.events]) == ({}, ["invitation.asked_again"])
    assert second.nothing


def test_the_link_of_an_older_email_will_do(expired: Invitation):
    Invitation.objects.update(generation=3)
    ask_again(by=LINK_HOLDER, invitation_id=expired.pk, proof=link(expired, generation=1))
    assert Email.objects.get().kind == "ask_again"


def test_so_will_a_proven_address(organization: Organization, invitee: User, expired: Invitation):
    with track_changes() as changes:
        ask_again(by=session_of(invitee), invitation_id=expired.pk)
    assert changes.events == [event("invitation.asked_again", expired, invitee, organization)]


def test_nothing_else_will(organization: Organization, stranger: User, owner: User, expired: Invitation):
    other = InvitationFactory.create(organization=organization, email="other@example.com", inviter=owner, overdue=True)
    for by, proof in ((session_of(stranger), None), (LINK_HOLDER, None), (LINK_HOLDER, link(other))):
        with track_changes() as changes, pytest.raises(InvitationNotFound):
            ask_again(by=by, invitation_id=expired.pk, proof=proof)
        assert changes.nothing


def test_one_that_was_followed_by_a_newer_says_so(organization: Organization, owner: User, expired: Invitation):
    resend(by=session_of(owner), organization_id=organization.pk, invitation_id=expired.pk)
    with track_changes() as changes, pytest.raises(InvitationSuperseded):
        ask_again(by=LINK_HOLDER, invitation_id=expired.pk, proof=link(expired))
    assert changes.nothing


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("pending", AlreadyInvited),
        ("processing", InvitationWaits),
        ("accepted", InvitationAccepted),
        ("declined", InvitationDeclined),
        ("cancelled", InvitationCancelled),
        ("error", InvitationUndeliverable),
    ],
)
def test_only_an_expired_one_can_be_asked_for(organization: Organization, owner: User, status: str, refusal: type):
    invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, status=status)
    with track_changes() as changes, pytest.raises(refusal):
        ask_again(by=LINK_HOLDER, invitation_id=invitation.pk, proof=link(invitation))
    assert changes.nothing


def test_one_of_an_archived_organization_is_unknown(organization: Organization, expired: Invitation):
    Organization.objects.update(deleted_at=timezone.now())
    with track_changes() as changes, pytest.raises(InvitationNotFound):
        ask_again(by=LINK_HOLDER, invitation_id=expired.pk, proof=link(expired))
    assert changes.nothing
