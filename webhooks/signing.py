"""Signatures of webhooks after the Standard Webhooks specification, version 1 (symmetric keys).

The receiver computes the same HMAC over the id, the time and the body. ``webhook-id`` is the same in each attempt, so
that a receiver can ignore what it has already received.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable

SECRET_PREFIX = "whsec_"  # noqa: S105 - not a secret: receivers and secret scanners find secrets by this prefix
SECRET_BYTES = 32  # the specification permits 24 to 64
VERSION = "v1"


def new_secret() -> str:
    """Return a new random secret: ``whsec_`` and 32 bytes in Base64."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(secrets_in_use: Iterable[str], *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of the specification. ``timestamp`` is the time of this attempt, in Unix seconds.

    There is a signature for each secret, separated by spaces. During a rotation, receivers can therefore verify with
    the old secret or the new one.
    """
    signatures = (sign(secret, message_id=message_id, timestamp=timestamp, body=body) for secret in secrets_in_use)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature: ``v1,`` and the HMAC-SHA256 of the id, the time and the body in Base64."""
    key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return f"{VERSION},{b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"
