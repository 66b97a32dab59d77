"""DELETE /organizations/{id}/workspaces/{unitId} and …/applications/{unitId}."""

import pytest

from core.addresses import normalize_address
from invitations.actions.inviting import invite
from orgs.permissions import ADMIN, UNIT_ADMIN_ROLE, UNIT_VIEWER_ROLE
from tests.factories import RoleAssignmentFactory, UnitFactory
from tests.orgs.api.house import ABSENT, ANONYMOUS, DONE, NO_UNIT, OUTSIDER, at, lacking, refused, said
from tests.support.changes import event, track_changes
from tests.support.people import membership_of


def test_it_is_deleted_with_its_roles(by, organization, admin, member, kind, unit):
    RoleAssignmentFactory.create(membership=membership_of(member, organization), unit=unit, role_id=UNIT_VIEWER_ROLE)

    with track_changes() as changes:
        assert said(by("admin").delete(at(organization, kind, unit.pk))) == DONE

    assert changes.tables == {"orgs.Unit": (0, 0, 1), "orgs.RoleAssignment": (0, 0, 1)}
    assert changes.events == [
        event(
            "membership.unit_role_removed", membership_of(member, organization), admin, organization, unit_id=unit.pk
        ),
        event("unit.deleted", unit, admin, organization, unit_kind=unit.kind),
    ]


def test_it_cannot_be_deleted_while_an_invitation_to_it_is_open(by, organization, owner, kind, unit, principal):
    invite(
        by=principal(owner),
        organization_id=organization.pk,
        email=normalize_address("invitee@example.com"),
        unit_id=unit.pk,
        unit_role_id=UNIT_VIEWER_ROLE,
    )

    with track_changes() as changes:
        assert said(by("owner").delete(at(organization, kind, unit.pk))) == refused(
            409, "unit_in_use", "An open invitation names this: cancel it first."
        )

    assert changes.nothing


def test_its_admin_is_refused(by, organization, member, kind, unit):
    RoleAssignmentFactory.create(membership=membership_of(member, organization), unit=unit, role_id=UNIT_ADMIN_ROLE)

    with track_changes() as changes:
        assert said(by("member").delete(at(organization, kind, unit.pk))) == lacking(ADMIN)

    assert changes.nothing


def test_foreign_and_unknown_units_and_units_of_the_other_kind_get_the_same_response(
    by, organization, other_organization, workspace, application
):
    foreign = UnitFactory.create(organization=other_organization, slug="foreign")

    for key in (foreign.pk, ABSENT, application.pk):
        with track_changes() as changes:
            assert said(by("owner").delete(at(organization, "workspaces", key))) == NO_UNIT
        assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(ADMIN))]
)
def test_callers_without_permission_are_refused(by, organization, other_organization, kind, unit, who, answer):
    with track_changes() as changes:
        assert said(by(who).delete(at(organization, kind, unit.pk))) == answer

    assert changes.nothing
