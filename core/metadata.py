"""Metadata: a JSON object of a client's own values, which this service stores and returns but does not use."""

import json
from typing import Any

from django.core.exceptions import ValidationError

MAX_BYTES = 16 * 1024  # of the JSON in UTF-8, without spaces


def validate_metadata(value: Any) -> None:
    """Accept a JSON object of at most ``MAX_BYTES`` that a database can store. Raises ValidationError."""
    if not isinstance(value, dict):
        raise ValidationError("Metadata must be a JSON object.", code="invalid")
    if value and len(_storable_json(value)) > MAX_BYTES:
        raise ValidationError(f"Metadata must not be larger than {MAX_BYTES} bytes of JSON.", code="too_large")


def _storable_json(value: dict[str, Any]) -> bytes:
    """Return the object as JSON in UTF-8. Raises ValidationError if JSON or a database has no such value."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        encoded = text.encode()  # raises an error for a lone surrogate
    except (TypeError, ValueError, RecursionError) as error:
        raise ValidationError("Metadata must consist of JSON values.", code="invalid") from error
    if "\\u0000" in text.replace("\\\\", ""):
        raise ValidationError("The character U+0000 is not allowed.", code="invalid")
    return encoded
