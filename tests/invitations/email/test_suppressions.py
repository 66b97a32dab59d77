"""Asking for no mails: who may, what is remembered of it, and the way back."""

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


def refuse(invitation: Invitation, scope: SuppressionScope = HERE, by: Principal = LINK_HOLDER, **values: Any) -> None:
    values.setdefault("proof", link(invitation) if by == LINK_HOLDER else None)
    unsubscribe(by=by, invitation_id=invitation.pk, scope=scope, **values)


def is_refused(organization: Organization, address: str = ADDRESS) -> bool:
    return Suppression.objects.concerning(address, organization).exists()


class TestRefusing:
    @pytest.mark.parametrize("scope", SuppressionScope)
    def test_a_refusal_is_a_hash_and_an_event_that_no_organization_sees(
        self, invitation: Invitation, scope: SuppressionScope
    ):
        with track_changes() as changes:
            refuse(invitation, scope)
        refusal = Suppression.objects.get()
        assert changes.tables == {"invitations.Suppression": (1, 0, 0)}
        assert changes.events == [event("suppression.created", refusal, LINK_HOLDER, None, scope=str(scope))]
        assert refusal.scope == scope
        assert Event.objects.of_organization(invitation.organization_id).count() == 0

    def test_it_concerns_the_organization_or_all(
        self, invitation: Invitation, other_organization: Organization, organization: Organization
    ):
        refuse(invitation, HERE)
        assert (is_refused(organization), is_refused(other_organization)) == (True, False)
        refuse(invitation, ALL)
        assert (is_refused(organization), is_refused(other_organization)) == (True, True)
        assert not is_refused(organization, "second@example.com")

    def test_refusing_twice_is_refusing_once(self, invitation: Invitation):
        refuse(invitation)
        with track_changes() as changes:
            refuse(invitation)
        assert changes.nothing

    def test_no_address_is_stored(self, invitation: Invitation):
        refuse(invitation, ALL)
        rows = {label: rows for label, rows in all_rows().items() if label == "invitations.Suppression"}
        assert "example" not in str(rows)
        assert str(invitation.pk) not in str(rows)

    @pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.EMAILED])
    @pytest.mark.parametrize("generation", [1, 2, 3])
    def test_the_link_of_any_email_suffices(self, invitation: Invitation, purpose: Purpose, generation: int):
        Invitation.objects.update(generation=2)
        refuse(invitation, proof=link(invitation, generation, purpose))
        assert Suppression.objects.exists()

    @pytest.mark.parametrize("status", ["accepted", "declined", "cancelled", "expired", "error"])
    def test_whatever_became_of_the_invitation(self, invitation: Invitation, status: str):
        Invitation.objects.update(status=status, finished_at=invitation.created_at)
        refuse(invitation)
        assert Suppression.objects.exists()

    def test_an_archived_organization_can_be_refused(self, invitation: Invitation, owner: User):
        archive_organization(by=session_of(owner), organization_id=invitation.organization_id)
        refuse(invitation)
        assert Suppression.objects.exists()

    def test_the_listed_link_proves_no_mailbox(self, invitation: Invitation):
        with track_changes() as changes, pytest.raises(InvitationNotFound):
            refuse(invitation, proof=link(invitation, purpose=Purpose.LISTED))
        assert changes.nothing

    def test_the_link_of_another_invitation_refuses_nothing_here(
        self, invitation: Invitation, other_organization: Organization, stranger: User
    ):
        other = InvitationFactory.create(organization=other_organization, email="second@example.com", inviter=stranger)
        with track_changes() as changes, pytest.raises(InvitationNotFound):
            refuse(invitation, proof=link(other))
        assert changes.nothing

    def test_whoever_has_proven_the_address_needs_no_link(self, invitation: Invitation, invitee: User):
        refuse(invitation, by=session_of(invitee))
        assert Suppression.objects.exists()

    def test_nobody_refuses_for_others(self, invitation: Invitation, stranger: User, owner: User):
        EmailAddressFactory.create(user=stranger, email=ADDRESS, verified=False)
        for by in (stranger, owner):
            with track_changes() as changes, pytest.raises(InvitationNotFound):
                refuse(invitation, by=session_of(by))
            assert changes.nothing

    def test_an_old_key_still_finds_it_and_a_new_one_adds_none(self, invitation: Invitation, settings: Settings):
        refuse(invitation)
        settings.ADDRESS_KEYS = ["new", *settings.ADDRESS_KEYS]
        assert is_refused(invitation.organization)
        with track_changes() as changes:
            refuse(invitation)
        assert changes.nothing

    def test_a_key_that_is_gone_takes_its_refusals_with_it(self, invitation: Invitation, settings: Settings):
        refuse(invitation)
        settings.ADDRESS_KEYS = ["new"]
        assert not is_refused(invitation.organization)

    def test_hashes_differ_by_organization_reach_and_address(
        self, organization: Organization, other_organization: Organization
    ):
        digests = [
            suppression_digests(ADDRESS, organization),
            suppression_digests(ADDRESS, other_organization),
            suppression_digests(ADDRESS, None),
            suppression_digests("second@example.com", None),
        ]
        assert len({str(found) for found in digests}) == len(digests)

    def test_an_organization_that_was_forgotten_is_not_all_of_them(self):
        with pytest.raises(TypeError, match="organization"):
            suppression_digests(ADDRESS)  # type: ignore[call-arg]


class TestDeclining:
    @pytest.mark.parametrize("scope", SuppressionScope)
    def test_whoever_declines_can_refuse_at_once(self, invitation: Invitation, invitee: User, scope: SuppressionScope):
        with track_changes() as changes:
            decline(by=session_of(invitee), invitation_id=invitation.pk, unsubscribe_from=scope)
        assert [told.kind for told in changes.events] == ["invitation.declined", "suppression.created"]
        assert changes.events[1].organization is None
        assert Suppression.objects.get().scope == scope

    def test_declining_alone_refuses_nothing(self, invitation: Invitation, invitee: User):
        decline(by=session_of(invitee), invitation_id=invitation.pk)
        assert not Suppression.objects.exists()


class TestInviting:
    def test_who_refused_is_invited_as_everybody_is_and_can_accept(
        self, invitation: Invitation, organization: Organization, owner: User, invitee: User
    ):
        decline(by=session_of(invitee), invitation_id=invitation.pk, unsubscribe_from=ALL)
        with track_changes() as refused:
            again = invite(by=session_of(owner), organization_id=organization.pk, email=normalize_address(ADDRESS))
        with track_changes() as welcome:
            invite(by=session_of(owner), organization_id=organization.pk, email=normalize_address("second@example.com"))
        assert refused.tables == welcome.tables
        assert [told.kind for told in refused.events] == [told.kind for told in welcome.events]
        assert accept(by=session_of(invitee), invitation_id=again.pk).membership is not None


class TestTakingBack:
    def test_a_person_sees_what_their_proven_addresses_refused(
        self, invitation: Invitation, other_organization: Organization, stranger: User, invitee: User
    ):
        elsewhere = InvitationFactory.create(
            organization=other_organization, email="second@example.com", inviter=stranger
        )
        for found, scope in ((invitation, HERE), (invitation, ALL), (elsewhere, HERE)):
            refuse(found, scope)
        EmailAddressFactory.create(user=invitee, email="second@example.com", verified=False)
        told = [(found.address, found.suppression.scope) for found in suppressions_of(invitee)]
        assert sorted(told) == [(ADDRESS, ALL), (ADDRESS, HERE)]
        EmailAddressFactory.create(user=invitee, email="third@example.com")
        EmailAddress.objects.filter(user=invitee).update(verified=True)
        assert len(suppressions_of(invitee)) == 3
        assert suppressions_of(stranger) == []

    def test_it_is_taken_back_with_an_event(self, invitation: Invitation, invitee: User, organization: Organization):
        refuse(invitation)
        refuse(invitation, ALL)
        here = Suppression.objects.get(organization=organization)
        with track_changes() as changes:
            remove_suppression(by=session_of(invitee), suppression_id=here.pk)
        assert changes.tables == {"invitations.Suppression": (0, 0, 1)}
        assert changes.events == [event("suppression.deleted", here, invitee, None, scope="organization")]
        assert [found.suppression.scope for found in suppressions_of(invitee)] == [ALL]

    def test_only_once(self, invitation: Invitation, invitee: User):
        refuse(invitation)
        [found] = suppressions_of(invitee)
        remove_suppression(by=session_of(invitee), suppression_id=found.suppression.pk)
        with track_changes() as changes, pytest.raises(SuppressionNotFound):
            remove_suppression(by=session_of(invitee), suppression_id=found.suppression.pk)
        assert changes.nothing

    def test_nobody_takes_back_what_others_asked_for(self, invitation: Invitation, stranger: User, owner: User):
        refuse(invitation)
        refusal = Suppression.objects.get()
        EmailAddressFactory.create(user=stranger, email=ADDRESS, verified=False)
        for by in (stranger, owner):
            with track_changes() as changes, pytest.raises(SuppressionNotFound):
                remove_suppression(by=session_of(by), suppression_id=refusal.pk)
            assert changes.nothing

    def test_a_key_is_no_person(self, invitation: Invitation, invitee: User):
        refuse(invitation)
        key = Principal(user=invitee, method=Method.API_KEY)
        with pytest.raises(PersonRequired):
            remove_suppression(by=key, suppression_id=Suppression.objects.get().pk)


class TestErasing:
    def test_a_refusal_outlives_the_account(self, invitation: Invitation, invitee: User, organization: Organization):
        refuse(invitation, by=session_of(invitee))
        refuse(invitation, ALL, by=session_of(invitee))
        purge_account(by=session_of(invitee), user=invitee)
        assert is_refused(organization)
        assert Suppression.objects.count() == 2

    def test_and_can_be_taken_back_by_a_new_one(self, invitation: Invitation, invitee: User):
        refuse(invitation, ALL, by=session_of(invitee))
        purge_account(by=session_of(invitee), user=invitee)
        newcomer = UserFactory.create(email="invitee@example.com")
        [found] = suppressions_of(newcomer)
        remove_suppression(by=session_of(newcomer), suppression_id=found.suppression.pk)
        assert not Suppression.objects.exists()

    def test_of_an_erased_address_nothing_is_remembered(self, invitation: Invitation, invitee: User):
        purge_account(by=session_of(invitee), user=invitee)
        with track_changes() as changes, pytest.raises(InvitationNotFound):
            refuse(invitation)
        assert changes.nothing

    def test_what_was_refused_of_an_organization_goes_with_it(
        self, invitation: Invitation, owner: User, organization: Organization
    ):
        refuse(invitation)
        refuse(invitation, ALL)
        purge_organization(by=session_of(owner), organization_id=organization.pk)
        assert Suppression.objects.get().scope == ALL
