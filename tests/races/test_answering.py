"""Concurrent answers, changes and cancellations of one invitation: exactly one request succeeds."""

from collections.abc import Callable
from functools import partial

import pytest

from accounts.models import User
from accounts.principals import LINK_HOLDER
from core.addresses import normalize_address
from events.models import Event
from invitations.actions.answering import accept, decline
from invitations.actions.ending import expire, fail
from invitations.actions.inviting import cancel, correct_address, resend
from invitations.email.address_hashes import Suppression, SuppressionScope
from invitations.email.models import Email
from invitations.email.suppressions import unsubscribe
from invitations.models import Invitation
from invitations.refusals import (
    InvitationAccepted,
    InvitationCancelled,
    InvitationDeclined,
    InvitationNotFound,
    InvitationSuperseded,
    InvitationUndeliverable,
    InviterCannotGrant,
    NewerEmailSent,
)
from invitations.tokens import Proof, Purpose
from orgs.actions.members import change_member_roles, leave_organization
from orgs.actions.organizations import archive_organization, purge_organization
from orgs.models import Membership, Organization
from orgs.permissions import EDITOR_ROLE, OWNER_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.factories import InvitationFactory, MembershipFactory, UnitFactory
from tests.races.racing import kinds, race, refusals, rounds
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db(transaction=True)

Somebody = Callable[[], User]
Founded = Callable[..., Organization]


def test_one_of_many_clicks_accepts(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner)
        click = partial(accept, by=session_of(invitee), invitation_id=invitation.pk)
        outcomes = race(click, click, click)
        assert refusals(outcomes) == [InvitationAccepted] * 2
        assert kinds(organization) == ["membership.created", "invitation.accepted"]
        assert Membership.objects.filter(user=invitee).count() == 1
        assert Email.objects.filter(invitation=invitation).count() == 1


def test_either_accepting_or_cancelling_wins(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner)
        outcomes = race(
            partial(accept, by=session_of(invitee), invitation_id=invitation.pk),
            partial(cancel, by=session_of(owner), organization_id=organization.pk, invitation_id=invitation.pk),
        )
        invitation.refresh_from_db()
        is_member = Membership.objects.filter(user=invitee).exists()
        assert (refusals(outcomes), invitation.status, is_member, kinds(organization)) in [
            ([InvitationAccepted], "accepted", True, ["membership.created", "invitation.accepted"]),
            ([InvitationCancelled], "cancelled", False, ["invitation.cancelled"]),
        ]


def test_either_accepting_or_correcting_the_address_wins(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner)
        accepted, corrected = race(
            partial(accept, by=session_of(invitee), invitation_id=invitation.pk),
            partial(
                correct_address,
                by=session_of(owner),
                organization_id=organization.pk,
                invitation_id=invitation.pk,
                email=normalize_address("right@example.com"),
            ),
        )
        invitation.refresh_from_db()
        is_member = Membership.objects.filter(user=invitee).exists()
        followed = organization.invitations.filter(email="right@example.com").exists()
        correction = ["invitation.created", "invitation.address_corrected"]
        assert (
            refusals([accepted]), refusals([corrected]), invitation.status, is_member, followed, kinds(organization)
        ) in [
            ([], [InvitationAccepted], "accepted", True, False, ["membership.created", "invitation.accepted"]),
            ([InvitationSuperseded], [], "cancelled", False, True, correction),
        ]  # fmt: skip


def test_an_address_is_corrected_once(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, second = somebody(), somebody()
        organization = founded(owner, second)
        invitation = InvitationFactory.create(
            organization=organization, email="wrong@example.com", inviter=owner, undeliverable=True
        )
        outcomes = race(
            *(
                partial(
                    correct_address,
                    by=session_of(by),
                    organization_id=organization.pk,
                    invitation_id=invitation.pk,
                    email=normalize_address(f"{name}@example.com"),
                )
                for by, name in ((owner, "right"), (second, "also-right"))
            )
        )
        assert refusals(outcomes) == [InvitationSuperseded]
        assert organization.invitations.open().count() == 1
        assert kinds(organization) == ["invitation.created", "invitation.address_corrected"]


def test_either_accepting_or_declining_wins(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner)
        link = Proof(invitation.pk, 1, Purpose.EMAILED)
        outcomes = race(
            partial(accept, by=session_of(invitee), invitation_id=invitation.pk),
            partial(decline, by=LINK_HOLDER, invitation_id=invitation.pk, proof=link),
        )
        invitation.refresh_from_db()
        is_member = Membership.objects.filter(user=invitee).exists()
        assert (refusals(outcomes), invitation.status, is_member, kinds(organization)) in [
            ([InvitationAccepted], "accepted", True, ["membership.created", "invitation.accepted"]),
            ([InvitationDeclined], "declined", False, ["invitation.declined"]),
        ]


def test_either_accepting_or_bouncing_wins(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner)
        accepted, failed = race(
            partial(accept, by=session_of(invitee), invitation_id=invitation.pk),
            partial(fail, invitation_id=invitation.pk, generation=1, reason="550"),
        )
        invitation.refresh_from_db()
        assert (refusals([accepted]), failed, invitation.status, kinds(organization)) in [
            ([], False, "accepted", ["membership.created", "invitation.accepted"]),
            ([InvitationUndeliverable], True, "error", ["invitation.bounced", "invitation.failed"]),
        ]


def test_either_accepting_by_the_older_link_or_resending_wins(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner)
        older = Proof(invitation.pk, 1, Purpose.EMAILED)
        outcomes = race(
            partial(accept, by=session_of(invitee), invitation_id=invitation.pk, proof=older),
            partial(resend, by=session_of(owner), organization_id=organization.pk, invitation_id=invitation.pk),
        )
        invitation.refresh_from_db()
        assert (refusals(outcomes), invitation.status, invitation.generation, kinds(organization)) in [
            ([InvitationAccepted], "accepted", 1, ["membership.created", "invitation.accepted"]),
            ([NewerEmailSent], "pending", 2, ["invitation.resent"]),
        ]


def test_two_managers_resending_make_two_generations(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, second = somebody(), somebody()
        organization = founded(owner, second)
        invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
        again = [
            partial(resend, by=session_of(by), organization_id=organization.pk, invitation_id=invitation.pk)
            for by in (owner, second)
        ]
        assert refusals(race(*again)) == []
        emails = Email.objects.filter(invitation=invitation).order_by("generation")
        assert list(emails.values_list("generation", flat=True)) == [2, 3]
        assert kinds(organization) == ["invitation.resent"] * 2


def test_nobody_joins_an_organization_that_was_archived_first(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner)
        outcomes = race(
            partial(accept, by=session_of(invitee), invitation_id=invitation.pk),
            partial(archive_organization, by=session_of(owner), organization_id=organization.pk),
        )
        invitation.refresh_from_db()
        is_member = Membership.objects.filter(user=invitee).exists()
        assert (refusals(outcomes), invitation.status, is_member, kinds(organization)) in [
            ([], "accepted", True, ["membership.created", "invitation.accepted", "organization.archived"]),
            ([InvitationNotFound], "pending", False, ["organization.archived"]),
        ]


def test_nobody_joins_an_organization_that_was_purged_first(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner)
        outcomes = race(
            partial(accept, by=session_of(invitee), invitation_id=invitation.pk),
            partial(purge_organization, by=session_of(owner), organization_id=organization.pk),
        )
        assert (refusals(outcomes), kinds(organization)) in [
            ([], ["membership.created", "invitation.accepted", "organization.purged"]),
            ([InvitationNotFound], ["organization.purged"]),
        ]
        assert not Membership.objects.filter(user=invitee).exists()
        assert not Invitation.objects.filter(pk=invitation.pk).exists()


def test_an_invitation_of_a_demoted_inviter_cannot_be_accepted(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, inviter, invitee = somebody(), somebody(), somebody()
        organization = founded(owner, inviter)
        invitation = InvitationFactory.create(
            organization=organization, invitee=invitee, inviter=inviter, role_id=OWNER_ROLE
        )
        outcomes = race(
            partial(accept, by=session_of(invitee), invitation_id=invitation.pk),
            partial(
                change_member_roles,
                by=session_of(owner),
                organization_id=organization.pk,
                membership_id=membership_of(inviter, organization).pk,
                role_id=VIEWER_ROLE,
            ),
        )
        is_member = Membership.objects.filter(user=invitee).exists()
        assert (refusals(outcomes), is_member, kinds(organization)) in [
            ([], True, ["membership.created", "invitation.accepted", "membership.roles_changed"]),
            ([InviterCannotGrant], False, ["membership.roles_changed"]),
        ]


def test_two_invitations_of_one_person_make_one_membership(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        unit = UnitFactory.create(organization=organization)
        invitations = [
            InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, role_id=EDITOR_ROLE),
            InvitationFactory.create(
                organization=organization, invitee=invitee, inviter=owner, unit=unit, unit_role_id=UNIT_VIEWER_ROLE
            ),
        ]
        answers = race(*(partial(accept, by=session_of(invitee), invitation_id=row.pk) for row in invitations))
        assert sorted(answer.was_member for answer in answers) == [False, True]
        membership = membership_of(invitee, organization)
        assert answers[0].membership == answers[1].membership == membership
        assert (membership.organization_role.pk, len(membership.unit_assignments)) == (EDITOR_ROLE, 1)
        added, joined = sorted(answers, key=lambda answer: not answer.was_member)
        assert joined.invitation.given == (["role"] if added.invitation.unit else ["role", "unit_role"])
        assert added.invitation.given == (["unit_role"] if added.invitation.unit else ["role"])
        extended = "membership.unit_role_assigned" if added.invitation.unit else "membership.roles_changed"
        joined_first = ["membership.created", "invitation.accepted"]
        assert kinds(organization) == [*joined_first, extended, "invitation.accepted"]


def test_an_overdue_invitation_expires_once(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner = somebody()
        organization = founded(owner)
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner, overdue=True)
        task = partial(expire, organization_id=organization.pk)
        assert sorted(race(task, task, task)) == [0, 0, 1]
        assert kinds(organization) == ["invitation.expired"]


def test_of_two_people_who_accept_for_the_last_seat_one_waits(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, one, other = somebody(), somebody(), somebody()
        organization = founded(owner, seat_limit=2)
        invitations = [
            InvitationFactory.create(organization=organization, invitee=person, inviter=owner)
            for person in (one, other)
        ]
        answers = race(
            *(
                partial(accept, by=session_of(person), invitation_id=row.pk)
                for person, row in zip((one, other), invitations, strict=True)
            )
        )
        assert refusals(answers) == []
        statuses = Invitation.objects.filter(organization=organization).values_list("status", flat=True)
        assert sorted(statuses) == ["accepted", "processing"]
        assert organization.memberships.count() == 2
        assert kinds(organization) == ["membership.created", "invitation.accepted", "invitation.waits_for_seat"]


def test_a_seat_is_given_once_when_it_is_freed_twice(somebody: Somebody, founded: Founded):
    """Two members leave a full organization at once. Three people wait for a seat."""
    for _ in rounds():
        owner, leaving = somebody(), [somebody(), somebody()]
        organization = founded(owner, seat_limit=3)
        for person in leaving:
            MembershipFactory.create(organization=organization, user=person)
        waiting = [
            InvitationFactory.create(organization=organization, invitee=somebody(), inviter=owner, waiting=True)
            for _ in range(3)
        ]
        leave = [partial(leave_organization, by=session_of(p), organization_id=organization.pk) for p in leaving]
        assert refusals(race(*leave)) == []
        statuses = [Invitation.objects.get(pk=row.pk).status for row in waiting]
        assert statuses == ["accepted", "accepted", "processing"]
        assert organization.memberships.count() == 3
        assert kinds(organization) == ["membership.left", "membership.created", "invitation.accepted"] * 2


def test_two_concurrent_unsubscriptions_create_one_suppression(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner)
        link = Proof(invitation.pk, 1, Purpose.UNSUBSCRIBE)
        for scope in SuppressionScope:
            refuse = partial(unsubscribe, by=LINK_HOLDER, invitation_id=invitation.pk, scope=scope, proof=link)
            assert race(refuse, refuse, refuse) == [None] * 3
        [here, everywhere] = Suppression.objects.concerning(str(invitee.email), organization).order_by("created_at")
        assert (here.scope, everywhere.scope) == (SuppressionScope.ORGANIZATION, SuppressionScope.ALL)
        assert Event.objects.filter(kind="suppression.created", subject_id__in=[here.pk, everywhere.pk]).count() == 2


def test_concurrent_unsubscriptions_in_two_organizations_create_one_suppression(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        invitations = [
            InvitationFactory.create(organization=founded(owner), invitee=invitee, inviter=owner) for _ in range(2)
        ]
        refusing = [
            partial(unsubscribe, by=session_of(invitee), invitation_id=row.pk, scope=SuppressionScope.ALL)
            for row in invitations
        ]
        assert race(*refusing) == [None] * 2
        refusal = Suppression.objects.by_address(str(invitee.email), None).get()
        assert Event.objects.filter(kind="suppression.created", subject_id=refusal.pk).count() == 1
