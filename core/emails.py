"""What all our mails share: a text and an HTML part, headers of one line each, an id under our public name.

Names come from people, so they are shown as one visible line, and nothing in them can become a link.
"""

import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from core.text import UNSAFE_IN_A_LINE, UNSAFE_IN_LINES


class UnfoldedMessage(EmailMultiAlternatives):
    """A message whose headers are one line each: not every mail program puts a folded one together again."""

    def message(self, *arguments: Any, **options: Any) -> Any:
        """What goes over the wire, without the folding that puts a long value on a line of its own."""
        message = super().message(*arguments, **options)
        message.policy = message.policy.clone(max_line_length=None)
        return message


def compose(recipient: str, *, subject: str, text: str, html: str, headers: dict[str, str]) -> UnfoldedMessage:
    """A message from this service to one recipient; Auto-Submitted (RFC 3834) keeps vacation notices from answering."""
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
    """The Message-ID of the mail with this key."""
    return f"<{key.hex}@{settings.PUBLIC_HOST}>"


def one_line(text: str) -> str:
    """The text as one visible line that no mail program takes for an address elsewhere."""
    return _defuse(UNSAFE_IN_A_LINE.sub("", " ".join(text.split())))


def visible_lines(text: str) -> str:
    """The same for a text of several lines."""
    return _defuse(UNSAFE_IN_LINES.sub("", text))


def _defuse(text: str) -> str:
    return text.replace("://", ": //")


def _spaced(text: str) -> str:
    """Without the blanks that template tags leave behind: no trailing space, one empty line at most."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n"
