"""Test declining: by the invitee, or by anybody with the emailed link."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from accounts.principals import LINK_HOLDER, Method, Principal
from invitations.actions.answering import decline
from invitations.actions.inviting import resend
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.refusals import (
    AddressNotVerified,
    InvitationAccepted,
    InvitationCancelled,
    InvitationDeclined,
    InvitationExpired,
    InvitationNotFound,
    InvitationUndeliverable,
    InvitationWaits,
    NewerEmailSent,
    NotYours,
)
from invitations.tokens import Proof, Purpose
from orgs.models import Organization
from orgs.policies import PersonRequired
from tests.factories import EmailAddressFactory, InvitationFactory, MembershipFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db

ADDRESS = "invitee@example.com"


def say_no(by: User | Principal, invitation: Invitation, proof: Proof | None = None, reason: str = "") -> Invitation:
    by = by if isinstance(by, Principal) else session_of(by)
    return decline(by=by, invitation_id=invitation.pk, proof=proof, reason=reason)


def link(invitation: Invitation, purpose: Purpose = Purpose.EMAILED) -> Proof:
    return Proof(invitation.pk, invitation.generation, purpose)


@pytest.fixture
def invitation(organization: Organization, owner: User) -> Invitation:
    return InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner)


def test_it_ends_and_the_inviter_is_notified(organization: Organization, invitee: User, invitation: Invitation):
    with track_changes() as changes:
        answer = say_no(invitee, invitation, reason="No time.\nSorry!")
    assert changes.tables == {"invitations.Invitation": (0, 1, 0), "invitations.Email": (1, 0, 0)}
    assert changes.events == [event("invitation.declined", invitation, invitee, organization)]
    row = Invitation.objects.get()
    assert (row.status, row.decline_reason, row.answered_by_id) == ("declined", "No time.\nSorry!", invitee.pk)
    assert (answer.status, row.finished_at is None) == ("declined", False)
    assert list(Email.objects.values_list("kind", "recipient")) == [("answered", "owner@example.com")]


def test_the_emailed_link_alone_suffices(organization: Organization, invitation: Invitation):
    with track_changes() as changes:
        say_no(LINK_HOLDER, invitation, link(invitation))
    assert changes.events == [event("invitation.declined", invitation, LINK_HOLDER, organization)]
    row = Invitation.objects.get()
    assert (row.status, row.decline_reason, row.answered_by_id) == ("declined", "", None)


def test_the_listed_link_proves_no_mailbox(invitation: Invitation):
    with track_changes() as changes, pytest.raises(InvitationNotFound):
        say_no(LINK_HOLDER, invitation, link(invitation, Purpose.LISTED))
    assert changes.nothing


def test_without_a_link_or_an_account_it_is_refused(invitation: Invitation):
    with track_changes() as changes, pytest.raises(InvitationNotFound):
        say_no(LINK_HOLDER, invitation)
    assert changes.nothing


def test_an_account_with_another_address_spends_nothing_whatever_link_it_shows(stranger: User, invitation: Invitation):
    for proof, refusal in (
        (None, InvitationNotFound),
        (link(invitation), NotYours),
        (link(invitation, Purpose.LISTED), NotYours),
    ):
        with track_changes() as changes, pytest.raises(refusal):
            say_no(stranger, invitation, proof)
        assert changes.nothing
    EmailAddressFactory.create(user=stranger, email=ADDRESS, verified=False)
    with pytest.raises(AddressNotVerified):
        say_no(stranger, invitation, link(invitation))


def test_system_users_and_staff_cannot_decline(
    organization: Organization, invitee: User, invitation: Invitation, by_staff: Principal
):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True).user
    for by in (
        Principal(user=invitee, method=Method.API_KEY),
        Principal(user=system_user, method=Method.OAUTH2),
        by_staff,
    ):
        for proof in (None, link(invitation)):
            with track_changes() as changes, pytest.raises(PersonRequired):
                say_no(by, invitation, proof)
            assert changes.nothing


def test_an_older_link_says_that_a_newer_email_was_sent(
    organization: Organization, owner: User, invitation: Invitation
):
    resend(by=session_of(owner), organization_id=organization.pk, invitation_id=invitation.pk)
    with track_changes() as changes, pytest.raises(NewerEmailSent):
        say_no(LINK_HOLDER, invitation, link(invitation))
    assert changes.nothing


def test_a_member_may_decline_and_stays_one(organization: Organization, invitee: User, invitation: Invitation):
    MembershipFactory.create(organization=organization, user=invitee)
    assert say_no(invitee, invitation).status == "declined"
    assert membership_of(invitee, organization)


def test_the_inviters_rights_do_not_matter(organization: Organization, admin: User, invitee: User):
    invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=admin)
    membership_of(admin, organization).delete()
    assert say_no(invitee, invitation).status == "declined"


def test_a_deleted_inviter_is_not_notified(organization: Organization, admin: User, invitee: User):
    invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=admin)
    User.objects.filter(pk=admin.pk).update(is_active=False)
    with track_changes() as changes:
        say_no(invitee, invitation)
    assert changes.tables == {"invitations.Invitation": (0, 1, 0)}


@pytest.mark.parametrize("reason", ["x" * 501, "\x00", "a\u202eb", "\ud800"])
def test_a_reason_is_short_and_visible(invitee: User, invitation: Invitation, reason: str):
    with track_changes() as changes, pytest.raises(ValidationError) as refusal:
        say_no(invitee, invitation, reason=reason)
    assert list(refusal.value.message_dict) == ["decline_reason"]
    assert changes.nothing


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"accepted": True}, InvitationAccepted),
        ({"declined": True}, InvitationDeclined),
        ({"cancelled": True}, InvitationCancelled),
        ({"expired": True}, InvitationExpired),
        ({"undeliverable": True}, InvitationUndeliverable),
        ({"status": "processing"}, InvitationWaits),
        ({"overdue": True}, InvitationExpired),
    ],
)
def test_an_invitation_that_is_not_open_returns_its_state(
    organization: Organization, owner: User, invitee: User, values: dict, refusal: type, signed_in: bool
):
    invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, **values)
    with track_changes() as changes, pytest.raises(refusal):
        say_no(invitee if signed_in else LINK_HOLDER, invitation, link(invitation))
    assert changes.nothing


def test_one_to_an_archived_organization_is_unknown(invitee: User, invitation: Invitation):
    Organization.objects.update(deleted_at=timezone.now())
    for by in (session_of(invitee), LINK_HOLDER):
        with track_changes() as changes, pytest.raises(InvitationNotFound):
            say_no(by, invitation, link(invitation))
        assert changes.nothing
