"""Purging an account erases the person's names and addresses from all tables. Events keep the user id."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import User
from accounts.principals import SERVICE, Method, Principal
from core.addresses import normalize_address
from events.models import Event
from invitations.actions.inviting import invite
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.models import Invitation
from orgs.actions.account_rights import AccountNotYours
from orgs.actions.accounts import delete_account, purge_account
from orgs.actions.members import LastOwner
from orgs.actions.organizations import create_organization
from orgs.locks import AccountEnded
from orgs.models import Organization
from orgs.permissions import LIST_PROJECTS
from tests.factories import (
    AttemptFactory,
    EmailAddressFactory,
    ExternalIdentityFactory,
    IdempotentResponseFactory,
    InvitationFactory,
    MembershipFactory,
    UserFactory,
)
from tests.support.changes import all_rows, event, track_changes
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db


def test_the_account_goes_and_its_events_stay(organization: Organization, member: User):
    membership, key = membership_of(member, organization), member.pk
    ExternalIdentityFactory.create(user=member, issuer="https://issuer.example", subject="1")
    with track_changes() as changes:
        purge_account(by=session_of(member), user=member)
    assert changes.tables == {
        "accounts.User": (0, 0, 1),
        "accounts.ExternalIdentity": (0, 0, 1),
        "account.EmailAddress": (0, 0, 1),
        "orgs.Membership": (0, 0, 1),
        "orgs.RoleAssignment": (0, 0, 1),
    }
    by = Principal(user=User(pk=key), method=Method.SESSION)
    assert changes.events == [
        event("membership.left", membership, by, organization, user_id=key),
        event("user.deleted", User(pk=key), by),
        event("user.purged", User(pk=key), by),
    ]
    assert Event.objects.filter(actor_id=key).count() == 3


def test_an_account_deleted_before_is_only_erased(member: User, by_staff: Principal):
    delete_account(by=by_staff, user=member)
    with track_changes() as changes:
        purge_account(by=by_staff, user=member)
    assert changes.tables == {"accounts.User": (0, 0, 1), "account.EmailAddress": (0, 0, 1)}
    assert [told.kind for told in changes.events] == ["user.purged"]


def test_no_table_contains_the_persons_names_or_addresses(
    organization: Organization, other_organization: Organization, owner: User, stranger: User, admin: User
):
    User.objects.filter(pk=admin.pk).update(first_name="Nadezhda", last_name="Mandelstam")
    admin.refresh_from_db()
    EmailAddressFactory.create(user=admin, email="nadezhda@elsewhere.test")
    EmailAddressFactory.create(user=admin, email="unproven@elsewhere.test", verified=False)
    finished = timezone.now()
    InvitationFactory.create(organization=other_organization, email="admin@example.com", inviter=stranger, overdue=True)
    InvitationFactory.create(organization=other_organization, email="nadezhda@elsewhere.test", inviter=stranger)
    InvitationFactory.create(
        organization=organization, email="unproven@elsewhere.test", inviter=owner, expired=True, finished_at=finished
    )
    declined = InvitationFactory.create(
        organization=organization,
        email="former@elsewhere.test",
        inviter=owner,
        declined=True,
        finished_at=finished,
        answered_by=admin,
        decline_reason="Nadezhda does not want to",
        invitee_name="Nadezhda Mandelstam",
        message="Dear Nadezhda",
        metadata={"name": "Mandelstam"},
    )
    sent = InvitationFactory.create(
        organization=organization, email="somebody@example.com", inviter=admin, message="Yours, Nadezhda"
    )
    for invitation, kind in ((declined, Email.Kind.INVITATION), (sent, Email.Kind.ANSWERED)):
        email = queue_email(invitation, kind)
        Email.objects.update(response="550 <admin@example.com> Nadezhda is unknown here")
        assert email is not None
        AttemptFactory.create(email=email, state="failed", response="550 <former@elsewhere.test> who?")
    to_somebody = queue_email(sent, Email.Kind.INVITATION)
    IdempotentResponseFactory.create(user=stranger, operation="x", key="k", response='{"email": "admin@example.com"}')
    purge_account(by=session_of(admin), user=admin)
    stored = str(all_rows())
    traces = ("Nadezhda", "Mandelstam", "admin@", "nadezhda@", "unproven@", "former@")
    assert [trace for trace in traces if trace in stored] == []
    assert Email.objects.filter(state="queued").get() == to_somebody


def test_open_invitations_to_the_person_are_withdrawn_with_an_event_each(
    organization: Organization, other_organization: Organization, owner: User, stranger: User, invitee: User
):
    opened = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    overdue = InvitationFactory.create(
        organization=other_organization, email="invitee@example.com", inviter=stranger, overdue=True
    )
    Organization.objects.filter(pk=other_organization.pk).update(seat_limit=1)
    with track_changes() as changes:
        purge_account(by=session_of(invitee), user=User.objects.get(pk=invitee.pk))
    by = session_of(invitee)
    assert changes.events == [
        event("user.deleted", invitee, by),
        event("invitation.expired", overdue, None, other_organization),
        event("invitation.cancelled", opened, by, organization),
        event("user.purged", invitee, by),
    ]
    rows = {row.pk: row for row in Invitation.objects.all()}
    assert (rows[opened.pk].status, rows[overdue.pk].status) == ("cancelled", "expired")
    assert {row.email for row in rows.values()} == {f"erased-{key.hex}@erased.invalid" for key in rows}


def test_a_waiting_acceptance_is_withdrawn(organization: Organization, owner: User, invitee: User):
    Organization.objects.update(seat_limit=3)
    waiting = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True)
    purge_account(by=session_of(invitee), user=invitee)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.answered_by_id) == ("cancelled", None)
    assert waiting.finished_at is not None


def test_unsent_email_to_the_person_is_not_sent_any_more(organization: Organization, owner: User, invitee: User):
    invite(by=session_of(owner), organization_id=organization.pk, email=normalize_address("invitee@example.com"))
    purge_account(by=session_of(invitee), user=invitee)
    email = Email.objects.get()
    assert (email.state, email.due_at, email.recipient) == ("dropped", None, f"erased-{email.pk.hex}@erased.invalid")


def test_invitations_they_sent_stay_open_with_the_inviters_id_only(organization: Organization, admin: User):
    key = admin.pk
    invite(by=session_of(admin), organization_id=organization.pk, email=normalize_address("somebody@example.com"))
    assert Invitation.objects.get().inviter_name == "Admin Cast"
    purge_account(by=session_of(admin), user=admin)
    sent = Invitation.objects.open().get()
    assert (sent.inviter_id, sent.inviter_user_id, sent.inviter_name) == (None, key, "")


def test_the_address_can_register_again_as_a_new_account(organization: Organization, owner: User, member: User):
    former = member.pk
    purge_account(by=session_of(member), user=member)
    again = UserFactory.create(email="member@example.com")
    assert again.pk != former
    assert not again.memberships.exists()
    invite(by=session_of(owner), organization_id=organization.pk, email=normalize_address("member@example.com"))
    assert Invitation.objects.addressed_to(again).open().count() == 1


def test_a_last_owner_cannot_be_erased(organization: Organization, other_organization: Organization, owner: User):
    MembershipFactory.create(organization=other_organization, user=owner)
    with track_changes() as changes, pytest.raises(LastOwner):
        purge_account(by=session_of(owner), user=owner)
    assert changes.nothing


def test_an_erased_account_is_not_erased_again(member: User, by_staff: Principal):
    stale = User.objects.get(pk=member.pk)
    purge_account(by=by_staff, user=member)
    with track_changes() as changes, pytest.raises(AccountEnded):
        purge_account(by=by_staff, user=stale)
    assert changes.nothing


def test_other_callers_and_limited_credentials_are_refused(member: User, owner: User, organization: Organization):
    for by in (
        session_of(owner),
        Principal(user=member, method=Method.API_KEY),
        Principal(user=member, method=Method.OAUTH2, permissions=frozenset({LIST_PROJECTS})),
        SERVICE,
    ):
        with track_changes() as changes, pytest.raises(AccountNotYours):
            purge_account(by=by, user=member)
        assert changes.nothing


def test_staff_can_erase_a_system_user(organization: Organization, by_staff: Principal):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True).user
    purge_account(by=by_staff, user=system_user)
    assert not User.objects.filter(first_name="Robot").exists()


def test_an_address_that_now_belongs_to_another_user_is_kept(
    organization: Organization, owner: User, member: User, invitee: User
):
    """The member accepted or declined an invitation to an address that now belongs to the invitee."""
    finished = timezone.now() - timedelta(days=1)
    InvitationFactory.create(
        organization=organization,
        email="invitee@example.com",
        inviter=owner,
        declined=True,
        finished_at=finished,
        answered_by=member,
    )
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    purge_account(by=session_of(member), user=member)
    assert list(Invitation.objects.open()) == [invitation]
    assert not Invitation.objects.filter(answered_by__isnull=False).exists()
    assert Invitation.objects.filter(email="invitee@example.com").count() == 1
    assert EmailAddress.objects.filter(email="invitee@example.com").exists()


def test_a_new_account_can_register_an_organization_after_erasure(owner: User):
    organization = create_organization(by=session_of(owner), name="Riverside", slug="riverside")
    organization.delete()
    purge_account(by=session_of(owner), user=owner)
    assert not User.objects.exists()
