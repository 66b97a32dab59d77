"""Scenes of the pages of a member: roles, access, removal, transfer of the ownership, leaving."""

from playwright.sync_api import Response

from orgs.permissions import ADMIN_ROLE
from tests.browser.organization_scenes import add_people
from tests.browser.stage import Stage, open_after_password, open_as, open_as_owner, scene
from tests.support.people import membership_of


def open_page_of(stage: Stage, who: str, page: str = "", *, by: str = "owner") -> Response:
    """Open a page of a member: of the person with this name on the stage, as another one."""
    key = membership_of(getattr(stage, who), stage.organization).pk
    return open_as(stage, getattr(stage, by), f"/members/{key}{page}")


@scene(200)
def member_page(stage: Stage) -> Response:
    add_people(stage)
    return open_page_of(stage, "stranger")


@scene(200)
def own_member_page(stage: Stage) -> Response:
    add_people(stage)
    return open_page_of(stage, "stranger", by="stranger")


@scene(200)
def member_role(stage: Stage) -> Response:
    add_people(stage)
    return open_page_of(stage, "stranger", "/role")


@scene(409)
def member_role_refused(stage: Stage) -> Response:
    open_page_of(stage, "owner", "/role")
    stage.visitor.page.get_by_label(stage.visitor.translated("Role"), exact=True).select_option(str(ADMIN_ROLE))
    return stage.visitor.submit({}, "Save")


@scene(200)
def member_access(stage: Stage) -> Response:
    add_people(stage)
    return open_page_of(stage, "stranger", "/access")


@scene(200)
def member_removal_asked(stage: Stage) -> Response:
    add_people(stage)
    return open_page_of(stage, "stranger", "/remove")


@scene(200)
def leaving_refused(stage: Stage) -> Response:
    add_people(stage)
    return open_as(stage, stage.owner, "/leave")


@scene(200)
def leaving_asked(stage: Stage) -> Response:
    add_people(stage)
    return open_as(stage, stage.stranger, "/leave")


@scene(200)
def leaving_refused_without_another_member(stage: Stage) -> Response:
    return open_as_owner(stage, "/leave")


@scene(200)
def ownership_transfer_asked(stage: Stage) -> Response:
    add_people(stage)
    return open_after_password(stage, f"/members/{membership_of(stage.stranger, stage.organization).pk}/transfer")
