"""Scenes of the emails about accounts. The emails about invitations are in `email_scenes.py`."""

from collections.abc import Callable
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from playwright.sync_api import Response

from accounts.email.models import AccountEmail
from tests.accounts.emailing import ASK, NOBODYS, emailed
from tests.browser.email_scenes import show_message
from tests.browser.stage import SCENES, Stage, scene
from tests.factories import AccountEmailFactory, WebhookEndpointFactory
from tests.support.outbox import account_emails

LONG = f"{'long-' * 11}name@{'long-' * 11}domain.example.com"


def email(kind: str, *, as_text: bool = False, address: str = NOBODYS) -> Callable[[Stage], Response]:
    def play(stage: Stage) -> Response:
        message = emailed(kind, stage.invitee, address=address, accept_language=stage.visitor.language)
        return show_message(stage, message, as_text=as_text)

    return play


SCENES |= {f"email-{kind}": (200, email(kind)) for kind in ASK}
SCENES["email-new-password-as-text"] = (200, email("new-password", as_text=True))
SCENES["email-further-address-with-a-long-one"] = (200, email("further-address", address=LONG))


# Security notices. Those about an organization name it, and the person whose access has changed.

Purpose = AccountEmail.Purpose
ABOUT_YOU = (
    *(Purpose.PASSWORD_CHANGED, Purpose.TWO_FACTOR_ADDED, Purpose.TWO_FACTOR_ENDED, Purpose.RECOVERY_CODES_RENEWED),
    *(Purpose.IDENTITY_LINKED, Purpose.ADDRESS_ADDED, Purpose.MAIN_ADDRESS_CHANGED, Purpose.ROLE_CHANGED),
)
ABOUT_OTHERS = (
    *(Purpose.MEMBERSHIP_ENDED, Purpose.OWNERSHIP_TRANSFERRED),
    *(Purpose.API_KEY_CREATED, Purpose.OAUTH_APPLICATION_CREATED),
)


def notice(purpose: Purpose, *, about_you: bool, object_id: UUID | None = None) -> Callable[[Stage], Response]:
    def play(stage: Stage) -> Response:
        """Send the notice to the owner, about the owner or the invitee, who is no member."""
        person = stage.owner if about_you else stage.invitee
        ids = {"organization_id": stage.organization.pk, "person_id": person.pk, "object_id": object_id}
        AccountEmailFactory.create(purpose=purpose, user=stage.owner, language=stage.visitor.language, **ids)
        message = account_emails()[-1]
        assert isinstance(message, EmailMultiAlternatives)
        return show_message(stage, message, as_text=False)

    return play


SCENES |= {f"email-{purpose.replace('_', '-')}": (200, notice(purpose, about_you=True)) for purpose in ABOUT_YOU}
SCENES |= {f"email-{purpose.replace('_', '-')}": (200, notice(purpose, about_you=False)) for purpose in ABOUT_OTHERS}


@scene(200)
def email_webhook_disabled(stage: Stage) -> Response:
    endpoint = WebhookEndpointFactory.create(organization=stage.organization, state="failing", description="Directory")
    return notice(Purpose.WEBHOOK_DISABLED, about_you=False, object_id=endpoint.pk)(stage)
