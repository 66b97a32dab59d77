"""Workspaces and applications of an organization."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.principals import Method, Principal
from invitations.models import Invitation
from orgs.actions.saving import SlugTaken
from orgs.actions.units import UnitInUse, create_unit, delete_unit, update_unit
from orgs.locks import OrganizationNotFound
from orgs.lookups import UnitNotFound
from orgs.models import Organization, RoleAssignment, Unit
from orgs.permissions import (
    ADMIN,
    CREATE_PROJECTS,
    EDITOR_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from orgs.policies import PermissionMissing
from tests.factories import InvitationFactory, MembershipFactory, RoleAssignmentFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

WORKSPACE, APPLICATION = Unit.Kind.WORKSPACE, Unit.Kind.APPLICATION


@pytest.fixture
def editor(organization: Organization, stranger: User) -> User:
    MembershipFactory.create(organization=organization, user=stranger, role_id=EDITOR_ROLE)
    return stranger


class TestCreating:
    @pytest.mark.parametrize("kind", [WORKSPACE, APPLICATION])
    def test_the_permission_to_create_projects_suffices(
        self, organization: Organization, editor: User, kind: Unit.Kind
    ):
        with track_changes() as changes:
            unit = create_unit(
                by=session_of(editor),
                organization_id=organization.pk,
                kind=kind,
                name="Field App",
                slug="field-app",
                picture_url="https://example.com/a.png",
            )
        assert changes.tables == {"orgs.Unit": (1, 0, 0)}
        assert changes.events == [event("unit.created", unit, editor, organization, unit_kind=kind)]
        columns = ("organization", "kind", "name", "slug", "picture_url")
        assert Unit.objects.values(*columns).get() == {
            "organization": organization.pk,
            "kind": kind,
            "name": "Field App",
            "slug": "field-app",
            "picture_url": "https://example.com/a.png",
        }

    def test_others_are_refused(self, organization: Organization, member: User, owner: User, stranger: User):
        narrow = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({"organization:list_projects"}))
        for by, refusal in (
            (session_of(member), PermissionMissing),
            (narrow, PermissionMissing),
            (session_of(stranger), OrganizationNotFound),
        ):
            with track_changes() as changes, pytest.raises(refusal):
                create_unit(by=by, organization_id=organization.pk, kind=WORKSPACE, name="X", slug="xyz")
            assert changes.nothing

    def test_slugs_are_unique_per_organization_and_kind(
        self, organization: Organization, other_organization: Organization, owner: User, stranger: User
    ):
        UnitFactory.create(organization=organization, slug="main")
        make: dict[str, Any] = {"name": "Main", "slug": "main"}
        with track_changes() as changes, pytest.raises(SlugTaken):
            create_unit(by=session_of(owner), organization_id=organization.pk, kind=WORKSPACE, **make)
        assert changes.nothing
        create_unit(by=session_of(owner), organization_id=organization.pk, kind=APPLICATION, **make)
        create_unit(by=session_of(stranger), organization_id=other_organization.pk, kind=WORKSPACE, **make)

    @pytest.mark.parametrize(
        ("wrong", "named"),
        [({"name": "\x7f"}, "name"), ({"slug": "ab"}, "slug"), ({"picture_url": "x"}, "picture_url")],
    )
    def test_validation_errors_name_the_field(
        self, organization: Organization, owner: User, wrong: dict[str, str], named: str
    ):
        right: dict[str, Any] = {"name": "Main", "slug": "main", "kind": WORKSPACE}
        with track_changes() as changes, pytest.raises(ValidationError) as refusal:
            create_unit(by=session_of(owner), organization_id=organization.pk, **right | wrong)
        assert list(refusal.value.message_dict) == [named]
        assert changes.nothing


class TestUpdating:
    @pytest.mark.parametrize("who", ["admin", "editor"])
    def test_admins_of_the_organization_or_of_the_unit_may(
        self, organization: Organization, admin: User, editor: User, who: str
    ):
        by = {"admin": admin, "editor": editor}[who]
        unit = UnitFactory.create(organization=organization, slug="main-workspace")
        RoleAssignmentFactory.create(
            membership=organization.memberships.get(user=editor), role_id=UNIT_ADMIN_ROLE, unit=unit
        )
        with track_changes() as changes:
            update_unit(by=session_of(by), organization_id=organization.pk, unit_id=unit.pk, name="Renamed")
        assert changes.tables == {"orgs.Unit": (0, 1, 0)}
        assert changes.events == [event("unit.updated", unit, by, organization, changed=["name"])]
        unit.refresh_from_db()
        assert (unit.name, unit.slug) == ("Renamed", "main-workspace")

    @pytest.mark.parametrize("role_id", [UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE])
    def test_lesser_unit_roles_do_not_suffice(self, organization: Organization, editor: User, role_id: Any):
        unit = UnitFactory.create(organization=organization)
        RoleAssignmentFactory.create(membership=organization.memberships.get(user=editor), role_id=role_id, unit=unit)
        with track_changes() as changes, pytest.raises(PermissionMissing):
            update_unit(by=session_of(editor), organization_id=organization.pk, unit_id=unit.pk, name="Renamed")
        assert changes.nothing

    def test_a_taken_slug_is_refused(self, organization: Organization, owner: User):
        unit = UnitFactory.create(organization=organization)
        UnitFactory.create(organization=organization, slug="taken")
        with track_changes() as changes, pytest.raises(SlugTaken):
            update_unit(by=session_of(owner), organization_id=organization.pk, unit_id=unit.pk, slug="taken")
        assert changes.nothing

    @pytest.mark.parametrize("forbidden", ["organization", "organization_pk", "pk", "created_at"])
    def test_kind_and_organization_cannot_be_changed(self, organization: Organization, owner: User, forbidden: str):
        unit = UnitFactory.create(organization=organization)
        wrong: dict[str, Any] = {forbidden: "x"}
        with track_changes() as changes, pytest.raises(TypeError, match=forbidden):
            update_unit(by=session_of(owner), organization_id=organization.pk, unit_id=unit.pk, **wrong)
        assert changes.nothing


class TestDeleting:
    def test_its_roles_are_deleted_and_the_members_stay(
        self, organization: Organization, admin: User, stranger: User, owner: User
    ):
        unit = UnitFactory.create(organization=organization)
        guest = MembershipFactory.create(
            organization=organization, user=stranger, role_id=VIEWER_ROLE, unit_roles={unit: UNIT_ADMIN_ROLE}
        )
        answered = InvitationFactory.create(
            organization=organization,
            email="invitee@example.com",
            inviter=owner,
            unit=unit,
            unit_role_id=UNIT_VIEWER_ROLE,
            declined=True,
        )
        with track_changes() as changes:
            delete_unit(by=session_of(admin), organization_id=organization.pk, unit_id=unit.pk)
        assert changes.tables == {
            "orgs.Unit": (0, 0, 1),
            "orgs.RoleAssignment": (0, 0, 1),
            "invitations.Invitation": (0, 1, 0),
        }
        assert changes.events == [
            event("membership.unit_role_removed", guest, admin, organization, unit_id=unit.pk),
            event("unit.deleted", unit, admin, organization, unit_kind="workspace"),
        ]
        answered.refresh_from_db()
        assert (answered.unit_id, answered.status) == (None, "declined")
        assert RoleAssignment.objects.filter(membership__user=stranger).get().role_id == VIEWER_ROLE

    def test_it_cannot_be_deleted_while_invitations_to_it_are_open_or_waiting(
        self, organization: Organization, owner: User, invitee: User
    ):
        one = UnitFactory.create(organization=organization, slug="one-of-two")
        two = UnitFactory.create(organization=organization, slug="two-of-two")
        InvitationFactory.create(
            organization=organization, email="one@example.com", inviter=owner, unit=one, unit_role_id=UNIT_VIEWER_ROLE
        )
        InvitationFactory.create(
            organization=organization,
            invitee=invitee,
            inviter=owner,
            waiting=True,
            unit=two,
            unit_role_id=UNIT_VIEWER_ROLE,
        )
        for unit in (one, two):
            with track_changes() as changes, pytest.raises(UnitInUse):
                delete_unit(by=session_of(owner), organization_id=organization.pk, unit_id=unit.pk)
            assert changes.nothing

    def test_an_overdue_invitation_does_not_prevent_it(self, organization: Organization, owner: User):
        unit = UnitFactory.create(organization=organization)
        overdue = InvitationFactory.create(
            organization=organization,
            email="one@example.com",
            inviter=owner,
            unit=unit,
            unit_role_id=UNIT_VIEWER_ROLE,
            overdue=True,
        )
        with track_changes() as changes:
            delete_unit(by=session_of(owner), organization_id=organization.pk, unit_id=unit.pk)
        assert [told.kind for told in changes.events] == ["invitation.expired", "unit.deleted"]
        overdue.refresh_from_db()
        assert (overdue.status, overdue.unit_id) == ("expired", None)

    def test_the_database_protects_it(self, organization: Organization, owner: User):
        unit = UnitFactory.create(organization=organization)
        InvitationFactory.create(
            organization=organization, email="one@example.com", inviter=owner, unit=unit, unit_role_id=UNIT_VIEWER_ROLE
        )
        with pytest.raises(IntegrityError, match="invitation_unanswered_grant_whole"), transaction.atomic():
            unit.delete()
        assert Invitation.objects.get().unit_id == unit.pk

    def test_only_admins_of_the_organization_may(self, organization: Organization, editor: User, owner: User):
        unit = UnitFactory.create(organization=organization)
        RoleAssignmentFactory.create(
            membership=organization.memberships.get(user=editor), role_id=UNIT_ADMIN_ROLE, unit=unit
        )
        narrow = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({CREATE_PROJECTS}))
        for by in (session_of(editor), narrow):
            with track_changes() as changes, pytest.raises(PermissionMissing):
                delete_unit(by=by, organization_id=organization.pk, unit_id=unit.pk)
            assert changes.nothing
        wide = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({ADMIN}))
        delete_unit(by=wide, organization_id=organization.pk, unit_id=unit.pk)


@pytest.mark.parametrize("action", [update_unit, delete_unit])
class TestBoth:
    def test_units_of_other_organizations_are_unknown(
        self, organization: Organization, other_organization: Organization, owner: User, action: Any
    ):
        foreign = UnitFactory.create(organization=other_organization)
        with track_changes() as changes, pytest.raises(UnitNotFound):
            action(by=session_of(owner), organization_id=organization.pk, unit_id=foreign.pk)
        with pytest.raises(OrganizationNotFound):
            action(by=session_of(owner), organization_id=other_organization.pk, unit_id=foreign.pk)
        assert changes.nothing

    def test_a_unit_of_the_other_kind_is_unknown(self, organization: Organization, owner: User, action: Any):
        unit = UnitFactory.create(organization=organization)
        with track_changes() as changes, pytest.raises(UnitNotFound):
            action(by=session_of(owner), organization_id=organization.pk, unit_id=unit.pk, kind=APPLICATION)
        assert changes.nothing


def test_database_constraints(organization: Organization):
    with pytest.raises(IntegrityError, match="unit_kind_known"), transaction.atomic():
        UnitFactory.create(organization=organization, kind="galaxy", slug="abc", name="x")
