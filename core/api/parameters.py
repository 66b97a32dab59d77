"""REST framework fields that validate one query parameter or header strictly.

Use them for pagination, for headers, and for parameters of single operations. The filters of lists are in ``filters``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import Field, empty

from .serializers import StrictUuidField

NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
MAX_NUMBER = 2**31 - 1

Fields = Mapping[str, Field]


class ParameterField(Field):
    """A parameter. It is optional and has a default (None), unless ``required`` is set."""

    def __init__(self, **options: Any) -> None:
        if not options.get("required"):
            options.setdefault("default", None)
        super().__init__(**options)
        self.error_messages["required"] = "This parameter is required."


class TextParameter(ParameterField, serializers.CharField):
    """A string of 1 to ``max_length`` characters.

    If there is a pattern, the whole string must match it. Compile the pattern with re.ASCII.
    """

    def __init__(self, *, max_length: int = 256, pattern: re.Pattern[str] | None = None, **options: Any) -> None:
        length = f"Between 1 and {max_length} characters are expected."
        messages = dict.fromkeys(("blank", "min_length", "max_length"), length)
        super().__init__(trim_whitespace=False, min_length=1, max_length=max_length, error_messages=messages, **options)
        if pattern:
            self.validators.append(whole(pattern))
        extend_schema_field(text_schema(max_length, pattern))(self)  # type: ignore[type-var]  # it accepts instances too

    def run_validators(self, value: Any) -> None:
        """Raise ValidationError with the first failure only."""
        try:
            super().run_validators(value)
        except ValidationError as error:
            raise ValidationError(error.detail[:1]) from error  # type: ignore[index]


class IntegerParameter(ParameterField, serializers.IntegerField):
    """An integer between a minimum and a maximum, in ASCII digits."""

    def __init__(self, *, min_value: int = 0, max_value: int = MAX_NUMBER, **options: Any) -> None:
        expected = f"A whole number from {min_value} to {max_value} is expected."
        messages = dict.fromkeys(("invalid", "min_value", "max_value"), expected)
        super().__init__(min_value=min_value, max_value=max_value, error_messages=messages, **options)

    def to_internal_value(self, data: str) -> int:
        """Return the number."""
        if not NUMBER.fullmatch(data):
            self.fail("invalid")
        return int(data)


class BooleanParameter(ParameterField, serializers.BooleanField):
    """`true` or `false` in any letter case. A dialect may accept more words for each value."""

    default_error_messages = {"invalid": "true or false is expected."}

    def __init__(self, *, true: Sequence[str] = ("true",), false: Sequence[str] = ("false",), **options: Any) -> None:
        super().__init__(**options)
        self.meanings = dict.fromkeys(true, True) | dict.fromkeys(false, False)

    def to_internal_value(self, data: str) -> bool:
        """Return the boolean."""
        if data.lower() not in self.meanings:
            self.fail("invalid")
        return self.meanings[data.lower()]


class UuidParameter(ParameterField, StrictUuidField):
    """A UUID in its canonical form of 36 characters."""

    default_error_messages = {"invalid": "A UUID is expected."}


def whole(pattern: re.Pattern[str]) -> RegexValidator:
    """Return a validator that accepts a string if all of it matches the pattern."""
    from_end_to_end = re.compile(rf"^(?:{pattern.pattern})\Z", pattern.flags)
    return RegexValidator(from_end_to_end, "This does not have the expected form.")


def text_schema(max_length: int, pattern: re.Pattern[str] | None) -> dict[str, Any]:
    """Return the JSON Schema of a string with this length and pattern."""
    form = {"pattern": f"^(?:{pattern.pattern})$"} if pattern else {}
    return {"type": "string", "minLength": 1, "maxLength": max_length, **form}


def read_fields(sent: Mapping[str, str], fields: Fields) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return the values and the error messages of the fields. A field that was not sent has its default value."""
    values: dict[str, Any] = {}
    faults: dict[str, list[str]] = {}
    for name, field in fields.items():
        try:
            values[name] = field.run_validation(sent.get(name, empty))
        except ValidationError as error:
            faults[name] = [str(message) for message in error.detail]
    return values, faults
