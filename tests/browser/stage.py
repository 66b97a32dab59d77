"""The stage of the scenes: the users and the invitation that scenes use, and the list of all scenes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from playwright.sync_api import Response

from accounts.models import User
from core.addresses import normalize_address
from invitations.actions import inviting
from invitations.models import Invitation
from orgs.actions.organizations import create_organization
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE, UNIT_EDITOR_ROLE
from tests.factories import UnitFactory, UserFactory
from tests.support.people import PASSWORD, session_of

ADDRESS = "invitee@example.com"


@dataclass
class Stage:
    """The visitor, the users and the invitation that a scene uses."""

    visitor: Any
    owner: User
    invitee: User
    stranger: User
    organization: Organization
    invitation: Invitation

    def change(self, **values: Any) -> None:
        Invitation.objects.filter(pk=self.invitation.pk).update(**values)

    def finish(self, status: str, **values: Any) -> None:
        self.change(status=status, finished_at=timezone.now(), **values)

    def show(self) -> Response:
        return self.visitor.open_email(self.invitation)


def set_stage(visitor: Any) -> Stage:
    """Create the users and an open invitation with a role, a permission, a unit and a unit role."""
    owner, invitee, stranger = (
        UserFactory.create(
            email=f"{name}@example.com", password=PASSWORD, first_name=name.capitalize(), last_name="Cast"
        )
        for name in ("owner", "invitee", "stranger")
    )
    organization = create_organization(by=session_of(owner), name="Riverside Cooperative", slug="riverside")
    workspace = UnitFactory.create(organization=organization, slug="main-workspace")
    invitation = inviting.invite(
        by=session_of(owner),
        organization_id=organization.pk,
        email=normalize_address(ADDRESS),
        role_id=EDITOR_ROLE,
        permissions=frozenset({"organization:manage_members"}),
        unit_id=workspace.pk,
        unit_role_id=UNIT_EDITOR_ROLE,
    )
    return Stage(visitor, owner, invitee, stranger, organization, invitation)


def write_personally(stage: Stage) -> None:
    """Add a name, and a message with a long word."""
    message = f"Great that you are coming!\nThe first meeting is on Monday: {'long' * 40}."
    Invitation.objects.filter(pk=stage.invitation.pk).update(invitee_name="Ivy Invitee", message=message)


SCENES: dict[str, tuple[int, Callable[[Stage], Response]]] = {}


def scene(status: int) -> Callable[[Callable[[Stage], Response]], Callable[[Stage], Response]]:
    """Register the function as a scene. `status` is the expected status of its page."""

    def register(play: Callable[[Stage], Response]) -> Callable[[Stage], Response]:
        SCENES[play.__name__.replace("_", "-")] = (status, play)
        return play

    return register


def open_as(stage: Stage, user: User, path: str) -> Response:
    """Sign in, and open a page of the organization."""
    stage.visitor.sign_in(user)
    response: Response = stage.visitor.go(f"/organizations/riverside{path}")
    return response


def open_as_owner(stage: Stage, path: str) -> Response:
    return open_as(stage, stage.owner, path)


def open_after_password(stage: Stage, path: str) -> Response:
    """Open a page of the organization as the owner, and enter the password, which the page asks for first."""
    open_as_owner(stage, path)
    return confirm_password(stage)


def confirm_password(stage: Stage) -> Response:
    response: Response = stage.visitor.submit({"Password": PASSWORD}, "Confirm")
    return response
