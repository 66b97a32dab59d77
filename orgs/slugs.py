"""Validate slugs, and make slugs from names."""

import secrets
import unicodedata

from anyascii import anyascii
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.text import slugify

MAX_LENGTH = 128
FALLBACK = "unnamed"  # the slug for names without letters and digits
_SUFFIX_BYTES = 3

# A slug is lower case, because every dialect accepts that.
# A slug must not look like an id in a dialect: 24 hex digits or a UUID.
LOOKS_LIKE_AN_ID = r"([0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z"
SLUG_PATTERN = rf"\A(?!{LOOKS_LIKE_AN_ID})[a-z0-9][a-z0-9-]{{1,126}}[a-z0-9]\Z"
validate_slug = RegexValidator(
    SLUG_PATTERN,
    "Use 3 to 128 lower-case letters, digits and inner hyphens, and nothing that looks like an id.",
    code="invalid_slug",
)


def slug_from(name: str) -> str:
    """Return the name in ASCII letters, digits and hyphens. If that is not a valid slug, add a random suffix.

    Letters of other scripts are transliterated: “Łódź” becomes “lodz”.
    """
    slug = slugify("".join(map(_in_ascii, name))).replace("_", "-").strip("-")[:MAX_LENGTH].rstrip("-")
    try:
        validate_slug(slug)
    except ValidationError:
        return distinct_slug(slug or FALLBACK)
    return slug


def _in_ascii(character: str) -> str:
    """Return the transliteration of a letter, mark or digit. Return other characters, such as emoji, unchanged."""
    return anyascii(character) if unicodedata.category(character)[0] in "LMN" else character


def distinct_slug(slug: str) -> str:
    """Return the slug with a random suffix."""
    ending = f"-{secrets.token_hex(_SUFFIX_BYTES)}"
    return slug[: MAX_LENGTH - len(ending)] + ending
