"""Reading query parameters strictly: each operation declares its own, anything else is a 400 that names it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from django.http import HttpRequest

from core.errors import Invalid
from core.ids import parse_uuid

from .names import AsSent

MAX_PARAMETERS = 100
MAX_NAME_LENGTH = 100
NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
MAX_NUMBER = 2**31 - 1

Schema = dict[str, Any]


def object_schema(**properties: Schema) -> Schema:
    """The JSON Schema of an object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


class InvalidQuery(Invalid):
    """A query parameter is unknown, repeated or out of its range."""

    message = "Some query parameters are not valid."


class InvalidHeader(Invalid):
    """A header that the operation reads is out of its range."""

    message = "Some headers are not valid."


class Unreadable(ValueError):
    """A parameter's text is not one of its values. The message says what is expected."""


class Parameter:
    """One query parameter: how its text is read, and how the schema describes it."""

    def __init__(self, *, default: Any = None, required: bool = False, description: str = "") -> None:
        self.default = default
        self.required = required
        self.description = description

    def read(self, text: str) -> Any:
        """Return the value that the text spells. Raises Unreadable."""
        raise NotImplementedError

    def schema(self) -> Schema:
        """Describe the texts in JSON Schema."""
        raise NotImplementedError


class Text(Parameter):
    """Text of a bounded length; with a pattern, text that matches it wholly (compile it with re.ASCII)."""

    def __init__(self, *, max_length: int = 256, pattern: re.Pattern[str] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.max_length = max_length
        self.pattern = pattern

    def read(self, text: str) -> str:
        """Return the text as it is."""
        if not 0 < len(text) <= self.max_length:
            raise Unreadable(f"Between 1 and {self.max_length} characters are expected.")
        if self.pattern and not self.pattern.fullmatch(text):
            raise Unreadable("This does not have the expected form.")
        return text

    def schema(self) -> Schema:
        """A string within its bounds."""
        pattern = {"pattern": f"^(?:{self.pattern.pattern})$"} if self.pattern else {}
        return {"type": "string", "minLength": 1, "maxLength": self.max_length, **pattern}


class Integer(Parameter):
    """A whole number between two bounds, in plain ASCII digits."""

    def __init__(self, *, minimum: int = 0, maximum: int = MAX_NUMBER, **options: Any) -> None:
        super().__init__(**options)
        self.minimum = minimum
        self.maximum = maximum

    def read(self, text: str) -> int:
        """Return the number."""
        value = int(text) if NUMBER.fullmatch(text) else None
        if value is None or not self.minimum <= value <= self.maximum:
            raise Unreadable(f"A whole number from {self.minimum} to {self.maximum} is expected.")
        return value

    def schema(self) -> Schema:
        """An integer within its bounds."""
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


class Boolean(Parameter):
    """`true` or `false`; a dialect may read more spellings, in any case."""

    def __init__(self, *, true: Sequence[str] = ("true",), false: Sequence[str] = ("false",), **options: Any) -> None:
        super().__init__(**options)
        self.spellings = dict.fromkeys(true, True) | dict.fromkeys(false, False)

    def read(self, text: str) -> bool:
        """Return what the spelling means."""
        if text.lower() not in self.spellings:
            raise Unreadable("true or false is expected.")
        return self.spellings[text.lower()]

    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}


class Uuid(Parameter):
    """A UUID in its usual spelling of 36 characters."""

    def read(self, text: str) -> UUID:
        """Return the UUID."""
        value = parse_uuid(text)
        if value is None:
            raise Unreadable("A UUID is expected.")
        return value

    def schema(self) -> Schema:
        """A string in the form of a UUID."""
        return {"type": "string", "format": "uuid"}


class Choice(Parameter):
    """One of the listed words: `Choice("pending", "error", default="pending")`."""

    def __init__(self, *choices: str, **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices

    def read(self, text: str) -> Any:
        """Return the word."""
        if text not in self.choices:
            raise Unreadable(f"One of these is expected: {', '.join(self.choices)}.")
        return text

    def schema(self) -> Schema:
        """The list of words."""
        return {"type": "string", "enum": list(self.choices)}


class Choices(Choice):
    """One or more of the listed words, separated by commas, each at most once."""

    def read(self, text: str) -> tuple[str, ...]:
        """Return the words in the order they were sent."""
        words = tuple(text.split(","))
        if not set(words) <= set(self.choices) or len(set(words)) < len(words):
            raise Unreadable(f"Some of these are expected, separated by commas: {', '.join(self.choices)}.")
        return words

    def schema(self) -> Schema:
        """A string of words, since the commas are ours."""
        words = "|".join(map(re.escape, self.choices))
        return {"type": "string", "pattern": f"^({words})(,({words}))*$"}


@dataclass(frozen=True)
class Sorting:
    """An order that was asked for. The id breaks ties, so that pages neither repeat nor lose a row."""

    text: str
    column: str
    descending: bool

    @property
    def columns(self) -> tuple[str, str]:
        """What `order_by` takes."""
        sign = "-" if self.descending else ""
        return f"{sign}{self.column}", f"{sign}id"


class Sort(Choice):
    """`name:asc` or `name:desc`: `Sort({"createdAt": "created_at"}, default="createdAt:desc")`.

    The mapping goes from names on the wire to columns. With `bare`, a name alone means ascending.
    """

    def __init__(self, columns: Mapping[str, str], *, default: str, bare: bool = False, **options: Any) -> None:
        directions = ("", ":asc", ":desc") if bare else (":asc", ":desc")
        super().__init__(*(name + direction for name in columns for direction in directions), **options)
        self.mapping = columns
        self.default = self.read(default)

    def read(self, text: str) -> Sorting:
        """Return the order as columns."""
        name, _, direction = super().read(text).partition(":")
        return Sorting(text, self.mapping[name], descending=direction == "desc")


def read_query(
    request: HttpRequest, parameters: Mapping[str, Parameter], *, refuse_unknown: bool = True
) -> dict[str, Any]:
    """Return a value for every declared parameter: what was sent, or its default.

    Raises InvalidQuery with every parameter that is unknown, repeated, missing or out of its range.
    """
    pairs = pairs_of(request)
    if not refuse_unknown:
        pairs = [pair for pair in pairs if pair[0] in parameters]
    refused = dict(refused_names([name for name, _ in pairs], parameters))
    values, faults = read_values(dict(pairs), parameters)
    if refused or faults:
        raise InvalidQuery(fields=faults | refused)
    return values


def read_headers(request: HttpRequest, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """Return a value for every declared header: what was sent, or its default; other headers are not looked at.

    Raises InvalidHeader with every declared header that is out of its range.
    """
    sent = {name: request.headers[name] for name in parameters if name in request.headers}
    values, faults = read_values(sent, parameters)
    if faults:
        raise InvalidHeader(fields={AsSent(name): messages for name, messages in faults.items()})
    return values


def read_values(
    sent: Mapping[str, str], parameters: Mapping[str, Parameter]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Read what was sent; what cannot be read is among the faults instead of the values."""
    values: dict[str, Any] = {}
    faults: dict[str, list[str]] = {}
    for name, parameter in parameters.items():
        try:
            values[name] = parameter.read(sent[name]) if name in sent else parameter.default
        except Unreadable as error:
            faults[name] = [str(error)]
    return values, faults


def refused_names(names: Sequence[str], parameters: Mapping[str, Parameter]) -> Iterator[tuple[str, list[str]]]:
    """Find the names that nobody declared, that came twice, or that did not come and are required."""
    for name in names:
        if name not in parameters:
            yield AsSent(name[:MAX_NAME_LENGTH]), ["This parameter is unknown."]
        elif names.count(name) > 1:
            yield name, ["This parameter may be given once only."]
    for name, parameter in parameters.items():
        if parameter.required and name not in names:
            yield name, ["This parameter is required."]


def pairs_of(request: HttpRequest) -> list[tuple[str, str]]:
    """Decode the query string as UTF-8, where Django would replace what it cannot decode. Raises InvalidQuery."""
    query_string = request.META.get("QUERY_STRING", "")
    try:
        # WSGI hands bytes over as if they were Latin-1 (PEP 3333).
        text = query_string.encode("latin-1").decode()
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise InvalidQuery("The query is not valid UTF-8, or it is too long.") from error
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise InvalidQuery("The query contains NUL.")
    return pairs
