"""Create and verify the tokens of invitation links.

There is one token for each purpose:

* `EMAILED` is in the link of the invitation email. It opens the invitation page and proves access to the mailbox.
* `LISTED` is for managers: it is in some API lists, and in the link that they copy. It opens the same page, but does
  not prove access to the mailbox.
* `UNSUBSCRIBE` is in the unsubscribe link of each email to the invitee. It only stops further emails.

Tokens are derived from the invitation, so the database stores no secret. A token is

    base64url( invitation id, 16 bytes | generation, 4 bytes | HMAC-SHA256 of both with the purpose's key, 24 bytes )

The key of a purpose is derived from a key in `INVITATION_TOKEN_KEYS`. New tokens are signed with the first key. A token
is valid if any of the keys has signed it.
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
    """What a token is for. The values are part of the signature and must not change."""

    EMAILED = "mailed"
    LISTED = "listed"
    UNSUBSCRIBE = "refusing"


# The purposes whose tokens open the invitation page.
PAGE_PURPOSES = (Purpose.EMAILED, Purpose.LISTED)


@dataclass(frozen=True)
class Proof:
    """The content of a verified token: the invitation, its generation and the purpose."""

    invitation_id: UUID
    generation: int
    purpose: Purpose


def token_for(invitation: Invitation, purpose: Purpose) -> str:
    """Return the token for the current generation of the invitation: 59 URL-safe characters."""
    payload = invitation.pk.bytes + invitation.generation.to_bytes(4, "big")
    return _encode(payload + _mac(settings.INVITATION_TOKEN_KEYS[0], purpose, payload))


def link_for(invitation: Invitation) -> str:
    """Return the link for the invitation email. It always starts with `PUBLIC_BASE_URL`."""
    return f"{settings.PUBLIC_BASE_URL}/i/{token_for(invitation, Purpose.EMAILED)}"


def listed_link_for(invitation: Invitation) -> str:
    """Return the link that a manager can copy. It opens the page, but does not prove access to the mailbox."""
    return f"{settings.PUBLIC_BASE_URL}/i/{token_for(invitation, Purpose.LISTED)}"


def unsubscribe_link_for(invitation: Invitation) -> str:
    """Return the unsubscribe link."""
    return f"{settings.PUBLIC_BASE_URL}/i/{token_for(invitation, Purpose.UNSUBSCRIBE)}/no-mail"


def read_token(token: str, purposes: Collection[Purpose] = PAGE_PURPOSES) -> Proof | None:
    """Verify the signature and return the content. Return None if the token is invalid or has another purpose."""
    raw = _decode(token)
    if raw is None:
        return None
    payload, mac = raw[:-_MAC_LENGTH], raw[-_MAC_LENGTH:]
    matching = [
        purpose
        for purpose in purposes
        for key in settings.INVITATION_TOKEN_KEYS
        if constant_time_compare(mac, _mac(key, purpose, payload))
    ]
    if not matching:
        return None
    return Proof(UUID(bytes=payload[:16]), int.from_bytes(payload[16:], "big"), matching[0])


def _mac(key: str, purpose: Purpose, payload: bytes) -> bytes:
    purpose_key = hmac.digest(key.encode(), f"perfectworks.invitation.{purpose}".encode(), hashlib.sha256)
    return hmac.digest(purpose_key, payload, hashlib.sha256)[:_MAC_LENGTH]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str) -> bytes | None:
    """Return the bytes of a token. Return None if `_encode` would not return exactly this token for the bytes."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
    return raw if len(raw) == _LENGTH and _encode(raw) == token else None
