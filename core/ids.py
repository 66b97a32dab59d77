"""Ids and their four representations: UUID, ULID, 24 hex digits ("oid"), decimal digits.

Every public object has a UUIDv7 (RFC 9562, section 5.7) as its only key. The API dialects represent this UUID in
different ways. Only this module converts between the representations. All representations except ``oid`` are lossless.
"""

import re
import secrets
import time
from datetime import datetime
from uuid import UUID

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD_VALUES = {digit: value for value, digit in enumerate(CROCKFORD)} | {
    digit.lower(): value for value, digit in enumerate(CROCKFORD)
}
_ULID = re.compile(f"[0-7][{CROCKFORD}{CROCKFORD.lower()}]{{25}}", re.ASCII)
_OID = re.compile(r"[0-9a-fA-F]{24}", re.ASCII)
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,38}", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_LOW_BITS_OUTSIDE_OID = 32


def uuid7() -> UUID:
    """Return a new UUIDv7.

    It contains the milliseconds, the fraction of the millisecond (RFC 9562, method 3) and 62 random bits.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = rest * 4096 // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)


def first_uuid7(moment: datetime) -> UUID:
    """Return the lowest id for this time. All ids that were created earlier are lower."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62)


def parse_uuid(text: str) -> UUID | None:
    """Parse a hyphenated UUID in upper or lower case. Return None for anything else."""
    return UUID(text) if _UUID.fullmatch(text) else None


def to_ulid(key: UUID) -> str:
    """Return the id as 26 Crockford base32 characters in upper case."""
    return "".join(CROCKFORD[key.int >> shift & 31] for shift in range(125, -1, -5))


def parse_ulid(text: str) -> UUID | None:
    """Parse a ULID in upper or lower case. Return None for anything else."""
    if not _ULID.fullmatch(text):
        return None
    value = 0
    for digit in text:
        value = value << 5 | _CROCKFORD_VALUES[digit]
    return UUID(int=value)


def to_oid(key: UUID) -> str:
    """Return the first 96 bits as 24 lower-case hex digits. The other 32 bits are lost (see ``parse_oid``)."""
    return key.hex[:24]


def parse_oid(text: str) -> tuple[UUID, UUID] | None:
    """Return the lowest and the highest id that 24 hex digits can represent, or None for anything else."""
    if not _OID.fullmatch(text):
        return None
    low = int(text, 16) << _LOW_BITS_OUTSIDE_OID
    return UUID(int=low), UUID(int=low + (1 << _LOW_BITS_OUTSIDE_OID) - 1)


def to_decimal(key: UUID) -> str:
    """Return the id as decimal digits without leading zeros."""
    return str(key.int)


def parse_decimal(text: str) -> UUID | None:
    """Parse decimal digits. Return None for anything else."""
    if not _DECIMAL.fullmatch(text):
        return None
    value = int(text)
    return UUID(int=value) if value < 1 << 128 else None
