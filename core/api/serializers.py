"""Serializers of the house: snake_case in Python, camelCase on the wire, nothing unknown accepted."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import Field, SkipField

from core.addresses import MAX_LENGTH, Address, normalize_address
from core.ids import parse_uuid
from core.text import validate_plain_multiline_text, validate_plain_text

from .names import AsSent, camel_case

MAX_NAME_LENGTH = 100
MAX_NAMES = 20


def format_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


class TimeField(serializers.DateTimeField):
    """A moment, spelled as `2026-01-02T03:04:05.678Z`."""

    def to_representation(self, value: datetime) -> str:
        """Spell the moment."""
        return format_time(value)


class SecondsField(serializers.DateTimeField):
    """A moment in whole seconds, as some vendors spell it: `2026-01-02T03:04:05Z`."""

    def to_representation(self, value: datetime) -> str:
        """Spell the moment."""
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class StrictTextField(serializers.CharField):
    """Text that must be a JSON string, taken as it is: REST framework alone would read numbers and trim spaces."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the string. Raises ValidationError for anything else."""
        if not isinstance(data, str):
            self.fail("invalid")
        return data


@extend_schema_field({"type": "string", "format": "email", "maxLength": MAX_LENGTH})
class AddressSerializerField(StrictTextField):
    """An email address, normalized."""

    def to_internal_value(self, data: Any) -> Address:
        """Return the address. Raises ValidationError for what is none."""
        return normalize_address(super().to_internal_value(data))


class StrictUuidField(serializers.UUIDField):
    """A UUID in its usual spelling of 36 characters: REST framework alone would read numbers, braces and URNs."""

    def to_internal_value(self, data: Any) -> UUID:
        """Return the UUID. Raises ValidationError for anything else."""
        found = parse_uuid(data) if isinstance(data, str) else None
        if found is None:
            self.fail("invalid", value=data)
        return found


class StrictIntegerField(serializers.IntegerField):
    """A JSON number without a fraction: REST framework alone would read strings of digits."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number. Raises ValidationError for anything else."""
        if type(data) is not int:
            self.fail("invalid")
        return data


class StrictBooleanField(serializers.BooleanField):
    """JSON's `true` or `false`: REST framework alone would read many words and numbers."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the truth. Raises ValidationError for anything else."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class ChoiceField(serializers.ChoiceField):
    """One of a few words. A refusal names them, where REST framework's would only repeat what was sent."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices, **options)
        self.error_messages["invalid_choice"] = f"One of these is expected: {', '.join(self.choices)}."


class PlainTextField(StrictTextField):
    """One line of visible text, as names are."""

    default_validators = [validate_plain_text]


class PlainMultilineTextField(StrictTextField):
    """Visible text with line breaks; CR LF, which browsers send, becomes a newline."""

    default_validators = [validate_plain_multiline_text]

    def to_internal_value(self, data: Any) -> str:
        """Return the string with newlines only."""
        return super().to_internal_value(data).replace("\r\n", "\n")


class HouseSerializer(serializers.Serializer):
    """Declare fields in snake_case; the wire has them in camelCase. Unknown fields are refused by name.

    `validate_<name>` and `get_<name>` hooks keep their Python names, and `validated_data` is in snake_case.
    """

    def get_fields(self) -> dict[str, Field]:
        """Rename the declared fields for the wire; their source is what they were declared as."""
        return {camel_case(name): self.renamed(name, field) for name, field in super().get_fields().items()}

    def renamed(self, name: str, field: Field) -> Field:
        """Bind the field's source and hooks to its Python name."""
        if camel_case(name) == name:
            return field
        if isinstance(field, serializers.SerializerMethodField):
            field.method_name = field.method_name or f"get_{name}"
        elif field.source is None:
            field.source = name
        if hasattr(self, f"validate_{name}"):
            setattr(self, f"validate_{camel_case(name)}", getattr(self, f"validate_{name}"))
        return field

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Validate as REST framework does, and refuse fields that nobody declared, all in one answer."""
        unknown = self.unknown_fields(data) if isinstance(data, Mapping) else {}
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**error.detail, **unknown}) from error  # type: ignore[dict-item]
        if unknown:
            raise ValidationError(unknown)
        return values

    def unknown_fields(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        """Name what was sent and cannot be written."""
        known = {field.field_name for field in self.fields.values() if not field.read_only}
        unknown = islice((name for name in data if name not in known), MAX_NAMES)
        return {AsSent(name[:MAX_NAME_LENGTH]): ["This field is unknown."] for name in unknown}

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Spell one row. Lists spend their time here, so the way to each value is found once per serializer."""
        row = {}
        for name, read, spell in self.columns:
            try:
                value = read(instance)
            except SkipField:
                continue
            row[name] = None if value is None else spell(value)
        return row

    @cached_property
    def columns(self) -> list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]:
        """Each readable field as its name, how to read its value and how to spell it."""
        readable = [field for field in self.fields.values() if not field.write_only]
        return [(str(field.field_name), reader_of(field), field.to_representation) for field in readable]


def reader_of(field: Field) -> Callable[[Any], Any]:
    """How to read a field's value: a plain attribute where that is all, REST framework's way otherwise."""
    if field.source == "*" or type(field).get_attribute is not Field.get_attribute:
        return field.get_attribute
    attribute = attrgetter(str(field.source))

    def read(instance: Any) -> Any:
        try:
            value = attribute(instance)
        except AttributeError:
            return field.get_attribute(instance)
        return field.get_attribute(instance) if callable(value) else value

    return read


class SnakeCaseSerializer(HouseSerializer):
    """As strict and as fast, for dialects that spell names as Python does."""

    def get_fields(self) -> dict[str, Field]:
        """Leave the names as they were declared."""
        return super(HouseSerializer, self).get_fields()


class NoBody(HouseSerializer):
    """The body of an operation that takes none: absent, or an object without fields."""
