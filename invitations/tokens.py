"""Two tokens open the same invitation, and only one of them proves the mailbox; a third opens nothing.

The MAILED token travels in the link of a mail: whoever shows it has read that mailbox. The LISTED token is what
a list shows to an organization's managers: it opens the same page and proves nothing about a mailbox. The
REFUSING token stands in every mail to the invitee, for mail programs too, and is good for asking for no more of them.

All are derived, so nothing secret is stored and nothing in a database opens anything. A token is

    base64url( invitation id, 16 bytes | generation, 4 bytes | HMAC-SHA256 of both under the purpose's key, 24 bytes )

The purpose's key is derived from a key of ``INVITATION_TOKEN_KEYS``: the first signs, all of them verify.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare

from invitations.models import Invitation

_MAC_LENGTH = 24
_LENGTH = 16 + 4 + _MAC_LENGTH


class Purpose(StrEnum):
    """Where a token is handed out, which is all that it proves."""

    EMAILED = "mailed"
    LISTED = "listed"
    UNSUBSCRIBE = "refusing"


OPENING = (Purpose.EMAILED, Purpose.LISTED)


@dataclass(frozen=True)
class Proof:
    """What a genuine token says: which invitation, of which generation, from where."""

    invitation_id: UUID
    generation: int
    purpose: Purpose


def token_for(invitation: Invitation, purpose: Purpose) -> str:
    """The token of the invitation's present generation: 59 URL-safe characters."""
    named = invitation.pk.bytes + invitation.generation.to_bytes(4, "big")
    return _encode(named + _mac(settings.INVITATION_TOKEN_KEYS[0], purpose, named))


def link_for(invitation: Invitation) -> str:
    """The mailed link, on ``PUBLIC_BASE_URL`` and nowhere else."""
    return f"{settings.PUBLIC_BASE_URL}/i/{token_for(invitation, Purpose.EMAILED)}"


def refusing_link_for(invitation: Invitation) -> str:
    """The link that asks for no more mails."""
    return f"{settings.PUBLIC_BASE_URL}/i/{token_for(invitation, Purpose.UNSUBSCRIBE)}/no-mail"


def read_token(token: str, purposes: Collection[Purpose] = OPENING) -> Proof | None:
    """What the token proves, or None when it is none of ours for this; the signature is checked before all else."""
    raw = _decode(token)
    if raw is None:
        return None
    named, mac = raw[:-_MAC_LENGTH], raw[-_MAC_LENGTH:]
    matching = [
        purpose
        for purpose in purposes
        for key in settings.INVITATION_TOKEN_KEYS
        if constant_time_compare(mac, _mac(key, purpose, named))
    ]
    if not matching:
        return None
    return Proof(UUID(bytes=named[:16]), int.from_bytes(named[16:], "big"), matching[0])


def _mac(key: str, purpose: Purpose, named: bytes) -> bytes:
    purpose_key = hmac.digest(key.encode(), f"perfectworks.invitation.{purpose}".encode(), hashlib.sha256)
    return hmac.digest(purpose_key, named, hashlib.sha256)[:_MAC_LENGTH]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str) -> bytes | None:
    """The bytes behind the one spelling this module would give them; None for any other text."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
    return raw if len(raw) == _LENGTH and _encode(raw) == token else None
