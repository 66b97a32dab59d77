"""Scenes of an organization's workspaces and applications."""

from playwright.sync_api import Response

from orgs.models import Unit
from orgs.permissions import UNASSIGNED_ROLE, UNIT_ADMIN_ROLE, UNIT_EDITOR_ROLE
from tests.browser.stage import Stage, open_as, open_as_owner, scene
from tests.factories import MembershipFactory, UnitFactory, UserFactory


def add_unit(stage: Stage) -> Unit:
    """Add a workspace in which a person without a name and one with a name have roles."""
    unit: Unit = UnitFactory.create(organization=stage.organization, name="Boathouse", slug="boathouse")
    nameless = UserFactory.create(email=f"{'long' * 12}@example.com", first_name="", last_name="")
    for user, role in ((stage.stranger, UNIT_EDITOR_ROLE), (nameless, UNIT_ADMIN_ROLE)):
        MembershipFactory.create(organization=stage.organization, user=user, unit_roles={unit: role})
    return unit


@scene(200)
def units(stage: Stage) -> Response:
    UnitFactory.create(organization=stage.organization, kind=Unit.Kind.APPLICATION, name=f"Regatta {'results' * 8}")
    add_unit(stage)
    return open_as_owner(stage, "/workspaces")


@scene(200)
def units_without_any(stage: Stage) -> Response:
    MembershipFactory.create(organization=stage.organization, user=stage.stranger, role_id=UNASSIGNED_ROLE)
    return open_as(stage, stage.stranger, "/workspaces")


@scene(400)
def new_unit_refused(stage: Stage) -> Response:
    open_as_owner(stage, "/workspaces/new")
    return stage.visitor.submit({"Name": "No\u202eeY"}, "Create")


@scene(200)
def unit(stage: Stage) -> Response:
    return open_as_owner(stage, f"/workspaces/{add_unit(stage).pk}")


@scene(409)
def unit_change_refused(stage: Stage) -> Response:
    open_as_owner(stage, f"/workspaces/{add_unit(stage).pk}/change")
    return stage.visitor.submit({"Name in URLs": "main-workspace"}, "Save")


@scene(200)
def unit_deletion_asked(stage: Stage) -> Response:
    return open_as_owner(stage, f"/workspaces/{add_unit(stage).pk}/delete")


@scene(409)
def unit_deletion_refused(stage: Stage) -> Response:
    open_as_owner(stage, f"/workspaces/{stage.invitation.unit_id}/delete")
    return stage.visitor.submit({}, "Delete")
