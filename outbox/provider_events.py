"""Convert an email provider's event, normalized by django-anymail, to a ``Report``."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from anymail.signals import RejectReason

from outbox.delivery_reports import Report
from outbox.email_transport import METADATA_KEY, reply_code
from outbox.handlers import email_queues
from outbox.models import DeliveryState
from outbox.outcomes import stored_line

# Reasons that are about the recipient. The others are about this service: a quota, a sandbox account, the content.
RECIPIENT_REASONS = {RejectReason.INVALID, RejectReason.BOUNCED, RejectReason.UNSUBSCRIBED, RejectReason.SPAM}

SPARKPOST_HARD_BOUNCE_CLASSES = {"10", "30", "90"}

# Unisender also reports "hard_bounced" for a full mailbox, for suspected spam, and for emails that Unisender lost.
UNISENDER_HARD_BOUNCE_STATUSES = {
    "err_user_unknown",
    "err_user_inactive",
    "err_mailbox_discarded",
    "err_domain_inactive",
    "err_unreachable",
    "err_unsubscribed",
}

# For each provider: whether a bounce means that the address does not work. A "bounced" event can have other reasons.
IS_HARD_BOUNCE: dict[str, Callable[[Any], bool]] = {
    "Amazon SES": lambda event: event["bounce"]["bounceType"] == "Permanent",
    "Brevo": lambda event: event["event"] in ("hard_bounce", "invalid_email"),
    "MailerSend": lambda event: event["data"]["type"] == "hard_bounced",
    "Mailgun": lambda event: event["event-data"]["severity"] == "permanent",
    "Mailjet": lambda event: event["hard_bounce"] is True,
    "Mailtrap": lambda event: event["event"] == "bounce",
    "Mandrill": lambda event: event["event"] == "hard_bounce",
    # Postal also reports HardFail if there is no server response. It reports every reply to the email as a bounce, even
    # an out-of-office reply. So only a 5xx response is a hard bounce.
    "Postal": lambda event: event["payload"]["status"] == "HardFail" and event["payload"]["output"].startswith("5"),
    "Postmark": lambda event: event["Type"] == "HardBounce",
    "Resend": lambda event: event["data"]["bounce"]["type"] == "Permanent",
    "SendGrid": lambda event: event["type"] == "bounce",
    "SparkPost": lambda event: (
        {str(message["bounce_class"]) for message in event["msys"].values()} <= SPARKPOST_HARD_BOUNCE_CLASSES
    ),
    "Unisender Go": lambda event: event["delivery_info"]["delivery_status"] in UNISENDER_HARD_BOUNCE_STATUSES,
}

# Event types that django-anymail does not know or maps to another type. A held email at Postal waits until an operator
# releases it, so it counts as deferred.
EVENT_TYPE_OVERRIDES = {
    ("MailerSend", "activity.deferred"): "deferred",
    ("Mandrill", "delivered"): "delivered",
    ("Postal", "MessageHeld"): "deferred",
}


def report_of(event: Any, provider: str) -> Report | None:
    """Return the report for an event. Return None if the event is not about delivery, such as an open or a click.

    ``rejected`` is final only for a reason in ``RECIPIENT_REASONS``. For other reasons, and for ``failed``, the report
    is not final, because the operator must fix the cause.
    """
    text = stored_line(str(event.mta_response or event.description or ""))
    response = text.removeprefix("smtp;").lstrip()  # RFC 3464
    kind = _kind_of(event, provider)
    if kind == "bounced":
        is_hard = _is_hard(event, provider)
        state = DeliveryState.BOUNCED if is_hard else DeliveryState.DEFERRED
        return Report(state, reply_code(response), response, is_final=is_hard)
    states = {
        "queued": DeliveryState.SENT,
        "sent": DeliveryState.SENT,
        "deferred": DeliveryState.DEFERRED,
        "delivered": DeliveryState.DELIVERED,
        "complained": DeliveryState.COMPLAINED,
        "rejected": DeliveryState.FAILED,
        "failed": DeliveryState.FAILED,
    }
    if kind not in states:
        return None
    is_final = _is_about_recipient(event)
    return Report(states[kind], reply_code(response) if is_final else kind, response, is_final=is_final)


def email_of(event: Any, provider: str) -> UUID | None:
    """Return the id of the event's email.

    The id is read from metadata, tags or the Message-ID. Emails are never identified by their address.
    """
    message_id = _message_id(event, provider)
    metadata, tags = event.metadata or {}, event.tags or []
    for value in (metadata.get(METADATA_KEY), *tags):
        email_id = _uuid(value)
        if email_id is not None:
            return email_id
    if not _is_message_id(message_id):
        return None
    return _with_message_id(str(message_id)[:255])


def _with_message_id(message_id: str) -> UUID | None:
    for queue in email_queues():
        rows: Any = queue.model._default_manager
        row = rows.filter(message_id=message_id).first()
        if row is not None:
            return UUID(str(row.pk))
    return None


def _message_id(event: Any, provider: str) -> object:
    if provider == "Postal":  # django-anymail returns Postal's own id instead of the Message-ID
        payload = event.esp_event["payload"]
        return f"<{(payload.get('message') or payload['original_message'])['message_id']}>"
    return event.message_id


def _kind_of(event: Any, provider: str) -> str:
    if provider == "Postal" and _is_hard(event, provider):
        return "bounced"
    payload = event.esp_event if isinstance(event.esp_event, dict) else {}
    return EVENT_TYPE_OVERRIDES.get((provider, str(payload.get("event") or payload.get("type"))), str(event.event_type))


def _is_hard(event: Any, provider: str) -> bool:
    """Return whether the bounce means that the address does not work. An unexpected payload counts as a soft bounce."""
    try:
        return IS_HARD_BOUNCE[provider](event.esp_event)
    except (AttributeError, KeyError, TypeError):
        return False


def _is_about_recipient(event: Any) -> bool:
    return event.event_type == "rejected" and event.reject_reason in RECIPIENT_REASONS


def _is_message_id(text: object) -> bool:
    return isinstance(text, str) and bool(re.fullmatch(r"<[!-~]{1,253}>", text, re.ASCII))


def _uuid(text: object) -> UUID | None:
    return UUID(text) if isinstance(text, str) and re.fullmatch(r"[0-9a-f]{32}", text, re.ASCII) else None
