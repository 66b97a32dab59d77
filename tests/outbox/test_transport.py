"""Test that sending through a provider's HTTP API (django-anymail) has the same three results as SMTP."""

from collections.abc import Callable
from typing import Any

import pytest
from anymail.exceptions import AnymailAPIError
from anymail.message import AnymailRecipientStatus
from django.core import mail
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.module_loading import import_string
from pytest_django import Settings

from invitations.email.messages import render_invitation_email
from invitations.email.models import Email
from invitations.models import Invitation
from outbox.email_transport import TAG_ONLY_PROVIDERS, send_message
from outbox.outcomes import Outcome
from perfectworks.environment import WEBHOOK_PROOFS


def send_through_provider(response: Any = None) -> Outcome:
    message = EmailMultiAlternatives("Hello", "Hello", "no-reply@example.com", ["invitee@example.com"])
    if response is not None:
        message.anymail_test_response = response  # type: ignore[attr-defined]
    return send_message(get_connection("anymail.backends.test.EmailBackend"), message)


def status(name: str) -> dict[str, Any]:
    return {"recipient_status": {"invitee@example.com": AnymailRecipientStatus(message_id="1", status=name)}}


@pytest.mark.parametrize("name", ["sent", "queued"])
def test_an_email_accepted_by_a_provider_is_sent(name: str) -> None:
    before = len(mail.outbox)
    assert send_through_provider(status(name)) == Outcome(Email.State.SENT, "1")
    assert len(mail.outbox) == before + 1


@pytest.mark.parametrize("name", ["rejected", "invalid"])
def test_a_recipient_rejected_by_a_provider_is_final(name: str) -> None:
    outcome = send_through_provider(status(name))
    assert (outcome.state, outcome.by_server) == ("failed", True)
    assert outcome.detail.startswith("All message recipients were rejected or invalid")


def test_an_error_of_the_provider_defers_the_email() -> None:
    outcome = send_through_provider(AnymailAPIError("503 Service Unavailable"))
    assert (outcome.state, outcome.detail) == ("deferred", "503 Service Unavailable")


@pytest.mark.django_db
@pytest.mark.parametrize("webhook", ["", "postmark", "postal"])
def test_a_reporting_provider_gets_the_id_of_the_email(
    invite: Callable[..., Invitation], settings: Settings, mailoutbox: list[Any], webhook: str
) -> None:
    settings.EMAIL_WEBHOOK = webhook
    invitation = Invitation.objects.with_details().get(pk=invite().pk)
    email = invitation.emails.get()

    send_message(get_connection("anymail.backends.test.EmailBackend"), render_invitation_email(email, invitation))

    [message] = mailoutbox
    params = message.anymail_test_params
    assert params.get("metadata") == ({"mail_id": email.pk.hex} if webhook == "postmark" else None)
    assert params.get("tags") == ([email.pk.hex] if webhook == "postal" else None)


@pytest.mark.parametrize("provider", sorted(set(WEBHOOK_PROOFS) - {"amazon_ses"}))
def test_every_reporting_provider_supports_the_id(provider: str) -> None:
    payload = import_string(f"anymail.backends.{provider}.{PAYLOADS[provider]}Payload")

    assert ("set_tags" if provider in TAG_ONLY_PROVIDERS else "set_metadata") in vars(payload)
    assert ("set_metadata" in vars(payload)) == (provider not in TAG_ONLY_PROVIDERS)


PAYLOADS = {
    "brevo": "Brevo",
    "mailersend": "MailerSend",
    "mailgun": "Mailgun",
    "mailjet": "Mailjet",
    "mailtrap": "Mailtrap",
    "mandrill": "Mandrill",
    "postal": "Postal",
    "postmark": "Postmark",
    "resend": "Resend",
    "sendgrid": "SendGrid",
    "sparkpost": "SparkPost",
    "unisender_go": "UnisenderGo",
}
