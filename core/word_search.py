"""Search a list for words in names and addresses, at a bounded cost."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from core.addresses import normalize_address
from core.rows import count_up_to

MAX_SEARCHED = 20_000
MAX_LENGTH, MAX_WORDS = 256, 8


def is_too_long(text: str) -> bool:
    """Return whether the text has too many characters or words. Each word adds conditions to the statement."""
    return len(text) > MAX_LENGTH or len(text.split()) > MAX_WORDS


def is_too_large(rows: QuerySet[Any, Any]) -> bool:
    """Return whether the list has more rows than a search for parts of texts may read. Count no more than these."""
    return count_up_to(MAX_SEARCHED + 1, rows.values("pk")) > MAX_SEARCHED


def with_words(rows: Any, text: str, columns: Sequence[str], address: str) -> Any:
    """Return the rows that contain each word in one of the columns, or whose ``address`` is the whole text."""
    whole = address_in(text)
    for word in text.split():
        found = Q(**{address: whole}) if whole else Q()
        for column in columns:
            found |= Q(**{f"{column}__icontains": word})
        rows = rows.filter(found)
    return rows


def address_in(text: str) -> str | None:
    """Return the normalized address if the text is one, for example with a Unicode domain."""
    try:
        return normalize_address(text)
    except ValidationError:
        return None
