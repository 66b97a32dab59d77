"""What the mails about accounts say: ``templates/account/email/``, called as django-allauth calls them.

Each is one template of words, from which all parts are made. No name is in them, since anybody may have one sent to
anybody: an address in its one stored form is all that people can put there. The link of each is on
``PUBLIC_BASE_URL``: a request's host is the caller's word.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from core.emails import UnfoldedMessage, compose, message_id
from core.ids import uuid7


def render_account_email(name: str, recipient: str, context: dict[str, Any]) -> UnfoldedMessage:
    """The whole message, text and HTML, in the language that is spoken now; its subject is its heading, too."""
    [url] = (value for key, value in context.items() if key.endswith("_url"))
    context = {**context, "recipient": recipient, "link": public_url(url), "service": settings.PUBLIC_BASE_URL}
    subject = _part(name, "subject.txt", context)
    context["subject"] = subject
    text, html = (_part(name, part, context) for part in ("body.txt", "body.html"))
    return compose(recipient, subject=subject, text=text, html=html, headers={"Message-ID": message_id(uuid7())})


def _part(name: str, part: str, context: dict[str, Any]) -> str:
    return render_to_string(f"{name}.txt", {**context, "part": f"emails/account/{part}"}).strip()


def public_url(url: str) -> str:
    """The same page under our public address."""
    return settings.PUBLIC_BASE_URL + urlsplit(url)._replace(scheme="", netloc="").geturl()
