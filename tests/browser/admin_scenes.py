"""Scenes of the main admin pages."""

from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import override_settings
from playwright.sync_api import Response

from accounts.models import User
from core.addresses import normalize_address
from invitations.actions import answering, inviting
from invitations.models import Invitation
from orgs.actions.organizations import archive_organization
from tests.browser.stage import Stage, scene
from tests.factories import UnitFactory, UserFactory
from tests.outbox.scripted_server import ScriptedServer, server_process
from tests.support.outbox import deliver_next
from tests.support.people import session_of

TYPO = "typo@example.com"


def as_staff(stage: Stage, path: str) -> Response:
    """Open an admin page as a superuser."""
    staff = UserFactory.create(email="staff@example.com", first_name="Staff", last_name="Cast")
    User.objects.filter(pk=staff.pk).update(is_staff=True, is_superuser=True)
    staff.refresh_from_db()
    stage.visitor.sign_in(staff)
    return stage.visitor.go(f"/admin/{path}")


def add_more_rows(stage: Stage) -> None:
    """Add a member, an application, an open invitation, and an invitation whose email was rejected."""
    UnitFactory.create(organization=stage.organization, slug="field-notes", kind="application")
    answering.accept(by=session_of(stage.invitee), invitation_id=stage.invitation.pk)
    inviting.invite(
        by=session_of(stage.owner),
        organization_id=stage.organization.pk,
        email=normalize_address("newcomer@example.com"),
    )
    inviting.invite(by=session_of(stage.owner), organization_id=stage.organization.pk, email=normalize_address(TYPO))
    deliver_all_emails()


def deliver_all_emails() -> None:
    """Deliver every due email, as the worker does. The server rejects the address `TYPO`."""
    backend = "django.core.mail.backends.smtp.EmailBackend"
    with TemporaryDirectory() as spool, server_process() as channel:
        server = ScriptedServer(channel, Path(spool))
        server.rcpt_replies = {TYPO: "550 5.1.1 No such mailbox here"}
        with override_settings(EMAIL_BACKEND=backend, EMAIL_HOST="127.0.0.1", EMAIL_PORT=server.port):
            while deliver_next():
                pass


@scene(200)
def admin_index(stage: Stage) -> Response:
    return as_staff(stage, "")


@scene(200)
def admin_organizations(stage: Stage) -> Response:
    return as_staff(stage, "orgs/organization/")


@scene(200)
def admin_organization(stage: Stage) -> Response:
    add_more_rows(stage)
    return as_staff(stage, f"orgs/organization/{stage.organization.pk}/change/")


@scene(200)
def admin_asks_before_archiving(stage: Stage) -> Response:
    return as_staff(stage, f"orgs/organization/{stage.organization.pk}/do/archive")


@scene(200)
def admin_asks_before_permanent_deletion(stage: Stage) -> Response:
    archive_organization(by=session_of(stage.owner), organization_id=stage.organization.pk)
    return as_staff(stage, f"orgs/organization/{stage.organization.pk}/do/purge")


@scene(200)
def admin_invitations(stage: Stage) -> Response:
    add_more_rows(stage)
    return as_staff(stage, "invitations/invitation/")


@scene(200)
def admin_invitation(stage: Stage) -> Response:
    return as_staff(stage, f"invitations/invitation/{stage.invitation.pk}/change/")


@scene(200)
def admin_invitation_refused(stage: Stage) -> Response:
    add_more_rows(stage)
    refused = Invitation.objects.get(email=TYPO)
    return as_staff(stage, f"invitations/invitation/{refused.pk}/change/")


@scene(200)
def admin_user(stage: Stage) -> Response:
    return as_staff(stage, f"accounts/user/{stage.invitee.pk}/change/")


@scene(200)
def admin_roles(stage: Stage) -> Response:
    return as_staff(stage, "orgs/role/")


@scene(200)
def admin_events(stage: Stage) -> Response:
    add_more_rows(stage)
    return as_staff(stage, f"events/event/?organization={stage.organization.pk}")
