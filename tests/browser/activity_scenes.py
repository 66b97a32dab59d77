"""Scenes of the page *Activity* of an organization."""

from playwright.sync_api import Response

from invitations.actions.answering import accept
from orgs.actions.members import remove_member
from orgs.permissions import MANAGE_MEMBERS
from tests.browser.stage import Stage, open_as, open_as_owner, scene
from tests.factories import EventFactory, MembershipFactory
from tests.support.people import session_of


def fill(stage: Stage) -> None:
    """Let people act, and add an event of each kind of actor."""
    accept(by=session_of(stage.invitee), invitation_id=stage.invitation.pk)
    gone = MembershipFactory.create(organization=stage.organization, permissions=[MANAGE_MEMBERS])
    remove_member(by=session_of(stage.owner), organization_id=stage.organization.pk, membership_id=gone.pk)
    for method in ("staff", "service", "link", "api_key"):
        actor = stage.owner.pk if method in ("staff", "api_key") else None
        EventFactory.create(organization=stage.organization, actor_method=method, actor_id=actor)


def open_activity(stage: Stage, query: str = "") -> Response:
    return open_as_owner(stage, f"/activity{query}")


@scene(200)
def activity(stage: Stage) -> Response:
    fill(stage)
    return open_activity(stage)


@scene(200)
def activity_filtered(stage: Stage) -> Response:
    fill(stage)
    open_activity(stage)
    stage.visitor.page.get_by_label(stage.visitor.translated("Show"), exact=True).select_option("invitations")
    return stage.visitor.submit({"Email of a person": "invitee@example.com", "From": "2020-01-01"}, "Show")


@scene(200)
def activity_without_any(stage: Stage) -> Response:
    return open_activity(stage, "?group=keys")


@scene(400)
def activity_with_a_wrong_filter(stage: Stage) -> Response:
    return open_activity(stage, "?person=nonsense")


@scene(200)
def activity_on_a_further_page(stage: Stage) -> Response:
    EventFactory.create_batch(60, organization=stage.organization)
    open_activity(stage)
    with stage.visitor.page.expect_navigation() as navigation:
        stage.visitor.page.get_by_role("link", name=stage.visitor.translated("Older events")).click()
    return navigation.value


@scene(403)
def activity_not_for_members(stage: Stage) -> Response:
    MembershipFactory.create(organization=stage.organization, user=stage.stranger)
    return open_as(stage, stage.stranger, "/activity")
