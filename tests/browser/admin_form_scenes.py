"""Scenes of the forms that buttons of the admin open."""

from playwright.sync_api import Response

from orgs.permissions import EDITOR_ROLE
from tests.browser.admin_scenes import add_more_rows, as_staff
from tests.browser.stage import Stage, scene
from tests.factories import MembershipFactory, RoleFactory
from tests.support.people import membership_of


@scene(200)
def admin_role(stage: Stage) -> Response:
    member = MembershipFactory.create(organization=stage.organization, user=stage.stranger, role_id=EDITOR_ROLE)
    return as_staff(stage, f"orgs/membership/{member.pk}/do/role")


@scene(200)
def admin_role_refused(stage: Stage) -> Response:
    """A manager of the organization deletes the role while the form is open."""
    role = RoleFactory.create(organization=stage.organization, name="Press")
    admin_role(stage)
    stage.visitor.page.get_by_label("Role in the organization").select_option("Press")
    role.delete()
    return stage.visitor.submit({}, "Change role")


@scene(200)
def admin_invite(stage: Stage) -> Response:
    return as_staff(stage, f"orgs/organization/{stage.organization.pk}/do/invite")


@scene(200)
def admin_invite_refused(stage: Stage) -> Response:
    admin_invite(stage)
    return stage.visitor.submit({"Email address:": "owner@example.com"}, "Invite")


@scene(200)
def admin_organization_creation(stage: Stage) -> Response:
    return as_staff(stage, "orgs/organization/add/")


@scene(200)
def admin_unit_role(stage: Stage) -> Response:
    return as_staff(stage, f"orgs/membership/{membership_of(stage.owner, stage.organization).pk}/do/unit-role")


@scene(200)
def admin_invite_many(stage: Stage) -> Response:
    return as_staff(stage, f"orgs/organization/{stage.organization.pk}/do/invite-many")


def preview_many(stage: Stage) -> Response:
    admin_invite_many(stage)
    people = (
        "email,name,role\nann@example.com,Ann Lee,Chief\nowner@example.com,,\nnobody@,,\n"
        "a.rather.long.address@department.hillside.example.com,,\n"
    )
    return stage.visitor.submit({"Email addresses:": people}, "Preview")


@scene(200)
def admin_invite_many_preview(stage: Stage) -> Response:
    return preview_many(stage)


@scene(400)
def admin_invite_many_refused(stage: Stage) -> Response:
    admin_invite_many(stage)
    return stage.visitor.submit({"Email addresses:": "nobody"}, "Preview")


@scene(200)
def admin_invite_many_result(stage: Stage) -> Response:
    preview_many(stage)
    return stage.visitor.submit({}, "Invite 1 person")


def select_invitations(stage: Stage, action: str) -> Response:
    """Select all invitations of the list, and press "Go"."""
    add_more_rows(stage)
    as_staff(stage, "invitations/invitation/")
    page = stage.visitor.page
    page.get_by_label("Action:").select_option(action)
    for box in page.get_by_role("checkbox", name="Select this object").all():
        box.check()
    return stage.visitor.submit({}, "Go")


@scene(200)
def admin_asks_before_withdrawing_selected_invitations(stage: Stage) -> Response:
    return select_invitations(stage, "Withdraw")


@scene(200)
def admin_asks_how_long_to_extend_selected_invitations(stage: Stage) -> Response:
    return select_invitations(stage, "Extend")


@scene(200)
def admin_selected_invitations_withdrawn(stage: Stage) -> Response:
    select_invitations(stage, "Withdraw")
    return stage.visitor.submit({}, "Withdraw")
