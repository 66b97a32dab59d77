"""Scenes with difficult names and logos: long, without spaces, and right-to-left."""

from playwright.sync_api import Response

from orgs.models import Organization, Role, Unit
from tests.browser.stage import ADDRESS, Stage, scene
from tests.factories import RoleFactory

LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
RIGHT_TO_LEFT = "جمعية النهر التعاونية"
HEBREW = "שלומית כהן-לוי"
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="#fff6e0"/>'
    '<circle cx="32" cy="27" r="13" fill="#e39b2d"/><g fill="none" stroke="#2b5fa4" stroke-width="5">'
    '<path d="M8 40q8-7 16 0t16 0 16 0" stroke="#fff6e0" stroke-width="13"/>'
    '<path d="M8 41q8-7 16 0t16 0 16 0M8 52q8-7 16 0t16 0 16 0" stroke-linecap="round"/></g></svg>'
)


def rename(stage: Stage, organization: str, inviter: str, unit: str) -> None:
    Organization.objects.filter(pk=stage.organization.pk).update(name=organization)
    Unit.objects.update(name=unit)
    stage.change(inviter_name=inviter)


@scene(200)
def with_a_logo(stage: Stage) -> Response:
    address = f"{stage.visitor.base_url}/logos/riverside.svg"
    stage.visitor.page.route(address, lambda route: route.fulfill(body=LOGO, content_type="image/svg+xml"))
    Organization.objects.update(logo_url=address)
    stage.visitor.sign_in(stage.invitee)
    return stage.show()


@scene(200)
def with_a_logo_that_is_gone(stage: Stage) -> Response:
    Organization.objects.update(logo_url=f"{stage.visitor.base_url}/static/gone.svg")
    stage.visitor.sign_in(stage.invitee)
    return stage.show()


@scene(200)
def with_long_names(stage: Stage) -> Response:
    rename(stage, f"{LONG_WORD} {LONG_WORD} zu Linz", f"Maximiliane {LONG_WORD}", LONG_WORD)
    stage.change(email=f"{'long-' * 12}name@{'very-' * 11}long.{'long-' * 11}domain.example.com", role=own_role(stage))
    return stage.show()


@scene(410)
def withdrawn_with_long_names(stage: Stage) -> Response:
    rename(stage, LONG_WORD * 3, f"Maximiliane {LONG_WORD}", LONG_WORD)
    stage.finish("cancelled")
    return stage.show()


@scene(200)
def with_names_from_right_to_left(stage: Stage) -> Response:
    rename(stage, RIGHT_TO_LEFT, HEBREW, RIGHT_TO_LEFT)
    stage.visitor.sign_in(stage.invitee)
    return stage.show()


@scene(200)
def my_invitations_with_long_names(stage: Stage) -> Response:
    rename(stage, LONG_WORD * 3, LONG_WORD, LONG_WORD)
    assert stage.invitation.email == ADDRESS
    stage.visitor.sign_in(stage.invitee)
    return stage.visitor.go("/invitations")


def own_role(stage: Stage) -> Role:
    return RoleFactory.create(organization=stage.organization, name="Datenschutzbeauftragtenstellvertretung")
