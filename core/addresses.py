"""Normalization of email addresses. Normalized addresses are stored and compared with ``=``.

Addresses are normalized where they enter the service: in serializer fields, form fields, query parameters, tokens and
commands. The type ``Address`` marks a normalized address, so other code does not normalize it again.

A normalized address is in lower case. Its local part is a dot-atom (RFC 5321), and its domain consists of ASCII labels
(A-labels, RFC 5890). Plus-tags and dots are significant. ``displayed_address`` returns the address as people read it.
"""

import re
import unicodedata

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.domains import displayed_domain
from core.text import SPACE_AROUND, character_name

MAX_LENGTH = 254  # RFC 5321, section 4.5.3.1.3; the vendors' API documents allow 256
MAX_LOCAL_LENGTH = 64
MAX_LENGTH_AS_TYPED = 1024  # with a name, with spaces around it, and in Unicode, which can be longer
ERASED_DOMAIN = "erased.invalid"  # the domain of the addresses that replace those of erased people

_LOCAL_CHARACTERS = r"a-z0-9!#$%&'*+/=?^_`{|}~\-"
_DOT_ATOM = re.compile(rf"[{_LOCAL_CHARACTERS}]+(?:\.[{_LOCAL_CHARACTERS}]+)*")
_NOT_LOCAL = re.compile(rf"[^A-Z{_LOCAL_CHARACTERS}.]")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.){1,126}(?:[a-z]{2,63}|xn--[a-z0-9\-]{0,58}[a-z0-9])")
_NOT_DOMAIN = re.compile(r"[^a-z0-9.\-]")
_WITH_NAME = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
# What the database accepts in a column of normalized addresses: a rough pattern, in the syntax of every database.
STORED_PATTERN = rf"\A[{_LOCAL_CHARACTERS}.]{{1,64}}@[a-z0-9.\-]+\.[a-z0-9\-]{{2,}}\Z"


class Address(str):
    """A normalized email address. Create it only with ``normalize_address`` or from a database column."""

    __slots__ = ()


def normalize_address(text: str) -> Address:
    """Return the normalized address.

    The text may have space around it, and it may be ``Ann Lee <ann@example.com>``. Raises Django's ValidationError,
    which names the wrong character, if the text is not one valid address. Characters such as ``ſ`` or ``ı`` are not
    valid, because databases and email servers convert them to lower case in different ways.
    """
    if len(text) > MAX_LENGTH_AS_TYPED:  # first, because Unicode normalization of a long text takes quadratic time
        raise _invalid(_("This email address is too long."))
    local, at, domain = _bare(text.strip(SPACE_AROUND)).rpartition("@")
    if not at or not local or not domain:
        raise _invalid(_("Enter a valid email address."))
    address = Address(f"{_normalized_local(local)}@{_normalized_domain(domain)}")
    if len(address) > MAX_LENGTH:
        raise _invalid(_("This email address is too long."))
    if is_erased(address):
        raise _invalid(_("This email address is reserved. It belongs to nobody."))
    return address


def parse_address(text: str) -> Address:
    """Return the normalized address. Raises a ValidationError for the field ``email``."""
    try:
        return normalize_address(text)
    except ValidationError as error:
        raise ValidationError({"email": error}) from error


def displayed_address(address: str) -> str:
    """Return a normalized address with a Unicode domain, for people to read. It normalizes to the same address.

    Return any other text unchanged. Pages, emails and the admin show addresses in this form. APIs do not.
    """
    local, at, domain = address.rpartition("@")
    return f"{local}@{displayed_domain(domain)}" if at else address


def erased_address(key: str) -> Address:
    """Return a placeholder address that no email can reach. Unique constraints require a different one for each row."""
    return Address(f"erased-{key}@{ERASED_DOMAIN}")


def is_erased(address: str) -> bool:
    """Return whether this is the placeholder address of an erased person. If so, store no more personal data."""
    return address.endswith(f"@{ERASED_DOMAIN}")


def _bare(text: str) -> str:
    """Return the address in ``Ann Lee <ann@example.com>``.

    Refuse a name that looks like another address: it would be unclear which of the two is meant.
    """
    found = _WITH_NAME.fullmatch(text)
    if found is None:
        return text
    name, address = found["name"].strip(SPACE_AROUND + "\"'"), found["address"].strip(SPACE_AROUND)
    if "@" in name and name.lower() != address.lower():
        raise _invalid(_("Enter only one email address."))
    return address


def _normalized_local(local: str) -> str:
    """Return the local part in lower case. Raises ValidationError unless it is a dot-atom."""
    wrong = _NOT_LOCAL.search(local)
    if wrong and "@" in local:
        raise _invalid(_("Enter only one email address."))
    if wrong:
        raise _not_in_local(wrong[0])
    lowered = local.lower()
    if not _DOT_ATOM.fullmatch(lowered):
        raise _invalid(_("Before the @, a dot must have other characters on both sides."))
    if len(lowered) > MAX_LOCAL_LENGTH:
        raise _invalid(_("The part before the @ is too long."))
    return lowered


def _not_in_local(character: str) -> ValidationError:
    if character.isspace():
        return _invalid(_("An email address must not contain spaces."))
    if character.isalnum():  # every ASCII letter and digit is allowed
        message = _("Email addresses with letters such as %(character)s before the @ are not supported.")
    else:
        message = _("The character %(character)s is not allowed before the @.")
    return _invalid(message, character)


def _normalized_domain(domain: str) -> str:
    """Return the domain in lower case, in A-labels. Raises ValidationError if it is not a full domain name."""
    lowered = domain.lower() if domain.isascii() else _ascii_domain(domain)
    wrong = _NOT_DOMAIN.search(lowered)
    if wrong:
        raise _not_in_domain(wrong[0])
    if not _DOMAIN.fullmatch(lowered):
        raise _invalid(_("After the @, enter a full domain name such as example.com."))
    return lowered


def _ascii_domain(domain: str) -> str:
    """Return the Unicode domain in A-labels (IDNA 2008).

    Reject characters that become other characters when they are normalized (``ſ``, ``İ``, Kelvin sign).
    """
    for character in domain:
        if len(character.lower()) > 1 or unicodedata.normalize("NFKC", character) != character:
            raise _not_in_domain(character)
    try:
        return idna.encode(unicodedata.normalize("NFC", domain).lower()).decode("ascii")
    except (idna.InvalidCodepoint, idna.InvalidCodepointContext) as error:
        raise _not_in_domain(next(filter(_is_never_in_domain, domain.lower()), domain[0])) from error
    except (idna.IDNAError, UnicodeError) as error:
        raise _invalid(_("After the @, enter a full domain name such as example.com.")) from error


def _is_never_in_domain(character: str) -> bool:
    """Return whether no label contains this character between Latin letters."""
    try:
        idna.check_label(f"a{character}a")
    except (idna.InvalidCodepoint, idna.InvalidCodepointContext):
        return character != "."
    except (idna.IDNAError, UnicodeError):
        return False
    return False


def _not_in_domain(character: str) -> ValidationError:
    if character.isspace():
        return _invalid(_("An email address must not contain spaces."))
    return _invalid(_("The character %(character)s is not allowed after the @."), character)


def _invalid(message: str, character: str = "") -> ValidationError:
    parameters = {"character": character_name(character)} if character else None
    return ValidationError(message, code="invalid_address", params=parameters)
