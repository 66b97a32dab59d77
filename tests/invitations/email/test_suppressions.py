"""Test unsubscribing: who can unsubscribe, what is stored, and how a suppression is removed."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from pytest_django import Settings

from accounts.models import User
from accounts.principals import LINK_HOLDER, Method, Principal
from core.addresses import normalize_address
from events.models import Event
from invitations.actions.answering import accept, decline
from invitations.actions.inviting import invite
from invitations.email.address_hashes import Suppression, SuppressionScope, suppression_digests
from invitations.email.suppressions import SuppressionNotFound, remove_suppression, suppressions_of, unsubscribe
from invitations.models import Invitation
from invitations.refusals import InvitationNotFound
from invitations.tokens import Proof, Purpose
from orgs.actions.accounts import purge_account
from orgs.actions.organizations import archive_organization, purge_organization
from orgs.models import Organization
from orgs.policies import PersonRequired
from tests.factories import EmailAddressFactory, InvitationFactory, UserFactory
from tests.support.changes import all_rows, event, track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

ADDRESS = "invitee@example.com"
HERE, ALL = SuppressionScope.ORGANIZATION, SuppressionScope.ALL


@pytest.fixture
def invitation(organization: Organization, owner: User) -> Invitation:
    return InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner)


def link(invitation: Invitation, generation: int = 1, purpose: Purpose = Purpose.UNSUBSCRIBE) -> Proof:
    return Proof(invitation.pk, generation, purpose)


def suppress(
    invitation: Invitation, scope: SuppressionScope = HERE, by: Principal = LINK_HOLDER, **values: Any
) -> None:
    values.setdefault("proof", link(invitation) if by == LINK_HOLDER else None)
    unsubscribe(by=by, invitation_id=invitation.pk, scope=scope, **values)


def is_suppressed(organization: Organization, address: str = ADDRESS) -> bool:
    return Suppression.objects.concerning(address, organization).exists()


class TestUnsubscribing:
    @pytest.mark.parametrize("scope", SuppressionScope)
    def test_a_suppression_is_a_hash_and_an_event_that_no_organization_sees(
        self, invitation: Invitation, scope: SuppressionScope
    ):
        with track_changes() as changes:
            suppress(invitation, scope)
        suppression = Suppression.objects.get()
        assert changes.tables == {"invitations.Suppression": (1, 0, 0)}
        assert changes.events == [event("suppression.created", suppression, LINK_HOLDER, None, scope=str(scope))]
        assert suppression.scope == scope
        assert Event.objects.of_organization(invitation.organization_id).count() == 0

    def test_the_scope_is_one_organization_or_all(
        self, invitation: Invitation, other_organization: Organization, organization: Organization
    ):
        suppress(invitation, HERE)
        assert (is_suppressed(organization), is_suppressed(other_organization)) == (True, False)
        suppress(invitation, ALL)
        assert (is_suppressed(organization), is_suppressed(other_organization)) == (True, True)
        assert not is_suppressed(organization, "second@example.com")

    def test_unsubscribing_twice_changes_nothing(self, invitation: Invitation):
        suppress(invitation)
        with track_changes() as changes:
            suppress(invitation)
        assert changes.nothing

    def test_no_address_is_stored(self, invitation: Invitation):
        suppress(invitation, ALL)
        rows = {label: rows for label, rows in all_rows().items() if label == "invitations.Suppression"}
        assert "example" not in str(rows)
        assert str(invitation.pk) not in str(rows)

    @pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.EMAILED])
    @pytest.mark.parametrize("generation", [1, 2, 3])
    def test_the_link_of_any_email_suffices(self, invitation: Invitation, purpose: Purpose, generation: int):
        Invitation.objects.update(generation=2)
        suppress(invitation, proof=link(invitation, generation, purpose))
        assert Suppression.objects.exists()

    @pytest.mark.parametrize("status", ["accepted", "declined", "cancelled", "expired", "error"])
    def test_the_state_of_the_invitation_does_not_matter(self, invitation: Invitation, status: str):
        Invitation.objects.update(status=status, finished_at=invitation.created_at)
        suppress(invitation)
        assert Suppression.objects.exists()

    def test_an_archived_organization_can_be_unsubscribed_from(self, invitation: Invitation, owner: User):
        archive_organization(by=session_of(owner), organization_id=invitation.organization_id)
        suppress(invitation)
        assert Suppression.objects.exists()

    def test_the_listed_link_proves_no_mailbox(self, invitation: Invitation):
        with track_changes() as changes, pytest.raises(InvitationNotFound):
            suppress(invitation, proof=link(invitation, purpose=Purpose.LISTED))
        assert changes.nothing

    def test_the_link_of_another_invitation_is_no_proof(
        self, invitation: Invitation, other_organization: Organization, stranger: User
    ):
        other = InvitationFactory.create(organization=other_organization, email="second@example.com", inviter=stranger)
        with track_changes() as changes, pytest.raises(InvitationNotFound):
            suppress(invitation, proof=link(other))
        assert changes.nothing

    def test_a_verified_address_needs_no_link(self, invitation: Invitation, invitee: User):
        suppress(invitation, by=session_of(invitee))
        assert Suppression.objects.exists()

    def test_nobody_unsubscribes_others(self, invitation: Invitation, stranger: User, owner: User):
        EmailAddressFactory.create(user=stranger, email=ADDRESS, verified=False)
        for by in (stranger, owner):
            with track_changes() as changes, pytest.raises(InvitationNotFound):
                suppress(invitation, by=session_of(by))
            assert changes.nothing

    def test_a_new_key_finds_suppressions_under_an_old_one(self, invitation: Invitation, settings: Settings):
        suppress(invitation)
        settings.ADDRESS_KEYS = ["new", *settings.ADDRESS_KEYS]
        assert is_suppressed(invitation.organization)
        with track_changes() as changes:
            suppress(invitation)
        assert changes.nothing

    def test_suppressions_under_a_removed_key_have_no_effect(self, invitation: Invitation, settings: Settings):
        suppress(invitation)
        settings.ADDRESS_KEYS = ["new"]
        assert not is_suppressed(invitation.organization)

    def test_hashes_differ_by_organization_scope_and_address(
        self, organization: Organization, other_organization: Organization
    ):
        digests = [
            suppression_digests(ADDRESS, organization),
            suppression_digests(ADDRESS, other_organization),
            suppression_digests(ADDRESS, None),
            suppression_digests("second@example.com", None),
        ]
        assert len({str(found) for found in digests}) == len(digests)

    def test_the_organization_argument_is_required(self):
        with pytest.raises(TypeError, match="organization"):
            suppression_digests(ADDRESS)  # type: ignore[call-arg]


class TestDeclining:
    @pytest.mark.parametrize("scope", SuppressionScope)
    def test_declining_and_unsubscribing_is_one_step(
        self, invitation: Invitation, invitee: User, scope: SuppressionScope
    ):
        with track_changes() as changes:
            decline(by=session_of(invitee), invitation_id=invitation.pk, unsubscribe_from=scope)
        assert [recorded.kind for recorded in changes.events] == ["invitation.declined", "suppression.created"]
        assert changes.events[1].organization is None
        assert Suppression.objects.get().scope == scope

    def test_declining_alone_unsubscribes_from_nothing(self, invitation: Invitation, invitee: User):
        decline(by=session_of(invitee), invitation_id=invitation.pk)
        assert not Suppression.objects.exists()


class TestInviting:
    def test_an_unsubscribed_person_can_be_invited_and_accept(
        self, invitation: Invitation, organization: Organization, owner: User, invitee: User
    ):
        decline(by=session_of(invitee), invitation_id=invitation.pk, unsubscribe_from=ALL)
        with track_changes() as suppressed:
            again = invite(by=session_of(owner), organization_id=organization.pk, email=normalize_address(ADDRESS))
        with track_changes() as subscribed:
            invite(by=session_of(owner), organization_id=organization.pk, email=normalize_address("second@example.com"))
        assert suppressed.tables == subscribed.tables
        assert [recorded.kind for recorded in suppressed.events] == [recorded.kind for recorded in subscribed.events]
        assert accept(by=session_of(invitee), invitation_id=again.pk).membership is not None


class TestRemoving:
    def test_a_person_sees_the_suppressions_of_their_verified_addresses(
        self, invitation: Invitation, other_organization: Organization, stranger: User, invitee: User
    ):
        elsewhere = InvitationFactory.create(
            organization=other_organization, email="second@example.com", inviter=stranger
        )
        for found, scope in ((invitation, HERE), (invitation, ALL), (elsewhere, HERE)):
            suppress(found, scope)
        EmailAddressFactory.create(user=invitee, email="second@example.com", verified=False)
        suppressions = [(found.address, found.suppression.scope) for found in suppressions_of(invitee)]
        assert sorted(suppressions) == [(ADDRESS, ALL), (ADDRESS, HERE)]
        EmailAddressFactory.create(user=invitee, email="third@example.com")
        EmailAddress.objects.filter(user=invitee).update(verified=True)
        assert len(suppressions_of(invitee)) == 3
        assert suppressions_of(stranger) == []

    def test_removing_one_records_an_event(self, invitation: Invitation, invitee: User, organization: Organization):
        suppress(invitation)
        suppress(invitation, ALL)
        here = Suppression.objects.get(organization=organization)
        with track_changes() as changes:
            remove_suppression(by=session_of(invitee), suppression_id=here.pk)
        assert changes.tables == {"invitations.Suppression": (0, 0, 1)}
        assert changes.events == [event("suppression.deleted", here, invitee, None, scope="organization")]
        assert [found.suppression.scope for found in suppressions_of(invitee)] == [ALL]

    def test_a_suppression_is_removed_only_once(self, invitation: Invitation, invitee: User):
        suppress(invitation)
        [found] = suppressions_of(invitee)
        remove_suppression(by=session_of(invitee), suppression_id=found.suppression.pk)
        with track_changes() as changes, pytest.raises(SuppressionNotFound):
            remove_suppression(by=session_of(invitee), suppression_id=found.suppression.pk)
        assert changes.nothing

    def test_nobody_removes_the_suppressions_of_others(self, invitation: Invitation, stranger: User, owner: User):
        suppress(invitation)
        suppression = Suppression.objects.get()
        EmailAddressFactory.create(user=stranger, email=ADDRESS, verified=False)
        for by in (stranger, owner):
            with track_changes() as changes, pytest.raises(SuppressionNotFound):
                remove_suppression(by=session_of(by), suppression_id=suppression.pk)
            assert changes.nothing

    def test_an_api_key_cannot_remove_a_suppression(self, invitation: Invitation, invitee: User):
        suppress(invitation)
        key = Principal(user=invitee, method=Method.API_KEY)
        with pytest.raises(PersonRequired):
            remove_suppression(by=key, suppression_id=Suppression.objects.get().pk)


class TestErasing:
    def test_a_suppression_outlives_the_account(
        self, invitation: Invitation, invitee: User, organization: Organization
    ):
        suppress(invitation, by=session_of(invitee))
        suppress(invitation, ALL, by=session_of(invitee))
        purge_account(by=session_of(invitee), user=invitee)
        assert is_suppressed(organization)
        assert Suppression.objects.count() == 2

    def test_a_new_account_with_the_address_can_remove_it(self, invitation: Invitation, invitee: User):
        suppress(invitation, ALL, by=session_of(invitee))
        purge_account(by=session_of(invitee), user=invitee)
        newcomer = UserFactory.create(email="invitee@example.com")
        [found] = suppressions_of(newcomer)
        remove_suppression(by=session_of(newcomer), suppression_id=found.suppression.pk)
        assert not Suppression.objects.exists()

    def test_an_erased_address_cannot_be_unsubscribed(self, invitation: Invitation, invitee: User):
        purge_account(by=session_of(invitee), user=invitee)
        with track_changes() as changes, pytest.raises(InvitationNotFound):
            suppress(invitation)
        assert changes.nothing

    def test_the_suppressions_of_an_organization_are_deleted_with_it(
        self, invitation: Invitation, owner: User, organization: Organization
    ):
        suppress(invitation)
        suppress(invitation, ALL)
        purge_organization(by=session_of(owner), organization_id=organization.pk)
        assert Suppression.objects.get().scope == ALL
