"""The shared format of our emails.

An email has a text part and an HTML part, and a Message-ID with our public host. It is ASCII in lines that every mail
server accepts (RFC 5322), so no server needs to offer an extension such as 8BITMIME. People choose their own names. A
name is therefore changed to one visible line that email clients do not turn into a link.
"""

import re
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage as WireMessage
from email.policy import EmailPolicy
from email.utils import formatdate
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.utils.text import Truncator
from django.utils.translation import gettext

from core.text import UNSAFE_IN_A_LINE, UNSAFE_IN_LINES, without
from core.unlinked import unlinked

MAX_LINE = 998  # RFC 5322, section 2.1.1
ADDRESS_HEADERS = ("From", "To", "Reply-To")
MAX_NAME = 60  # characters of a name in the From header
MAX_ENCODED_LINE = 76  # RFC 2045, section 6.7, and RFC 2047, section 2


class UnfoldedHeaders(EmailPolicy):
    """Write ASCII headers in one line, because some email clients cannot read folded ones. Encode other headers.

    Headers are stored as text, and only addresses are parsed when they are read. Parsing all headers would take longer
    than the rest of a message.
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Return a header as it was set."""
        return name, value

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        """Return a header as text, or with its addresses."""
        return self.header_factory(name, value) if name in ADDRESS_HEADERS else value

    def fold(self, name: str, value: Any) -> str:
        """Return the header with its line break."""
        line = f"{name}: {value}"
        if not line.isascii() or len(line) > MAX_LINE:
            line = f"{name}: {_encoded(name, self.header_factory(name, value), self.linesep)}"
        return line + self.linesep

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return the same as bytes."""
        return self.fold(name, value).encode("ascii")


WIRE_POLICY = UnfoldedHeaders(cte_type="7bit", max_line_length=MAX_ENCODED_LINE)


class AsciiMessage(WireMessage):
    """A message for Django's email backends, which ask for the line break by name."""

    def as_bytes(self, unixfrom: bool = False, policy: Any = None, *, linesep: str = "\n") -> bytes:
        """Return the message with these line breaks."""
        return super().as_bytes(unixfrom, policy or self.policy.clone(linesep=linesep))


class ServiceEmail(EmailMultiAlternatives):
    """One of our emails: a text part and an HTML part, without attachments. It does not change after ``message()``."""

    def message(self, *_arguments: Any, **_options: Any) -> Any:
        """Return the message to send. Raises BadHeaderError for a header with a line break.

        Django's own version contains UTF-8 as it is, which only servers with 8BITMIME accept.
        """
        return self._message

    @cached_property
    def _message(self) -> AsciiMessage:
        message = AsciiMessage(policy=WIRE_POLICY)
        for name, value in self._headers().items():
            message[name] = _require_one_line(name, value)
        message.set_content(str(self.body), cte=_transfer_encoding(str(self.body)))
        for html, _ in self.alternatives:
            message.add_alternative(str(html), subtype="html", cte=_transfer_encoding(str(html)))
        return message

    def _headers(self) -> dict[str, str]:
        addresses = {"From": self.from_email, "To": ", ".join(self.to), "Reply-To": ", ".join(self.reply_to)}
        headers = {"Subject": str(self.subject), **addresses, "Date": formatdate(), **self.extra_headers}
        return {name: value for name, value in headers.items() if value}


def compose(
    recipient: str,
    *,
    subject: str,
    text: str,
    html: str,
    headers: dict[str, str],
    on_behalf_of: str = "",
    reply_to: str = "",
) -> ServiceEmail:
    """Return a message to one recipient.

    ``on_behalf_of`` is the name of the person or organization that the From header shows before the service's name.
    ``reply_to`` is an address. The header Auto-Submitted (RFC 3834) prevents vacation replies.
    """
    message = ServiceEmail(
        _undecodable(_flat(subject)),
        _spaced(text),
        _sender(on_behalf_of),
        [recipient],
        headers={"Auto-Submitted": "auto-generated", **headers},
        reply_to=[reply_to] if reply_to else None,
    )
    message.attach_alternative(_spaced(html), "text/html")
    return message


def message_id(key: UUID) -> str:
    """Return the Message-ID of the email with this key."""
    return f"<{key.hex}@{settings.PUBLIC_HOST}>"


def one_line(text: str) -> str:
    """Return the text as one line without invisible characters, in which no email client finds a link."""
    return unlinked(_flat(text))


def _flat(text: str) -> str:
    """Return the text as one line without invisible characters."""
    return without(UNSAFE_IN_A_LINE, " ".join(text.split()))


def looks_clickable(text: str) -> bool:
    """Return whether email clients would show the text as a link or an address."""
    return "@" in text or one_line(text) != _flat(text)


def visible_lines(text: str) -> str:
    """Return the text without invisible characters, in which no email client finds a link. Keep line breaks."""
    return unlinked(without(UNSAFE_IN_LINES, text))


def _spaced(text: str) -> str:
    """Remove the whitespace that template tags leave: trailing spaces and repeated empty lines."""
    lines = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def _sender(name: str) -> str:
    """Return the From header: "Ann Lee via PerfectWorks". The address is always the service's own.

    Raises ValueError if the setting is not one address.
    """
    if not name:
        return settings.DEFAULT_FROM_EMAIL
    shown = {"name": _undecodable(Truncator(one_line(name)).chars(MAX_NAME)), "service": settings.SERVICE_NAME}
    sender = _parsed_sender(_require_one_line("From", settings.DEFAULT_FROM_EMAIL))
    return str(Address(gettext("%(name)s via %(service)s") % shown, sender.username, sender.domain))


@lru_cache(maxsize=1)
def _parsed_sender(setting: str) -> Address:
    [sender] = WIRE_POLICY.header_factory("From", setting).addresses
    return sender


def _require_one_line(name: str, value: str) -> str:
    """Return the value of a header. Raises BadHeaderError if it has a line break."""
    if "\n" in value or "\r" in value:
        raise BadHeaderError(f"Header values can't contain newlines (got {value!r} for header {name!r})")
    return value


def _undecodable(text: str) -> str:
    """Return the text so that it is not an encoded word (RFC 2047), which could hide a line break or a link."""
    return text.replace("=?", "= ?")


def _transfer_encoding(content: str) -> str:
    """Return the encoding of a part. Links in plain ASCII stay readable in the source of the email."""
    fits = content.isascii() and max(map(len, content.splitlines()), default=0) <= MAX_LINE
    return "7bit" if fits else "quoted-printable"


def _encoded(name: str, value: Any, linesep: str) -> str:
    """Return the value of a header in encoded words (RFC 2047). An address follows in a line of its own."""
    [address] = getattr(value, "addresses", None) or [None]
    text = str(value) if address is None else address.display_name
    encoded = Header(text, "utf-8", maxlinelen=MAX_ENCODED_LINE, header_name=name).encode(linesep=linesep)
    return encoded if address is None else f"{encoded}{linesep} <{address.addr_spec}>"
