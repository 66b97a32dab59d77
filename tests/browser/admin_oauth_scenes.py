"""Scenes of the admin pages about OAuth clients."""

from playwright.sync_api import Response

from orgs.oauth.applications import register_personal_client
from tests.browser.admin_scenes import as_staff
from tests.browser.consent_scenes import client_of
from tests.browser.stage import Stage, scene
from tests.support.people import session_of

PAGES = "accounts/oauthapplication/"


@scene(200)
def admin_applications(stage: Stage) -> Response:
    client_of(stage, "https://client.example.com/callback")
    return as_staff(stage, PAGES)


@scene(200)
def admin_application(stage: Stage) -> Response:
    made, _ = register_personal_client(by=session_of(stage.owner), name="Script")
    return as_staff(stage, f"{PAGES}{made.pk}/change/")


@scene(200)
def admin_client(stage: Stage) -> Response:
    made = client_of(stage, "https://client.example.com/callback")
    return as_staff(stage, f"{PAGES}{made.pk}/change/")


@scene(200)
def admin_application_registering(stage: Stage) -> Response:
    return as_staff(stage, f"{PAGES}add/")


@scene(200)
def admin_application_refused(stage: Stage) -> Response:
    as_staff(stage, f"{PAGES}add/")
    return stage.visitor.submit({"Name:": "Calendar", "Owner:": "nobody@example.com"}, "Register an application")


@scene(200)
def admin_application_registered(stage: Stage) -> Response:
    as_staff(stage, f"{PAGES}add/")
    form = {
        "Name:": "Calendar",
        "Owner:": "owner@example.com",
        "Redirect URIs:": "https://client.example.com/back",
    }
    return stage.visitor.submit(form, "Register an application")
