"""Normalization of email addresses. Normalized addresses are stored and compared with ``=``.

Addresses are normalized where they enter the service: in serializer fields, form fields, query parameters, tokens and
commands. The type ``Address`` marks a normalized address, so other code does not normalize it again.

A normalized address is in lower case. Its local part is ASCII, and its domain is in IDNA (RFC 5891). Plus-tags and dots
are significant. Every dialect can represent every address that is accepted here.
"""

import re
import unicodedata

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_LENGTH = 254  # RFC 5321, section 4.5.3.1.3; the vendors' API documents allow 256
MAX_LENGTH_AS_TYPED = 1024  # with spaces around it; and a Unicode domain can be longer before it is normalized
_ADDRESS = re.compile(r"(?!\.)(?!.*\.\.)([a-z0-9_'+\-.]*)[a-z0-9_+-]@([a-z0-9][a-z0-9\-]*\.)+[a-z]{2,}", re.ASCII)


class Address(str):
    """A normalized email address. Create it only with ``normalize_address`` or from a database column."""

    __slots__ = ()


def normalize_address(text: str) -> Address:
    """Return the normalized address.

    Raises Django's ValidationError if the address is not valid. Characters such as ``ſ`` or ``ı`` are not valid,
    because databases and email servers convert them to lower case in different ways.
    """
    if len(text) > MAX_LENGTH_AS_TYPED:  # first, because Unicode normalization of a long text takes quadratic time
        raise _invalid()
    local, at, domain = text.strip(" ").rpartition("@")
    if not at or not local.isascii() or len(local) > 64:
        raise _invalid()
    address = f"{local.lower()}@{_ascii_domain(domain)}"
    if len(address) > MAX_LENGTH or not _ADDRESS.fullmatch(address):
        raise _invalid()
    return Address(address)


def parse_address(text: str) -> Address:
    """Return the normalized address. Raises a ValidationError for the field ``email``."""
    try:
        return normalize_address(text)
    except ValidationError as error:
        raise ValidationError({"email": error}) from error


def _ascii_domain(domain: str) -> str:
    """Return the domain in lower case and IDNA.

    Reject characters that become ASCII letters when they are normalized (``ſ``, ``İ``, Kelvin sign).
    """
    lowered = domain.lower()
    if domain.isascii():
        return lowered
    if len(lowered) != len(domain) or unicodedata.normalize("NFKC", domain) != domain:
        raise _invalid()
    try:
        return idna.encode(lowered).decode("ascii")
    except idna.IDNAError as error:
        raise _invalid() from error


def _invalid() -> ValidationError:
    return ValidationError(_("Enter a valid email address."), code="invalid_address")
