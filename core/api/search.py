"""The filter `search` of lists: words of names and addresses."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django_filters import Filter
from drf_spectacular.utils import extend_schema_field

from core.word_search import (
    MAX_LENGTH,
    MAX_SEARCHED,
    MAX_WORDS,
    address_in,
    is_too_large,
    is_too_long,
    with_words,
)

from .filter_fields import FilterField
from .query import InvalidQuery

PATTERN = rf"^\s*\S+(\s+\S+){{0,{MAX_WORDS - 1}}}\s*$"
EXPECTED = f"1 to {MAX_WORDS} words are expected, with at most {MAX_LENGTH} characters."


class SearchField(FilterField):
    """1 to ``MAX_WORDS`` words."""

    def to_python(self, value: Any) -> str:
        """Return the text without whitespace around it."""
        text = str(value)
        if not text.split() or is_too_long(text):
            raise ValidationError(EXPECTED)
        return text.strip()


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": PATTERN})
class SearchFilter(Filter):
    """Search the ``columns`` for each word, or the ``address`` for the whole text.

    Declare this filter first, because the rows that it gets must be the complete list of the organization. If the list
    is too large to read, only whole addresses are searched, for which the address has an index.
    """

    field_class = SearchField
    parameter = models.CharField()

    def __init__(self, *, columns: tuple[str, ...], address: str, help_text: str) -> None:
        self.columns, self.address = columns, address
        limit = f" Lists of more than {MAX_SEARCHED:,} rows can only be searched for a whole address."
        super().__init__(help_text=help_text + limit, error_messages={"required": EXPECTED})

    def filter(self, qs: Any, value: str) -> Any:
        """Return the rows that the search finds. Raises InvalidQuery if the list is too large for it."""
        if not is_too_large(qs):
            return with_words(qs, value, self.columns, self.address)
        whole = address_in(value)
        if whole is None:
            raise InvalidQuery(fields={"search": ["This list is too large. Search for a whole address."]})
        return qs.filter(**{self.address: whole})
