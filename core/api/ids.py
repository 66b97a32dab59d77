"""The spellings of an id that the house itself does not use: in bodies, in paths, and what schemas say of each.

In a route ``<decimal:organization_id>``, ``<ulid:…>`` and ``<id:…>`` (a UUID) give the view a UUID.
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

# Stands for an id that cannot be read. Nothing has it, so it is looked up and not found, as any other would be.
ABSENT = UUID(int=0)


def register_id_converter(name: str, parse: Callable[[str], UUID | None]) -> None:
    """Let routes have ids in this spelling; what spells none is ``ABSENT``, and not a path of its own."""

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
        """Spell the id."""
        return to_ulid(value)


@extend_schema_field(OID)
class OidField(serializers.CharField):
    """An id as 24 hex digits."""

    def to_representation(self, value: Any) -> str:
        """Spell the id."""
        return to_oid(value)


@extend_schema_field(DECIMAL)
class DecimalIdField(serializers.Field):
    """An id as decimal digits in a string."""

    def to_representation(self, value: Any) -> str:
        """Spell the id."""
        return to_decimal(value)

    def to_internal_value(self, data: Any) -> UUID:
        """Return the id. Raises ValidationError for anything but a string of digits."""
        key = parse_decimal(data) if isinstance(data, str) else None
        if key is None:
            raise serializers.ValidationError("An id in decimal digits is expected.")
        return key
