"""Emails about accounts. The templates are in ``templates/account/email/`` and have the names of the purposes.

One template contains the subject and the body of an email. Emails that anyone can have sent to any address do not
contain names: the normalized address is their only user input. Notices to members contain names without links
(``core.emails.one_line``). Links start with ``PUBLIC_BASE_URL``.
"""

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from accounts.email.models import AccountEmail
from accounts.email.notices import OPTIONAL
from core.addresses import displayed_address
from core.emails import ServiceEmail, compose
from outbox.email_transport import provider_options


def render_account_email(email: AccountEmail, path: str, **facts: Any) -> ServiceEmail:
    """Return the message in the language of the email. The heading repeats the subject. ``path`` is that of its link.

    ``facts`` are further values of the template (``accounts.email.purposes``).

    Raises any error of a template, and an error for an invalid header.
    """
    with translation.override(email.language):
        context = facts | _context(email, path)
        context["subject"] = _part(email, "subject.txt", context)
        text, html = (_part(email, part, context) for part in ("body.txt", "body.html"))
        message = compose(
            email.recipient,
            subject=context["subject"],
            text=text,
            html=html,
            headers=email.headers,
        )
    vars(message).update(provider_options(email))
    message.message()  # builds the headers, so that an invalid header raises here instead of while sending
    return message


def _context(email: AccountEmail, path: str) -> dict[str, Any]:
    return {
        "user": email.user,
        "is_optional": email.purpose in OPTIONAL,
        "recipient": displayed_address(email.recipient),
        "link": settings.PUBLIC_BASE_URL + path,
        "service": settings.PUBLIC_BASE_URL,
    }


def _part(email: AccountEmail, part: str, context: dict[str, Any]) -> str:
    template = f"account/email/{email.purpose}.txt"
    return render_to_string(template, {**context, "part": f"emails/account/{part}"}).strip()
