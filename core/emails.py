"""The shared format of our emails.

An email has a text part and an HTML part, headers that are not folded, and a Message-ID with our public host. People
choose their own names. A name is therefore changed to one visible line that email clients do not turn into a link.
"""

import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from core.text import UNSAFE_IN_A_LINE, UNSAFE_IN_LINES


class UnfoldedMessage(EmailMultiAlternatives):
    """A message with unfolded headers, because some email clients cannot read folded headers."""

    def message(self, *arguments: Any, **options: Any) -> Any:
        """Return the message with a policy that does not fold headers."""
        message = super().message(*arguments, **options)
        message.policy = message.policy.clone(max_line_length=None)
        return message


def compose(recipient: str, *, subject: str, text: str, html: str, headers: dict[str, str]) -> UnfoldedMessage:
    """Return a message to one recipient. The header Auto-Submitted (RFC 3834) prevents vacation replies."""
    message = UnfoldedMessage(
        one_line(subject),
        _spaced(text),
        settings.DEFAULT_FROM_EMAIL,
        [recipient],
        headers={"Auto-Submitted": "auto-generated", **headers},
    )
    message.attach_alternative(_spaced(html), "text/html")
    return message


def message_id(key: UUID) -> str:
    """Return the Message-ID of the email with this key."""
    return f"<{key.hex}@{settings.PUBLIC_HOST}>"


def one_line(text: str) -> str:
    """Return the text as one line without invisible characters. Change URLs so that no email client links them."""
    return _defuse(UNSAFE_IN_A_LINE.sub("", " ".join(text.split())))


def visible_lines(text: str) -> str:
    """Return the text without invisible characters. Keep line breaks. Change URLs so that no client links them."""
    return _defuse(UNSAFE_IN_LINES.sub("", text))


def _defuse(text: str) -> str:
    return text.replace("://", ": //")


def _spaced(text: str) -> str:
    """Remove the whitespace that template tags leave: trailing spaces and repeated empty lines."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n"
