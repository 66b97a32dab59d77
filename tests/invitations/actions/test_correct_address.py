"""Test correcting the address: a new invitation replaces an open or undeliverable invitation."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from accounts.principals import Principal
from core.addresses import normalize_address, parse_address
from core.errors import Invalid
from events.models import Event
from invitations.actions.answering import accept
from invitations.actions.ending import fail
from invitations.actions.inviting import correct_address, invite
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.refusals import (
    AlreadyInvited,
    GrantGone,
    InvitationAccepted,
    InvitationCancelled,
    InvitationDeclined,
    InvitationExpired,
    InvitationNotFound,
    InvitationSuperseded,
    InvitationWaits,
    InviterCannotGrant,
    SameAddress,
)
from invitations.tokens import Purpose, read_token, token_for
from orgs.actions.members import AlreadyMember
from orgs.actions.roles import delete_role
from orgs.actions.units import delete_unit
from orgs.locks import OrganizationNotFound
from orgs.models import Membership, Organization
from orgs.permissions import ADMIN_ROLE, LIST_PROJECTS, MANAGE_MEMBERS, UNIT_VIEWER_ROLE, VIEWER_ROLE
from orgs.policies import GrantTooWide, PermissionMissing
from orgs.seats import NoSeatLeft
from tests.factories import EmailAddressFactory, InvitationFactory, RoleFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

WRONG, RIGHT = "invitee@example.org", "invitee@example.com"


def correct(by: User | Principal, invitation: Invitation, email: str = RIGHT, **values: Any) -> Invitation:
    return correct_address(
        by=by if isinstance(by, Principal) else session_of(by),
        organization_id=invitation.organization_id,
        invitation_id=invitation.pk,
        email=parse_address(email),
        **values,
    )


@pytest.fixture
def invitation(organization: Organization, admin: User) -> Invitation:
    return invite(
        by=session_of(admin), organization_id=organization.pk, email=normalize_address(WRONG), role_id=VIEWER_ROLE
    )


def test_an_open_one_is_withdrawn_and_followed_by_one_to_the_right_address(
    organization: Organization, owner: User, invitation: Invitation
):
    start = timezone.now()
    with track_changes() as changes:
        newer = correct(owner, invitation)
    assert changes.tables == {"invitations.Invitation": (1, 1, 0), "invitations.Email": (1, 0, 0)}
    grant: dict[str, Any] = {"role_id": VIEWER_ROLE, "permissions": [], "unit_id": None, "unit_role_id": None}
    assert changes.events == [
        event("invitation.created", newer, owner, organization, **grant, lifetime_days=10),
        event("invitation.address_corrected", invitation, owner, organization, superseded_by=newer.pk),
    ]
    invitation.refresh_from_db()
    assert (invitation.status, invitation.email, invitation.superseded_by_id) == ("cancelled", WRONG, newer.pk)
    assert (newer.is_open, newer.email, newer.generation, newer.inviter) == (True, RIGHT, 1, owner)
    assert start + timedelta(days=10) <= newer.expires_at <= timezone.now() + timedelta(days=10)
    assert list(Email.objects.order_by("id").values_list("recipient", flat=True)) == [WRONG, RIGHT]


def test_one_that_could_not_be_delivered_stays_so_and_is_followed(
    organization: Organization, owner: User, invitation: Invitation
):
    fail(invitation_id=invitation.pk, generation=1, reason="550 5.1.1")
    newer = correct(owner, invitation)
    invitation.refresh_from_db()
    assert (invitation.status, invitation.superseded_by_id) == ("error", newer.pk)
    assert (newer.is_open, newer.email) == (True, RIGHT)


def test_the_new_one_grants_the_same(organization: Organization, owner: User):
    unit = UnitFactory.create(organization=organization)
    into = {"unit": unit, "unit_role_id": UNIT_VIEWER_ROLE, "permissions": [LIST_PROJECTS]}
    former = InvitationFactory.create(
        organization=organization, email=WRONG, inviter=owner, role_id=VIEWER_ROLE, **into
    )
    assert correct(owner, former).grant == former.grant


def test_the_link_to_the_wrong_address_opens_nothing_any_more(invitation: Invitation, owner: User, stranger: User):
    EmailAddressFactory.create(user=stranger, email=WRONG)
    proof = read_token(token_for(invitation, Purpose.EMAILED))
    correct(owner, invitation)
    with track_changes() as changes, pytest.raises(InvitationSuperseded):
        accept(by=session_of(stranger), invitation_id=invitation.pk, proof=proof)
    assert changes.nothing


def test_the_seat_goes_to_the_right_address(organization: Organization, owner: User, invitation: Invitation):
    Organization.objects.update(seat_limit=4)
    assert correct(owner, invitation).is_open


def test_one_that_was_not_delivered_needs_a_seat_again(organization: Organization, owner: User, invitation: Invitation):
    fail(invitation_id=invitation.pk, generation=1, reason="550")
    Organization.objects.update(seat_limit=3)
    with track_changes() as changes, pytest.raises(NoSeatLeft):
        correct(owner, invitation)
    assert changes.nothing


@pytest.mark.parametrize("address", [WRONG, WRONG.upper(), "Invitee@Example.org"])
def test_the_same_address_is_no_correction(owner: User, invitation: Invitation, address: str):
    with track_changes() as changes, pytest.raises(SameAddress) as refusal:
        correct(owner, invitation, address)
    assert refusal.value.fields == {"email": ["The invitation is to this address already."]}
    assert changes.nothing


@pytest.mark.parametrize("address", ["", "invitee", "invitee@example.com\r\nBcc: x@example.com", "ınvitee@example.com"])
def test_what_is_no_address_is_refused(owner: User, invitation: Invitation, address: str):
    with track_changes() as changes, pytest.raises(ValidationError) as refusal:
        correct(owner, invitation, address)
    assert list(refusal.value.message_dict) == ["email"]
    assert changes.nothing


def test_a_member_is_not_invited(owner: User, member: User, invitation: Invitation):
    with track_changes() as changes, pytest.raises(AlreadyMember):
        correct(owner, invitation, str(member.email))
    assert changes.nothing


def test_an_open_one_to_the_right_address_stands_in_the_way(
    organization: Organization, owner: User, invitation: Invitation
):
    there = invite(by=session_of(owner), organization_id=organization.pk, email=normalize_address(RIGHT))
    with track_changes() as changes, pytest.raises(AlreadyInvited) as refusal:
        correct(owner, invitation)
    assert refusal.value.details == {"invitation_id": there.pk}
    assert changes.nothing


def test_an_overdue_one_to_the_right_address_does_not(organization: Organization, owner: User, invitation: Invitation):
    overdue = InvitationFactory.create(organization=organization, email=RIGHT, inviter=owner, overdue=True)
    assert correct(owner, invitation).is_open
    overdue.refresh_from_db()
    assert overdue.status == "expired"


@pytest.mark.parametrize("days", [0, 31])
def test_within_bounds(owner: User, invitation: Invitation, days: int):
    with track_changes() as changes, pytest.raises(Invalid):
        correct(owner, invitation, lifetime_days=days)
    assert changes.nothing


@pytest.mark.parametrize("undelivered", [False, True])
def test_nobody_corrects_what_they_could_not_offer(
    organization: Organization, member: User, owner: User, *, undelivered: bool
):
    Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
    higher = InvitationFactory.create(
        organization=organization, email=WRONG, inviter=owner, role_id=ADMIN_ROLE, undeliverable=undelivered
    )
    with track_changes() as changes, pytest.raises(GrantTooWide):
        correct(member, higher)
    assert changes.nothing


def test_what_it_offered_must_still_exist(organization: Organization, owner: User):
    role = RoleFactory.create(organization=organization, name="Helper")
    unit = UnitFactory.create(organization=organization)
    without_role = InvitationFactory.create(
        organization=organization, email=WRONG, inviter=owner, role=role, undeliverable=True
    )
    without_unit = InvitationFactory.create(
        organization=organization,
        email=WRONG,
        inviter=owner,
        unit=unit,
        unit_role_id=UNIT_VIEWER_ROLE,
        undeliverable=True,
    )
    delete_role(by=session_of(owner), organization_id=organization.pk, role_id=role.pk)
    delete_unit(by=session_of(owner), organization_id=organization.pk, unit_id=unit.pk)
    for gone in (without_role, without_unit):
        with track_changes() as changes, pytest.raises(GrantGone):
            correct(owner, gone)
        assert changes.nothing


def test_it_is_corrected_once(owner: User, invitation: Invitation):
    fail(invitation_id=invitation.pk, generation=1, reason="550")
    correct(owner, invitation)
    with track_changes() as changes, pytest.raises(InvitationSuperseded):
        correct(owner, invitation, "third@example.com")
    assert changes.nothing


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("accepted", InvitationAccepted),
        ("declined", InvitationDeclined),
        ("cancelled", InvitationCancelled),
        ("expired", InvitationExpired),
        ("overdue", InvitationExpired),
        ("processing", InvitationWaits),
    ],
)
def test_what_was_answered_or_is_over_is_not_corrected(
    organization: Organization, admin: User, status: str, refusal: type
):
    became: dict[str, Any] = {"overdue": True} if status == "overdue" else {"status": status}
    former = InvitationFactory.create(organization=organization, email=WRONG, inviter=admin, **became)
    with track_changes() as changes, pytest.raises(refusal):
        correct(admin, former)
    assert changes.nothing


def test_staff_correct_any_and_the_inviter_stays(
    by_staff: Principal, organization: Organization, admin: User, invitation: Invitation
):
    with track_changes() as changes:
        newer = correct(by_staff, invitation)
    assert (newer.inviter, newer.inviter_user_id, newer.inviter_name) == (admin, admin.pk, "Admin Cast")
    assert {row["actor_id"] for row in Event.objects.about(newer).values("actor_id")} == {by_staff.actor_id}
    assert len(changes.events) == 2


def test_staff_read_that_the_inviter_can_no_longer_offer_it(by_staff: Principal, admin: User, invitation: Invitation):
    Membership.objects.filter(user=admin).delete()
    with track_changes() as changes, pytest.raises(InviterCannotGrant, match="can no longer offer it"):
        correct(by_staff, invitation)
    assert changes.nothing


def test_members_without_the_right_outsiders_and_invitations_of_others(
    organization: Organization,
    other_organization: Organization,
    invitation: Invitation,
    admin: User,
    member: User,
    stranger: User,
):
    foreign = InvitationFactory.create(organization=other_organization, email=WRONG, inviter=stranger)
    for by, wanted, refusal in (
        (member, invitation, PermissionMissing),
        (stranger, invitation, OrganizationNotFound),
        (admin, foreign, InvitationNotFound),
    ):
        with track_changes() as changes, pytest.raises(refusal):
            correct_address(
                by=session_of(by),
                organization_id=organization.pk,
                invitation_id=wanted.pk,
                email=normalize_address("third@example.com"),
            )
        assert changes.nothing
