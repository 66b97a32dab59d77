"""Test changing an open invitation: the caller must be allowed to grant both the old and the new roles."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import Method, Principal
from core.addresses import normalize_address
from core.errors import Invalid, Unprocessable
from invitations.actions.inviting import invite, resend, update_invitation
from invitations.models import Invitation
from invitations.refusals import (
    InvitationAccepted,
    InvitationCancelled,
    InvitationDeclined,
    InvitationExpired,
    InvitationNotFound,
    InvitationSuperseded,
    InvitationUndeliverable,
    InvitationWaits,
)
from orgs.locks import OrganizationNotFound
from orgs.lookups import UnknownRole
from orgs.models import Membership, Organization
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from orgs.policies import GrantTooWide, PermissionMissing
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db

ADDRESS = "invitee@example.com"


def update(by: User | Principal, invitation: Invitation, **values: Any) -> Invitation:
    return update_invitation(
        by=by if isinstance(by, Principal) else session_of(by),
        organization_id=invitation.organization_id,
        invitation_id=invitation.pk,
        **values,
    )


@pytest.fixture
def invitation(organization: Organization, admin: User) -> Invitation:
    return InvitationFactory.create(
        organization=organization, email=ADDRESS, inviter=admin, role_id=VIEWER_ROLE, permissions=[LIST_PROJECTS]
    )


@pytest.fixture
def manager(organization: Organization, member: User) -> User:
    """A member who may only manage members and list projects."""
    Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
    return member


def test_what_is_named_changes_and_the_rest_stays(organization: Organization, admin: User, invitation: Invitation):
    with track_changes() as changes:
        answer = update(admin, invitation, role_id=EDITOR_ROLE)
    assert changes.tables == {"invitations.Invitation": (0, 1, 0)}
    assert changes.events == [
        event(
            "invitation.updated",
            invitation,
            admin,
            organization,
            role_id=EDITOR_ROLE,
            permissions=[LIST_PROJECTS],
            unit_id=None,
            unit_role_id=None,
            lifetime_days=None,
        )
    ]
    before = Invitation.objects.filter(pk=invitation.pk).values().get()
    assert (answer.role_id, answer.permissions) == (EDITOR_ROLE, [LIST_PROJECTS])
    assert (before["expires_at"], before["generation"], before["status"]) == (invitation.expires_at, 1, "pending")
    assert before["updated_at"] > invitation.updated_at


def test_permissions_are_replaced_and_can_be_emptied(admin: User, invitation: Invitation):
    assert update(admin, invitation, permissions=frozenset({MANAGE_MEMBERS})).permissions == [MANAGE_MEMBERS]
    assert update(admin, invitation, permissions=frozenset()).permissions == []


def test_the_role_in_the_unit_can_be_changed_and_the_unit_cannot(organization: Organization, admin: User):
    unit = UnitFactory.create(organization=organization)
    invitation = InvitationFactory.create(
        organization=organization, email=ADDRESS, inviter=admin, unit=unit, unit_role_id=UNIT_VIEWER_ROLE
    )
    answer = update(admin, invitation, unit_role_id=UNIT_EDITOR_ROLE)
    assert (answer.unit_id, answer.unit_role_id, answer.role_id) == (unit.pk, UNIT_EDITOR_ROLE, UNASSIGNED_ROLE)


def test_without_a_unit_there_is_no_role_in_one(admin: User, invitation: Invitation):
    with track_changes() as changes, pytest.raises(Unprocessable) as refusal:
        update(admin, invitation, unit_role_id=UNIT_VIEWER_ROLE)
    assert list(refusal.value.fields) == ["unit_role_id"]
    assert changes.nothing


@pytest.mark.parametrize("days", [1, 30])
def test_it_lives_that_long_from_now(admin: User, invitation: Invitation, days: int):
    start = timezone.now()
    expires_at = update(admin, invitation, lifetime_days=days).expires_at
    assert start + timedelta(days=days) <= expires_at <= timezone.now() + timedelta(days=days)


@pytest.mark.parametrize("days", [0, 31])
def test_within_bounds(admin: User, invitation: Invitation, days: int):
    with track_changes() as changes, pytest.raises(Invalid) as refusal:
        update(admin, invitation, lifetime_days=days)
    assert list(refusal.value.fields) == ["lifetime_days"]
    assert changes.nothing


class TestTheCeiling:
    def test_nobody_offers_more_than_they_hold(self, organization: Organization, manager: User, owner: User):
        invitation = InvitationFactory.create(
            organization=organization, email=ADDRESS, inviter=owner, role_id=VIEWER_ROLE
        )
        for grant in (
            {"role_id": OWNER_ROLE},
            {"role_id": EDITOR_ROLE},
            {"permissions": frozenset({MANAGE_MEMBERS, "organization:admin"})},
        ):
            with track_changes() as changes, pytest.raises(GrantTooWide):
                update(manager, invitation, **grant)
            assert changes.nothing

    def test_nobody_touches_administrative_permissions_that_they_lack(
        self, organization: Organization, manager: User, admin: User, owner: User
    ):
        higher = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, role_id=ADMIN_ROLE)
        owning = InvitationFactory.create(
            organization=organization, email="heir@example.com", inviter=owner, role_id=OWNER_ROLE
        )
        for by, invitation in ((manager, higher), (admin, owning)):
            for values in ({"role_id": VIEWER_ROLE}, {"lifetime_days": 30}, {}):
                with track_changes() as changes, pytest.raises(GrantTooWide):
                    update(by, invitation, **values)
                assert changes.nothing

    def test_managers_of_members_prolong_an_editors_invitation_and_offer_in_it_only_what_they_hold(
        self, organization: Organization, manager: User, owner: User
    ):
        editor = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, role_id=EDITOR_ROLE)
        for unchanged in ({"lifetime_days": 30}, {"role_id": EDITOR_ROLE}, {}):
            assert update(manager, editor, **unchanged).inviter_id == owner.pk
        with track_changes() as changes, pytest.raises(GrantTooWide):
            update(manager, editor, permissions=frozenset({MANAGE_MEMBERS}))
        assert changes.nothing
        assert update(manager, editor, role_id=VIEWER_ROLE).role_id == VIEWER_ROLE

    def test_who_would_become_the_inviter_must_hold_the_whole_grant(
        self, organization: Organization, manager: User, admin: User
    ):
        editor = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=admin, role_id=EDITOR_ROLE)
        membership_of(admin, organization).delete()
        with track_changes() as changes, pytest.raises(GrantTooWide):
            update(manager, editor, lifetime_days=30)
        assert changes.nothing

    def test_a_credential_for_less_offers_less(self, owner: User, invitation: Invitation):
        narrow = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({MANAGE_MEMBERS, LIST_PROJECTS}))
        with track_changes() as changes, pytest.raises(GrantTooWide):
            update(narrow, invitation, role_id=EDITOR_ROLE)
        assert changes.nothing
        update(narrow, invitation, role_id=UNASSIGNED_ROLE)

    def test_managers_of_the_unit_may_change_it(self, organization: Organization, stranger: User, owner: User):
        unit = UnitFactory.create(organization=organization)
        MembershipFactory.create(
            organization=organization, user=stranger, role_id=UNASSIGNED_ROLE, unit_roles={unit: UNIT_ADMIN_ROLE}
        )
        invitation = InvitationFactory.create(
            organization=organization, email=ADDRESS, inviter=owner, unit=unit, unit_role_id=UNIT_VIEWER_ROLE
        )
        assert update(stranger, invitation, unit_role_id=UNIT_ADMIN_ROLE).unit_role_id == UNIT_ADMIN_ROLE
        with track_changes() as changes, pytest.raises(GrantTooWide):
            update(stranger, invitation, role_id=VIEWER_ROLE)
        assert changes.nothing

    def test_managers_of_the_unit_do_not_decide_on_roles_in_the_organization(
        self, organization: Organization, stranger: User, owner: User
    ):
        unit = UnitFactory.create(organization=organization)
        MembershipFactory.create(
            organization=organization, user=stranger, role_id=UNASSIGNED_ROLE, unit_roles={unit: UNIT_ADMIN_ROLE}
        )
        here = {"organization": organization, "email": ADDRESS, "unit": unit, "unit_role_id": UNIT_VIEWER_ROLE}
        editor = InvitationFactory.create(inviter=owner, role_id=EDITOR_ROLE, **here)
        for values in ({"role_id": UNASSIGNED_ROLE}, {"lifetime_days": 30}, {"unit_role_id": UNIT_EDITOR_ROLE}):
            with track_changes() as changes, pytest.raises(GrantTooWide):
                update(stranger, editor, **values)
            assert changes.nothing
        as_manager: dict[str, Any] = {"by": session_of(stranger), "organization_id": organization.pk}
        into: dict[str, Any] = {"unit_id": unit.pk, "unit_role_id": UNIT_VIEWER_ROLE}
        with track_changes() as changes:
            with pytest.raises(GrantTooWide):
                resend(invitation_id=editor.pk, **as_manager)
            with pytest.raises(GrantTooWide):
                invite(email=normalize_address(ADDRESS), force=True, **as_manager, **into)
        assert changes.nothing


class TestWhoVouches:
    def test_the_inviter_stays_if_they_could_grant_the_new_roles(
        self, owner: User, admin: User, invitation: Invitation
    ):
        answer = update(owner, invitation, role_id=EDITOR_ROLE)
        assert (answer.inviter_id, answer.inviter_name) == (admin.pk, "Admin Cast")

    def test_otherwise_the_caller_becomes_the_inviter(self, owner: User, invitation: Invitation):
        answer = update(owner, invitation, role_id=OWNER_ROLE)
        assert (answer.inviter_id, answer.inviter_user_id, answer.inviter_name) == (owner.pk, owner.pk, "Owner Cast")

    def test_the_caller_becomes_the_inviter_after_the_old_one_left(
        self, organization: Organization, owner: User, admin: User, invitation: Invitation
    ):
        membership_of(admin, organization).delete()
        assert update(owner, invitation).inviter_id == owner.pk


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
def test_what_is_not_open_stays_as_it_is(organization: Organization, admin: User, values: dict, refusal: type):
    invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=admin, **values)
    with track_changes() as changes, pytest.raises(refusal):
        update(admin, invitation, role_id=EDITOR_ROLE)
    assert changes.nothing


def test_a_superseded_one_says_so(organization: Organization, admin: User, invitation: Invitation):
    former = InvitationFactory.create(
        organization=organization, email=ADDRESS, inviter=admin, cancelled=True, superseded_by=invitation
    )
    with pytest.raises(InvitationSuperseded):
        update(admin, former, role_id=EDITOR_ROLE)


def test_invitations_and_roles_of_others_are_unknown(
    organization: Organization, other_organization: Organization, admin: User, stranger: User, invitation: Invitation
):
    foreign = InvitationFactory.create(organization=other_organization, email=ADDRESS, inviter=stranger)
    with track_changes() as changes, pytest.raises(InvitationNotFound):
        update_invitation(by=session_of(admin), organization_id=organization.pk, invitation_id=foreign.pk)
    assert changes.nothing
    with track_changes() as changes, pytest.raises(UnknownRole):
        update(admin, invitation, role_id=RoleFactory.create(organization=other_organization, name="Helper").pk)
    assert changes.tables == {"orgs.Role": (1, 0, 0)}


def test_members_without_the_right_learn_nothing_of_its_state(
    organization: Organization, member: User, stranger: User, admin: User, invitation: Invitation
):
    answered = InvitationFactory.create(organization=organization, email="x@example.com", inviter=admin, declined=True)
    for row in (invitation, answered):
        for by, refusal in ((member, PermissionMissing), (stranger, OrganizationNotFound)):
            with track_changes() as changes, pytest.raises(refusal):
                update(by, row)
            assert changes.nothing
