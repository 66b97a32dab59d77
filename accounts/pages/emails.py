"""Emails about accounts: ``templates/account/email/``, under django-allauth's names.

One template has the texts for all parts of an email. Emails contain no names, as anybody can have them sent to any
address; the normalized address is the only user input. Links start with ``PUBLIC_BASE_URL``, as a request's host cannot
be trusted.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from core.emails import UnfoldedMessage, compose, message_id
from core.ids import uuid7


def render_account_email(name: str, recipient: str, context: dict[str, Any]) -> UnfoldedMessage:
    """Return the message in the active language. The subject is also the heading."""
    [url] = (value for key, value in context.items() if key.endswith("_url"))
    context = {**context, "recipient": recipient, "link": public_url(url), "service": settings.PUBLIC_BASE_URL}
    subject = _part(name, "subject.txt", context)
    context["subject"] = subject
    text, html = (_part(name, part, context) for part in ("body.txt", "body.html"))
    return compose(recipient, subject=subject, text=text, html=html, headers={"Message-ID": message_id(uuid7())})


def _part(name: str, part: str, context: dict[str, Any]) -> str:
    return render_to_string(f"{name}.txt", {**context, "part": f"emails/account/{part}"}).strip()


def public_url(url: str) -> str:
    """Return the URL with ``PUBLIC_BASE_URL``."""
    return settings.PUBLIC_BASE_URL + urlsplit(url)._replace(scheme="", netloc="").geturl()
