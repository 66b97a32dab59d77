"""What a provider's event means here, in the words of ``reports.py``; django-anymail has made most of them alike."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from anymail.signals import RejectReason

from invitations.email.delivery_reports import Report
from invitations.email.models import Email
from invitations.email.queue import METADATA_KEY
from invitations.email.transport import reply_code, stored_line

# A provider also rejects what is our fault: a quota used up, a sandbox, a header or content that it does not like.
ABOUT_THE_RECIPIENT = {RejectReason.INVALID, RejectReason.BOUNCED, RejectReason.UNSUBSCRIBED, RejectReason.SPAM}

HARD_CLASSES_OF_SPARKPOST = {"10", "30", "90"}

# Its "hard_bounced" is also said of a full mailbox, of what looks like spam, and of letters that it lost itself.
HARD_STATUSES_OF_UNISENDER = {
    "err_user_unknown",
    "err_user_inactive",
    "err_mailbox_discarded",
    "err_domain_inactive",
    "err_unreachable",
    "err_unsubscribed",
}

# django-anymail calls each given-up mail "bounced"; only these say that the address itself is no good.
SAYS_HARD: dict[str, Callable[[Any], bool]] = {
    "Amazon SES": lambda said: said["bounce"]["bounceType"] == "Permanent",
    "Brevo": lambda said: said["event"] in ("hard_bounce", "invalid_email"),
    "MailerSend": lambda said: said["data"]["type"] == "hard_bounced",
    "Mailgun": lambda said: said["event-data"]["severity"] == "permanent",
    "Mailjet": lambda said: said["hard_bounce"] is True,
    "Mailtrap": lambda said: said["event"] == "bounce",
    "Mandrill": lambda said: said["event"] == "hard_bounce",
    # It gives up in the same words without a server's answer, and whatever comes back later, an absence note too, is
    # "a bounce" to it.
    "Postal": lambda said: said["payload"]["status"] == "HardFail" and said["payload"]["output"].startswith("5"),
    "Postmark": lambda said: said["Type"] == "HardBounce",
    "Resend": lambda said: said["data"]["bounce"]["type"] == "Permanent",
    "SendGrid": lambda said: said["type"] == "bounce",
    "SparkPost": lambda said: (
        {str(event["bounce_class"]) for event in said["msys"].values()} <= HARD_CLASSES_OF_SPARKPOST
    ),
    "Unisender Go": lambda said: said["delivery_info"]["delivery_status"] in HARD_STATUSES_OF_UNISENDER,
}

# What django-anymail does not know yet, or calls otherwise. A held mail waits until somebody at Postal lets it go.
ALSO_SAID = {
    ("MailerSend", "activity.deferred"): "deferred",
    ("Mandrill", "delivered"): "delivered",
    ("Postal", "MessageHeld"): "deferred",
}


def report_of(event: Any, provider: str) -> Report | None:
    """The report in an event; None for what is no business of ours, such as openings and clicks.

    ``rejected`` is final where it clearly is about the recipient; else it is ours to mend, like ``failed``.
    """
    words = stored_line(str(event.mta_response or event.description or "")).removeprefix("smtp;").lstrip()  # RFC 3464
    kind = _kind_of(event, provider)
    if kind == "bounced":
        hard = _is_hard(event, provider)
        return Report(Email.State.BOUNCED if hard else Email.State.DEFERRED, reply_code(words), words, is_final=hard)
    states = {
        "queued": Email.State.SENT,
        "sent": Email.State.SENT,
        "deferred": Email.State.DEFERRED,
        "delivered": Email.State.DELIVERED,
        "complained": Email.State.COMPLAINED,
        "rejected": Email.State.FAILED,
        "failed": Email.State.FAILED,
    }
    if kind not in states:
        return None
    state, is_final = states[kind], _is_about_recipient(event)
    return Report(state, reply_code(words) if is_final else kind, words, is_final=is_final)


def email_of(event: Any, provider: str) -> UUID | None:
    """The id of our mail that an event is about: what we sent along, else our Message-ID. Never its address."""
    message_id = _message_id(event, provider)
    metadata, tags = event.metadata or {}, event.tags or []
    for sent_along in (metadata.get(METADATA_KEY), *tags):
        email_id = _uuid(sent_along)
        if email_id is not None:
            return email_id
    if not _is_message_id(message_id):
        return None
    return Email.objects.filter(message_id=str(message_id)[:255]).values_list("pk", flat=True).first()


def _message_id(event: Any, provider: str) -> object:
    if provider == "Postal":  # to django-anymail it is the number that Postal gave the mail
        payload = event.esp_event["payload"]
        return f"<{(payload.get('message') or payload['original_message'])['message_id']}>"
    return event.message_id


def _kind_of(event: Any, provider: str) -> str:
    if provider == "Postal" and _is_hard(event, provider):
        return "bounced"
    said = event.esp_event if isinstance(event.esp_event, dict) else {}
    return ALSO_SAID.get((provider, str(said.get("event") or said.get("type"))), str(event.event_type))


def _is_hard(event: Any, provider: str) -> bool:
    """Whether the address is no good for good; what does not clearly say so never ends an invitation."""
    try:
        return SAYS_HARD[provider](event.esp_event)
    except (AttributeError, KeyError, TypeError):
        return False


def _is_about_recipient(event: Any) -> bool:
    return event.event_type == "rejected" and event.reject_reason in ABOUT_THE_RECIPIENT


def _is_message_id(text: object) -> bool:
    return isinstance(text, str) and bool(re.fullmatch(r"<[!-~]{1,253}>", text, re.ASCII))


def _uuid(text: object) -> UUID | None:
    return UUID(text) if isinstance(text, str) and re.fullmatch(r"[0-9a-f]{32}", text, re.ASCII) else None
