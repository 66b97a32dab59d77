"""The one normalizer of email addresses. What it returns is stored once and compared with ``=``.

An address is normalized where it enters: serializer fields, form fields, query parameters, tokens, commands. Inside,
the type ``Address`` says that this was done, so nothing normalizes it again.

ASCII local part, everything in lower case, the domain as IDNA (RFC 5891). Plus-tags and dots stay distinct.
Every dialect can spell every address that is accepted here.
"""

import re
import unicodedata

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_LENGTH = 254  # RFC 5321, section 4.5.3.1.3; the documents allow 256
_ADDRESS = re.compile(r"(?!\.)(?!.*\.\.)([a-z0-9_'+\-.]*)[a-z0-9_+-]@([a-z0-9][a-z0-9\-]*\.)+[a-z]{2,}", re.ASCII)


class Address(str):
    """An email address in its stored form. Only ``normalize_address`` and the database column make one."""

    __slots__ = ()


def normalize_address(text: str) -> Address:
    """Return the stored form of an address.

    Raises Django's ValidationError when it is none: characters such as ``ſ`` or ``ı``, which databases and
    mail servers fold in different ways, are refused and never guessed at.
    """
    local, at, domain = text.strip(" ").rpartition("@")
    if not at or not local.isascii() or len(local) > 64:
        raise _invalid()
    address = f"{local.lower()}@{_ascii_domain(domain)}"
    if len(address) > MAX_LENGTH or not _ADDRESS.fullmatch(address):
        raise _invalid()
    return Address(address)


def parse_address(text: str) -> Address:
    """Return the stored form of an address. Raises ValidationError that names the field ``email``."""
    try:
        return normalize_address(text)
    except ValidationError as error:
        raise ValidationError({"email": error}) from error


def _ascii_domain(domain: str) -> str:
    """Lower case and IDNA; look-alikes that merely fold to a letter (``ſ``, the Kelvin sign, ``İ``) are refused."""
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
