"""The form fields of filters. Each field validates one string strictly."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from core.ids import parse_uuid

from .parameters import whole


class FilterField(forms.Field):
    """A form field that parses the value of a filter, or raises ValidationError. It is never rendered as HTML."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the field itself. Forms copy their fields, but these fields never change, so no copy is needed."""
        return self


class TextField(FilterField, forms.CharField):
    """A string. Its length is checked before its pattern."""

    def __init__(self, *, pattern: re.Pattern[str] | None, **options: Any) -> None:
        super().__init__(strip=False, **options)
        if pattern:
            self.validators.append(whole(pattern))


class BooleanField(FilterField):
    """`true` or `false`, in any letter case."""

    def to_python(self, value: Any) -> bool:
        """Return the boolean."""
        text = str(value).lower()
        if text not in ("true", "false"):
            raise ValidationError(self.error_messages["invalid"])
        return text == "true"


class UuidField(FilterField):
    """A UUID in its canonical form of 36 characters."""

    def to_python(self, value: Any) -> UUID:
        """Return the UUID."""
        found = parse_uuid(value)
        if found is None:
            raise ValidationError(self.error_messages["invalid"])
        return found


class WordField(FilterField):
    """One of the given choices."""

    def __init__(self, *, choices: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(**options)
        self.words = frozenset(word for word, _ in choices)

    def to_python(self, value: Any) -> Any:
        """Return the choice."""
        if value not in self.words:
            raise ValidationError(self.error_messages["invalid"])
        return value


class WordsField(WordField):
    """One or more of the given choices, separated by commas."""

    def to_python(self, value: Any) -> tuple[str, ...]:
        """Return the choices in the order of the request. Raises ValidationError if a choice is repeated."""
        words = tuple(value.split(","))
        if not self.words.issuperset(words) or len(set(words)) < len(words):
            raise ValidationError(self.error_messages["invalid"])
        return words


@dataclass(frozen=True)
class Sorting:
    """A requested sort order.

    Rows with equal values are sorted by id, so that no row is repeated or missing across pages.
    """

    text: str
    column: str
    descending: bool

    @property
    def columns(self) -> tuple[str, str]:
        """The arguments for `order_by`."""
        sign = "-" if self.descending else ""
        return f"{sign}{self.column}", f"{sign}id"


class SortField(WordField):
    """A value that names one of the sort orders."""

    def __init__(self, *, sortings: Mapping[str, Sorting], **options: Any) -> None:
        super().__init__(**options)
        self.sortings = sortings

    def to_python(self, value: Any) -> Sorting:
        """Return the sort order for the value."""
        return self.sortings[super().to_python(value)]
