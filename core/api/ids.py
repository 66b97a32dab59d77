"""Ids in the representations of other APIs: serializer fields, path converters and JSON Schemas.

In a route, ``<decimal:organization_id>``, ``<ulid:…>`` and ``<id:…>`` (a UUID) pass a UUID to the view.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.urls import register_converter
from django.urls.converters import StringConverter
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.ids import parse_decimal, parse_ulid, parse_uuid, to_decimal, to_oid, to_ulid

from .query import Schema

ULID: Schema = {"type": "string", "format": "ulid", "pattern": "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$"}
OID: Schema = {"type": "string", "pattern": "^[a-fA-F0-9]{24}$"}
DECIMAL: Schema = {"type": "string", "pattern": "^(0|[1-9][0-9]{0,38})$"}

# Used in place of an id that cannot be parsed. No row has this id, so the view returns its usual 404 response.
ABSENT = UUID(int=0)


def register_id_converter(name: str, parse: Callable[[str], UUID | None]) -> None:
    """Register a path converter.

    The route matches any string. If the id cannot be parsed, the view gets ``ABSENT`` instead.
    """

    class IdConverter(StringConverter):
        def to_python(self, value: str) -> Any:
            return parse(value) or ABSENT

    register_converter(IdConverter, name)


register_id_converter("decimal", parse_decimal)
register_id_converter("ulid", parse_ulid)
register_id_converter("id", parse_uuid)


@extend_schema_field(ULID)
class UlidField(serializers.CharField):
    """An id as 26 Crockford base32 characters."""

    def to_representation(self, value: Any) -> str:
        """Return the id as text."""
        return to_ulid(value)


@extend_schema_field(OID)
class OidField(serializers.CharField):
    """An id as 24 hex digits."""

    def to_representation(self, value: Any) -> str:
        """Return the id as text."""
        return to_oid(value)


@extend_schema_field(DECIMAL)
class DecimalIdField(serializers.Field):
    """An id as decimal digits in a string."""

    def to_representation(self, value: Any) -> str:
        """Return the id as text."""
        return to_decimal(value)

    def to_internal_value(self, data: Any) -> UUID:
        """Return the id. Raises ValidationError if the value is not a string of decimal digits."""
        key = parse_decimal(data) if isinstance(data, str) else None
        if key is None:
            raise serializers.ValidationError("An id in decimal digits is expected.")
        return key
