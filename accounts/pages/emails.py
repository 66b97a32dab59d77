"""Emails about accounts. The templates are in ``templates/account/email/`` and have django-allauth's names.

One template contains the subject and the body of an email. Emails do not contain names, because anyone can have an
email sent to any address. The normalized address is the only user input in an email. Links start with
``PUBLIC_BASE_URL``, because the host of a request cannot be trusted.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from core.addresses import displayed_address
from core.emails import ServiceEmail, compose, message_id
from core.ids import uuid7


def render_account_email(name: str, recipient: str, context: dict[str, Any]) -> ServiceEmail:
    """Return the message in the active language. The heading repeats the subject."""
    [url] = (value for key, value in context.items() if key.endswith("_url"))
    context = {
        **context,
        "recipient": displayed_address(recipient),
        "link": public_url(url),
        "service": settings.PUBLIC_BASE_URL,
    }
    subject = _part(name, "subject.txt", context)
    context["subject"] = subject
    text, html = (_part(name, part, context) for part in ("body.txt", "body.html"))
    return compose(recipient, subject=subject, text=text, html=html, headers={"Message-ID": message_id(uuid7())})


def _part(name: str, part: str, context: dict[str, Any]) -> str:
    return render_to_string(f"{name}.txt", {**context, "part": f"emails/account/{part}"}).strip()


def public_url(url: str) -> str:
    """Return the absolute URL, starting with ``PUBLIC_BASE_URL``."""
    return settings.PUBLIC_BASE_URL + urlsplit(url)._replace(scheme="", netloc="").geturl()
