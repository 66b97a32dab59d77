"""Scenes of every email: the HTML part, and the text part of some emails."""

from collections.abc import Callable
from datetime import timedelta
from html import escape

from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from playwright.sync_api import Response

from invitations.email.messages import render_invitation_email
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from tests.browser.name_scenes import HEBREW, LONG_WORD, RIGHT_TO_LEFT, rename
from tests.browser.stage import SCENES, Stage, write_personally
from tests.factories import UserFactory

REASON = "Too far away.\nBut thank you, and all the best."
TEXT = (
    "<!DOCTYPE html><html lang='{0}'><title>{1}</title>"
    "<main><h1>{1}</h1><pre style='white-space:pre-wrap;overflow-wrap:anywhere'>{2}</pre></main>"
)


def show(stage: Stage, kind: Email.Kind, *, as_text: bool = False) -> Response:
    """Open the email of this kind for the scene's invitation."""
    Organization.objects.update(language=stage.visitor.language)
    email = Email.objects.get()
    email.kind = kind
    email.recipient = stage.invitation.email if email.is_to_invitee else str(stage.owner.email)
    message = render_invitation_email(email, Invitation.objects.with_details().get(pk=stage.invitation.pk))
    return show_message(stage, message, as_text=as_text)


def show_message(stage: Stage, message: EmailMultiAlternatives, *, as_text: bool) -> Response:
    """Show the email in the browser, like a page of this site."""
    html, _ = message.alternatives[0]
    if as_text:
        html = TEXT.format(stage.visitor.language, escape(str(message.subject)), escape(str(message.body)))
    address = f"{stage.visitor.base_url}/mail"
    stage.visitor.page.route(address, lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
    return stage.visitor.go("/mail")


def email(kind: Email.Kind, prepare: Callable[[Stage], object] = lambda stage: None) -> Callable[[Stage], Response]:
    def play(stage: Stage) -> Response:
        prepare(stage)
        return show(stage, kind)

    return play


def as_text(kind: Email.Kind, prepare: Callable[[Stage], object] = lambda stage: None) -> Callable[[Stage], Response]:
    def play(stage: Stage) -> Response:
        prepare(stage)
        return show(stage, kind, as_text=True)

    return play


def refuse(stage: Stage) -> None:
    Email.objects.update(state="failed", response="550 5.1.1 No such mailbox here", due_at=None)
    stage.finish("error")


def expire(stage: Stage) -> None:
    stage.finish("expired", expires_at=timezone.now() - timedelta(days=1))


def defer(stage: Stage) -> None:
    Email.objects.update(state="deferred", response="451 4.3.0 Try again later")
    stage.finish("expired")


def from_staff(stage: Stage) -> None:
    stage.change(inviter=UserFactory.create(superuser=True), inviter_name="")


SCENES |= {
    "email-invitation": (200, email(Email.Kind.INVITATION)),
    "email-invitation-as-text": (200, as_text(Email.Kind.INVITATION)),
    "email-invitation-with-long-names": (
        200,
        email(Email.Kind.INVITATION, lambda s: rename(s, f"{LONG_WORD} {LONG_WORD}", f"Maxi {LONG_WORD}", LONG_WORD)),
    ),
    "email-invitation-from-right-to-left": (
        200,
        email(Email.Kind.INVITATION, lambda s: rename(s, RIGHT_TO_LEFT, HEBREW, RIGHT_TO_LEFT)),
    ),
    "email-invitation-with-a-message": (200, email(Email.Kind.INVITATION, write_personally)),
    "email-invitation-with-a-message-as-text": (200, as_text(Email.Kind.INVITATION, write_personally)),
    "email-invitation-from-staff": (200, email(Email.Kind.INVITATION, from_staff)),
    "email-reminder": (200, email(Email.Kind.REMINDER)),
    "email-reminder-from-staff": (200, email(Email.Kind.REMINDER, from_staff)),
    "email-accepted": (200, email(Email.Kind.ANSWERED, lambda s: s.finish("accepted"))),
    "email-declined": (200, email(Email.Kind.ANSWERED, lambda s: s.finish("declined", decline_reason=REASON))),
    "email-undeliverable": (200, email(Email.Kind.UNDELIVERABLE, refuse)),
    "email-undeliverable-in-time": (200, email(Email.Kind.UNDELIVERABLE, defer)),
    "email-new-invitation-asked-for": (200, email(Email.Kind.ASK_AGAIN, expire)),
}
