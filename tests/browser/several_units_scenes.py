"""Scenes of an invitation to several workspaces and applications, which share an email and a page."""

from playwright.sync_api import Response

from core.addresses import normalize_address
from invitations.actions.inviting_together import UnitOffer, invite_to_units
from orgs.permissions import UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE
from tests.browser.stage import Stage, open_as_owner, scene
from tests.factories import UnitFactory
from tests.support.people import session_of


def invite_to_three(stage: Stage) -> None:
    """Invite the stranger to three units."""
    names = ("Field notes", "Annual report of the cooperative", "Library")
    kinds = ("application", "workspace", "workspace")
    roles = (UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE, UNIT_VIEWER_ROLE)
    units = [
        UnitFactory.create(organization=stage.organization, name=name, kind=kind)
        for name, kind in zip(names, kinds, strict=True)
    ]
    stage.invitation, *_ = invite_to_units(
        by=session_of(stage.owner),
        organization_id=stage.organization.pk,
        email=normalize_address("stranger@example.com"),
        units=[UnitOffer(unit.pk, role) for unit, role in zip(units, roles, strict=True)],
    )


@scene(200)
def several_units_signed_out(stage: Stage) -> Response:
    invite_to_three(stage)
    return stage.show()


@scene(200)
def several_units(stage: Stage) -> Response:
    invite_to_three(stage)
    stage.visitor.sign_in(stage.stranger)
    return stage.show()


@scene(200)
def several_units_accepted(stage: Stage) -> Response:
    several_units(stage)
    return stage.visitor.submit({}, "Accept")


@scene(200)
def several_units_among_people(stage: Stage) -> Response:
    invite_to_three(stage)
    return open_as_owner(stage, "/people")
