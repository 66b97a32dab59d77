"""Test resending, withdrawing and extending many invitations, with a verdict for each."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.principals import Principal
from core.addresses import normalize_address
from core.errors import Invalid
from events.models import Event
from invitations.actions import inviting, managing_many
from invitations.actions.inviting_together import UnitOffer, invite_to_units
from invitations.bulk.selection import MAX_RESENT, MAX_SELECTED
from invitations.email.limits import count_email_to
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.locks import OrganizationNotFound
from orgs.models import Membership, Organization, Unit
from orgs.permissions import ADMIN_ROLE, MANAGE_MEMBERS, UNIT_ADMIN_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE
from orgs.policies import PermissionMissing
from tests.factories import InvitationFactory, MembershipFactory, UnitFactory
from tests.support.changes import all_rows, event, track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

ABSENT = UUID("01900000-0000-7000-8000-000000000000")
ACTIONS = (managing_many.resend_many, managing_many.withdraw_many, managing_many.extend_many)
every_one = pytest.mark.parametrize("action", ACTIONS)


def verdicts(action: Any, by: User | Principal, organization: Organization, *invitations: Any, **more: Any) -> Any:
    by = by if isinstance(by, Principal) else session_of(by)
    ids = [getattr(one, "pk", one) for one in invitations]
    results = action(by=by, organization_id=organization.pk, invitation_ids=ids, **more)
    assert [result.invitation_id for result in results] == list(dict.fromkeys(ids))
    return [(result.verdict, result.reason) for result in results]


@pytest.fixture
def first(organization: Organization, owner: User) -> Invitation:
    return InvitationFactory.create(organization=organization, email="first@example.com", inviter=owner)


@pytest.fixture
def second(organization: Organization, owner: User) -> Invitation:
    return InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner)


@pytest.fixture
def accepted(organization: Organization, owner: User) -> Invitation:
    return InvitationFactory.create(organization=organization, inviter=owner, status="accepted")


def test_open_ones_are_sent_again_and_the_others_say_why_not(
    organization: Organization, admin: User, first: Invitation, second: Invitation, accepted: Invitation
):
    with track_changes() as changes:
        found = verdicts(managing_many.resend_many, admin, organization, second, ABSENT, accepted, first)
    assert found == [
        ("resent", ""),
        ("not_found", "invitation_not_found"),
        ("not_open", "invitation_accepted"),
        ("resent", ""),
    ]
    assert [told.kind for told in changes.events] == ["invitation.resent"] * 2
    assert {row.recipient for row in Email.objects.all()} == {"first@example.com", "second@example.com"}
    first.refresh_from_db()
    assert first.generation == 2


def test_an_expired_one_is_superseded(organization: Organization, admin: User):
    expired = InvitationFactory.create(organization=organization, email="late@example.com", inviter=admin, overdue=True)
    [result] = managing_many.resend_many(
        by=session_of(admin), organization_id=organization.pk, invitation_ids=[expired.pk], lifetime_days=3
    )
    expired.refresh_from_db()
    assert result.invitation is not None
    assert (result.verdict, result.invitation.pk) == ("resent", expired.superseded_by_id)
    assert verdicts(managing_many.resend_many, admin, organization, expired) == [
        ("not_open", "invitation_superseded"),
    ]


def test_two_expired_ones_to_one_address_are_not_both_sent(organization: Organization, admin: User):
    values = {"organization": organization, "email": "late@example.com", "inviter": admin, "status": "expired"}
    expired = [InvitationFactory.create(**values) for _ in range(2)]
    found = verdicts(managing_many.resend_many, admin, organization, *expired)
    assert found == [("resent", ""), ("refused", "already_invited")]
    assert Invitation.objects.open().count() == 1


def test_a_recipient_over_the_limit_keeps_the_scheduled_email(
    organization: Organization, admin: User, first: Invitation, second: Invitation, settings: Any
):
    """Resending drops the scheduled email before it counts the new one, so the refusal must take that back."""
    settings.ORGANIZATION_EMAILS_PER_DAY = settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 1
    assert verdicts(managing_many.resend_many, admin, organization, second, first) == [
        ("resent", ""),
        ("scheduled", ""),
    ]
    settings.RECIPIENT_EMAILS_PER_HOUR = 1
    with track_changes() as changes:
        found = verdicts(managing_many.resend_many, admin, organization, first)
    assert found == [("over_limit", "recipient_sending_limit_reached")]
    assert not changes.events
    assert Email.objects.filter(invitation=first, state="scheduled").count() == 1


def test_a_scheduled_one_has_its_time(organization: Organization, admin: User, first: Invitation):
    organization.daily_email_limit = 1
    organization.save()
    other = InvitationFactory.create(organization=organization, inviter=admin)
    ids = [other.pk, first.pk]
    now, later = managing_many.resend_many(by=session_of(admin), organization_id=organization.pk, invitation_ids=ids)
    assert (now.verdict, now.scheduled_for, later.verdict) == ("resent", None, "scheduled")
    assert later.scheduled_for == Email.objects.get(invitation=first).due_at
    assert later.scheduled_for is not None
    assert later.scheduled_for > timezone.now()


def test_one_over_its_limit_stops_no_other(
    organization: Organization, admin: User, first: Invitation, second: Invitation, settings: Any
):
    settings.RECIPIENT_EMAILS_PER_HOUR = 1
    count_email_to(first.email)
    found = verdicts(managing_many.resend_many, admin, organization, first, second)
    assert found == [("over_limit", "recipient_sending_limit_reached"), ("resent", "")]


def test_open_and_waiting_ones_are_withdrawn(
    organization: Organization, admin: User, first: Invitation, invitee: User, accepted: Invitation
):
    waiting = InvitationFactory.create(organization=organization, invitee=invitee, inviter=admin, waiting=True)
    with track_changes() as changes:
        found = verdicts(managing_many.withdraw_many, admin, organization, first, waiting, accepted)
    assert found == [("withdrawn", ""), ("withdrawn", ""), ("not_open", "invitation_accepted")]
    assert changes.tables == {"invitations.Invitation": (0, 2, 0)}
    assert changes.events == [event("invitation.cancelled", one, admin, organization) for one in (first, waiting)]


def test_open_ones_expire_later(organization: Organization, admin: User, first: Invitation, accepted: Invitation):
    found = verdicts(managing_many.extend_many, admin, organization, first, accepted, lifetime_days=30)
    assert found == [("extended", ""), ("not_open", "invitation_accepted")]
    first.refresh_from_db()
    assert first.expires_at > timezone.now() + timedelta(days=29)
    assert first.generation == 1
    assert not Email.objects.exists()
    assert verdicts(managing_many.extend_many, admin, organization, first, lifetime_days=29) == [
        ("refused", "expires_later")
    ]


@every_one
def test_the_rows_and_events_are_those_of_the_action_for_one(
    organization: Organization, admin: User, first: Invitation, second: Invitation, action: Any
):
    one = {
        managing_many.resend_many: inviting.resend,
        managing_many.withdraw_many: inviting.cancel,
        managing_many.extend_many: inviting.update_invitation,
    }[action]
    more = {} if one is inviting.cancel else {"lifetime_days": 15}
    verdicts(action, admin, organization, first, **more)
    one(by=session_of(admin), organization_id=organization.pk, invitation_id=second.pk, **more)

    mine, theirs = (Event.objects.about(invitation).get() for invitation in (first, second))
    assert (mine.kind, mine.data.keys(), mine.actor_id) == (theirs.kind, theirs.data.keys(), theirs.actor_id)
    rows = all_rows()["invitations.Invitation"]
    told = {name for name in rows[first.pk] if rows[first.pk][name] != rows[second.pk][name]}
    assert told <= {"id", "email", "created_at", "updated_at", "expires_at", "finished_at"}


@every_one
def test_a_grant_with_more_rights_is_not_yours(organization: Organization, owner: User, first: Invitation, action: Any):
    manager = MembershipFactory.create(organization=organization, permissions=[MANAGE_MEMBERS])
    wide = InvitationFactory.create(organization=organization, inviter=owner, role_id=ADMIN_ROLE)
    done = verdicts(action, manager.user, organization, wide, first)
    assert done[0] == ("not_yours", "grant_too_wide")
    assert done[1][1] == ""


@every_one
def test_a_manager_of_a_unit_finds_only_its_invitations(
    organization: Organization, owner: User, first: Invitation, action: Any
):
    unit: Unit = UnitFactory.create(organization=organization)
    host = MembershipFactory.create(organization=organization, role_id=VIEWER_ROLE, unit_roles={unit: UNIT_ADMIN_ROLE})
    own = InvitationFactory.create(organization=organization, inviter=owner, unit=unit)
    done = verdicts(action, host.user, organization, first, own)
    assert done[0] == ("not_found", "invitation_not_found")
    assert done[1][0] != "not_found"


@every_one
def test_invitations_of_other_organizations_are_not_found(
    organization: Organization, admin: User, other_organization: Organization, action: Any
):
    foreign = InvitationFactory.create(organization=other_organization)
    with track_changes() as changes:
        found = verdicts(action, admin, organization, foreign)
    assert found == [("not_found", "invitation_not_found")]
    assert not changes.events


@every_one
def test_a_repeated_id_counts_once(organization: Organization, admin: User, first: Invitation, action: Any):
    with track_changes() as changes:
        verdicts(action, admin, organization, first, first)
    assert len(changes.events) == 1


@every_one
def test_members_without_the_permission_and_strangers_are_refused(
    organization: Organization, member: User, stranger: User, first: Invitation, action: Any
):
    with pytest.raises(PermissionMissing):
        verdicts(action, member, organization, first)
    with pytest.raises(OrganizationNotFound):
        verdicts(action, stranger, organization, first)


@every_one
def test_too_many_ids_are_refused(organization: Organization, admin: User, action: Any):
    most = MAX_RESENT if action is managing_many.resend_many else MAX_SELECTED
    assert verdicts(action, admin, organization, *[ABSENT] * most)
    with pytest.raises(Invalid):
        verdicts(action, admin, organization, *[ABSENT] * (most + 1))


@pytest.mark.parametrize(("action", "more"), [(managing_many.withdraw_many, 1), (managing_many.extend_many, 2)])
def test_a_further_one_needs_few_statements(organization: Organization, admin: User, action: Any, more: int):
    counts = []
    for number in (1, 3):
        rows = [InvitationFactory.create(organization=organization, inviter=admin) for _ in range(number)]
        with CaptureQueriesContext(connection) as captured:
            verdicts(action, admin, organization, *rows)
        counts.append(len(captured))
    assert counts[1] - counts[0] == 2 * more


@pytest.mark.parametrize("action", [managing_many.resend_many, managing_many.extend_many])
def test_a_wrong_lifetime_is_refused(organization: Organization, admin: User, first: Invitation, action: Any):
    with track_changes() as changes, pytest.raises(Invalid):
        verdicts(action, admin, organization, first, lifetime_days=31)
    assert changes.nothing


def test_a_person_who_is_a_member_by_now_gets_no_email(organization: Organization, admin: User, first: Invitation):
    joined = MembershipFactory.create(organization=organization).user
    expired = InvitationFactory.create(organization=organization, email=joined.email, inviter=admin, status="expired")
    assert verdicts(managing_many.resend_many, admin, organization, expired, first) == [
        ("refused", "already_member"),
        ("resent", ""),
    ]


def test_those_that_share_an_email_are_sent_together_once(
    organization: Organization, owner: User, admin: User, first: Invitation
):
    units = [UnitFactory.create(organization=organization, name=name) for name in ("Design", "Backend")]
    together = invite_to_units(
        by=session_of(owner),
        organization_id=organization.pk,
        email=normalize_address("both@example.com"),
        units=[UnitOffer(unit.pk, UNIT_VIEWER_ROLE) for unit in units],
    )
    found = verdicts(managing_many.resend_many, admin, organization, *together, first)
    assert found == [("resent", "")] * len([*together, first])
    assert {row.generation for row in Invitation.objects.filter(email="both@example.com")} == {2}
    assert Email.objects.filter(recipient="both@example.com", generation=2).count() == 1


@pytest.mark.parametrize("action", [managing_many.resend_many, managing_many.extend_many])
def test_a_wrong_lifetime_is_refused_before_the_invitations_are_found(
    action: Any, organization: Organization, owner: User
):
    with pytest.raises(Invalid):
        verdicts(action, owner, organization, ABSENT, lifetime_days=31)


def test_who_may_not_resend_all_that_share_an_email_resends_none(organization: Organization, owner: User, member: User):
    own, other = UnitFactory.create_batch(2, organization=organization)
    Membership.objects.get(user=member).assignments.create(role_id=UNIT_ADMIN_ROLE, unit=own)
    offers = [UnitOffer(unit.pk, UNIT_VIEWER_ROLE) for unit in (own, other)]
    address = normalize_address("shared@example.com")
    first, _ = invite_to_units(by=session_of(owner), organization_id=organization.pk, email=address, units=offers)

    with track_changes() as changes:
        found = verdicts(managing_many.resend_many, member, organization, first)
    assert found == [("not_yours", "permission_missing")]
    assert (changes.tables, changes.events) == ({}, [])
