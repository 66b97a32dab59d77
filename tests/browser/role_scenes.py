"""Scenes of an organization's roles."""

from playwright.sync_api import Response

from orgs.models import Role
from orgs.permissions import LIST_PROJECTS, MANAGE_MEMBERS, UNIT_EDIT, UNIT_VIEW, Level
from tests.browser.stage import Stage, open_as, open_as_owner, scene
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory

LONG_NAME = f"Coordination {'long' * 12}"


def add_roles(stage: Stage) -> Role:
    """Add roles of both levels. Return one that a member has and an invitation offers."""
    RoleFactory.create(organization=stage.organization, name=LONG_NAME)
    RoleFactory.create(
        organization=stage.organization, name="Proofreader", level=Level.UNIT, permissions=[UNIT_EDIT, UNIT_VIEW]
    )
    role: Role = RoleFactory.create(
        organization=stage.organization, name="Recruiter", permissions=[LIST_PROJECTS, MANAGE_MEMBERS]
    )
    MembershipFactory.create(organization=stage.organization, user=stage.stranger, role_id=role.pk)
    InvitationFactory.create(organization=stage.organization, inviter=stage.owner, role=role)
    return role


@scene(200)
def roles(stage: Stage) -> Response:
    add_roles(stage)
    return open_as_owner(stage, "/roles")


@scene(200)
def roles_for_members(stage: Stage) -> Response:
    MembershipFactory.create(organization=stage.organization, user=stage.stranger)
    return open_as(stage, stage.stranger, "/roles")


@scene(409)
def new_role_refused(stage: Stage) -> Response:
    open_as_owner(stage, "/roles/new/organization")
    return stage.visitor.submit({"Name": "Editor"}, "Create")


@scene(200)
def new_unit_role(stage: Stage) -> Response:
    return open_as_owner(stage, "/roles/new/unit")


@scene(200)
def role_to_change(stage: Stage) -> Response:
    return open_as_owner(stage, f"/roles/{add_roles(stage).pk}/change")


@scene(200)
def role_deletion_asked(stage: Stage) -> Response:
    return open_as_owner(stage, f"/roles/{add_roles(stage).pk}/delete")
