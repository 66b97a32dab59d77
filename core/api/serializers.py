"""The base serializers and fields of the house API: snake_case in Python, camelCase in JSON, strict input."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import Field, SkipField, empty

from core.addresses import MAX_LENGTH_AS_TYPED, Address, normalize_address
from core.ids import parse_uuid
from core.text import trimmed, validate_plain_multiline_text, validate_plain_text

from .names import AsSent, camel_case
from .text_patterns import EMAIL_ADDRESS, STORABLE_TEXT, VISIBLE_LINE, VISIBLE_LINE_OR_BLANK, VISIBLE_LINES

MAX_NAME_LENGTH = 100
MAX_NAMES = 20
RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
NOT_RFC_3339 = "A time in RFC 3339 is expected, with its offset: 2026-01-02T03:04:05Z."


def format_time(moment: datetime) -> str:
    """Return a time in RFC 3339, in UTC, with milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def format_seconds(moment: datetime) -> str:
    """Return a time in RFC 3339, in UTC, in whole seconds and with `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:-6] + "Z"


class Rfc3339Field(serializers.DateTimeField):
    """A date, a time and an offset, as in RFC 3339.

    REST framework's own field also accepts a date, a week, and a time without an offset.
    """

    accepted: ClassVar[Mapping[str, Any]] = {"pattern": f"^{RFC_3339.pattern}$"}

    def to_internal_value(self, value: Any) -> datetime:
        """Return the time in UTC. Raises ValidationError for anything else."""
        if not isinstance(value, str) or not RFC_3339.fullmatch(value):
            raise ValidationError(NOT_RFC_3339)
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError) as error:  # there is no such date, or Python does not know the year
            raise ValidationError(NOT_RFC_3339) from error


class TimeField(Rfc3339Field):
    """A time with milliseconds: `2026-01-02T03:04:05.678Z`."""

    def to_representation(self, value: datetime) -> str:
        """Return the time as text."""
        return format_time(value)


class SecondsField(Rfc3339Field):
    """A time in whole seconds, as some vendors represent it: `2026-01-02T03:04:05Z`."""

    def to_representation(self, value: datetime) -> str:
        """Return the time as text."""
        return format_seconds(value)


class StrictTextField(serializers.CharField):
    """A JSON string, unchanged. REST framework's own field also accepts numbers and removes spaces.

    A field may declare keywords of its JSON Schema that apply to requests only: ``accepted``.
    """

    accepted: ClassVar[Mapping[str, Any]] = {"pattern": STORABLE_TEXT}

    def __init__(self, **options: Any) -> None:
        if not options.get("allow_blank"):
            options.setdefault("min_length", 1)  # for the documents; the check for blank text runs first
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the string. Raises ValidationError for anything else."""
        if not isinstance(data, str):
            self.fail("invalid")
        return data

    def require_length(self, data: Any) -> None:
        """Raise ValidationError if the text is too long as it was sent. The documents count all its characters."""
        if isinstance(data, str) and self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)


@extend_schema_field({"type": "string", "format": "email", "maxLength": MAX_LENGTH_AS_TYPED})
class AddressSerializerField(StrictTextField):
    """An email address, normalized."""

    accepted: ClassVar[Mapping[str, Any]] = {"pattern": EMAIL_ADDRESS}

    def to_internal_value(self, data: Any) -> Address:
        """Return the address. Raises ValidationError if it is not valid."""
        return normalize_address(super().to_internal_value(data))


class StrictUuidField(serializers.UUIDField):
    """A UUID in its canonical form of 36 characters.

    REST framework's own field also accepts numbers, braces and URNs.
    """

    def to_internal_value(self, data: Any) -> UUID:
        """Return the UUID. Raises ValidationError for anything else."""
        found = parse_uuid(data) if isinstance(data, str) else None
        if found is None:
            self.fail("invalid", value=data)
        return found


class StrictIntegerField(serializers.IntegerField):
    """A JSON number without a fraction: 28 or 28.0. REST framework's own field also accepts strings of digits."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number. Raises ValidationError for anything else."""
        if isinstance(data, float) and data.is_integer():
            return int(data)
        if type(data) is not int:
            self.fail("invalid")
        return data


class StrictBooleanField(serializers.BooleanField):
    """JSON's `true` or `false`. REST framework's own field also accepts many words and numbers."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the boolean. Raises ValidationError for anything else."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class ChoiceField(serializers.ChoiceField):
    """One of several choices. The error message lists them. REST framework's message only repeats the input."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices, **options)
        self.error_messages["invalid_choice"] = f"One of these is expected: {', '.join(self.choices)}."


class PlainTextField(StrictTextField):
    """One line of visible text, such as a name. Spaces around it are removed, but count for the maximum length."""

    @property
    def accepted(self) -> Mapping[str, Any]:  # type: ignore[override]
        """The pattern of the text with spaces around it."""
        return {"pattern": VISIBLE_LINE_OR_BLANK if self.allow_blank else VISIBLE_LINE}

    default_validators = [validate_plain_text]

    def run_validation(self, data: Any = empty) -> Any:
        """Check the length, remove the spaces, then validate."""
        self.require_length(data)
        return super().run_validation(trimmed(data) if isinstance(data, str) else data)


class PlainMultilineTextField(StrictTextField):
    """Visible text with line breaks. Browsers send CR LF, which becomes a newline."""

    accepted: ClassVar[Mapping[str, Any]] = {"pattern": VISIBLE_LINES}

    default_validators = [validate_plain_multiline_text]

    def to_internal_value(self, data: Any) -> str:
        """Return the string with CR LF replaced by newlines. Both characters count for the maximum length."""
        self.require_length(data)
        return super().to_internal_value(data).replace("\r\n", "\n")


class HouseSerializer(serializers.Serializer):
    """A serializer whose fields are snake_case in Python and camelCase in JSON. It rejects unknown fields.

    `validate_<name>` and `get_<name>` methods have snake_case names, and `validated_data` has snake_case keys.
    `accepted` are keywords of its JSON Schema that apply to requests only.
    """

    accepted: Mapping[str, Any] = MappingProxyType({})

    def get_fields(self) -> dict[str, Field]:
        """Return the fields by their camelCase names."""
        return {camel_case(name): self.renamed(name, field) for name, field in super().get_fields().items()}

    def renamed(self, name: str, field: Field) -> Field:
        """Give a camelCase field its snake_case source and its `get_` and `validate_` methods. Return the field."""
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
        """Validate the data. Raises one ValidationError with the messages of all invalid and unknown fields."""
        unknown = self.unknown_fields(data) if isinstance(data, Mapping) else {}
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**error.detail, **unknown}) from error  # type: ignore[dict-item]
        if unknown:
            raise ValidationError(unknown)
        return values

    def unknown_fields(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return error messages for fields that are not declared, and for read-only fields."""
        known = {field.field_name for field in self.fields.values() if not field.read_only}
        unknown = islice((name for name in data if name not in known), MAX_NAMES)
        return {AsSent(name[:MAX_NAME_LENGTH]): ["This field is unknown."] for name in unknown}

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return one row as JSON values.

        For long lists, this method takes most of the time. It therefore uses `columns`, which is computed only once.
        """
        row = {}
        for name, read, represent in self.columns:
            try:
                value = read(instance)
            except SkipField:
                continue
            row[name] = None if value is None else represent(value)
        return row

    @cached_property
    def columns(self) -> list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]:
        """For each readable field: its name, a function that reads the value, and one that converts it to JSON."""
        readable = [field for field in self.fields.values() if not field.write_only]
        return [(str(field.field_name), reader_of(field), field.to_representation) for field in readable]


@cache
def representing_serializer(serializer_class: type[serializers.Serializer]) -> serializers.Serializer:
    """Return a serializer that only converts rows to JSON values. It has no context, and all requests share it.

    Making a serializer copies all its fields, which takes longer than a row.
    """
    return serializer_class()


def reader_of(field: Field) -> Callable[[Any], Any]:
    """Return a function that reads a field's value.

    If possible, the function is a plain attribute lookup, which is faster than `field.get_attribute`.
    """
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
    """A `HouseSerializer` with snake_case names in JSON, for dialects."""

    def get_fields(self) -> dict[str, Field]:
        """Return the fields by their declared names."""
        return super(HouseSerializer, self).get_fields()


class NoBody(HouseSerializer):
    """The body of an operation without input. It is absent or an empty object."""
