"""Scenes of an organization's settings, its seats and limits, and its end: archived, restored, deleted for good."""

from playwright.sync_api import Response

from orgs.models import Organization
from tests.browser.stage import Stage, confirm_password, open_as, open_as_owner, scene
from tests.factories import InvitationFactory, MembershipFactory


@scene(200)
def settings(stage: Stage) -> Response:
    return open_as_owner(stage, "/settings")


@scene(400)
def settings_refused(stage: Stage) -> Response:
    settings(stage)
    return stage.visitor.submit({"Name": "No\u202eeY", "Website": "ftp://example.com/"}, "Save")


@scene(200)
def settings_for_members(stage: Stage) -> Response:
    Organization.objects.update(website="https://riverside.example.com/", description="We row.\nWe also sail.")
    MembershipFactory.create(organization=stage.organization, user=stage.stranger)
    return open_as(stage, stage.stranger, "/settings")


@scene(200)
def seats_and_limits(stage: Stage) -> Response:
    Organization.objects.update(seat_limit=5)
    InvitationFactory.create(organization=stage.organization, inviter=stage.owner)
    return open_as_owner(stage, "/usage")


@scene(200)
def archiving_asked(stage: Stage) -> Response:
    return open_as_owner(stage, "/archive")


@scene(400)
def deletion_for_good_refused(stage: Stage) -> Response:
    archiving_asked(stage)
    stage.visitor.submit({}, "Archive")
    stage.visitor.page.get_by_role("link", name=stage.visitor.translated("Delete for good")).click()
    confirm_password(stage)
    return stage.visitor.submit({"Type the name of the organization": "Riverside"}, "Delete for good")
