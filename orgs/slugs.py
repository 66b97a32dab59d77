"""Slugs for what was given a name only."""

import secrets

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from orgs.models import validate_slug

MAX_LENGTH = 128
FALLBACK = "unnamed"  # for names that have no ASCII spelling at all
_SUFFIX_BYTES = 3


def slug_from(name: str) -> str:
    """The name in ASCII letters, digits and hyphens; made distinct where that is too short or looks like an id."""
    slug = slugify(name).replace("_", "-").strip("-")[:MAX_LENGTH].rstrip("-")
    try:
        validate_slug(slug)
    except ValidationError:
        return distinct_slug(slug or FALLBACK)
    return slug


def distinct_slug(slug: str) -> str:
    """The slug with a random ending that nobody else has."""
    ending = f"-{secrets.token_hex(_SUFFIX_BYTES)}"
    return slug[: MAX_LENGTH - len(ending)] + ending
