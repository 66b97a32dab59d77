"""Read JSON: a list of objects or of addresses, an object that contains such a list, or one object on each line."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from .errors import UnreadableUpload

MAX_DEPTH = 32
MAX_CONTAINERS = 500_000  # objects and lists; 10,000 invitations of other products have about 30,000
MAX_NUMBER_LENGTH = 32
LISTS = ("invitations", "data", "rows", "members", "users", "emails")  # members of an object that contain the list
START = re.compile(r'\s*(?:\[\s*[\[{"\]]|\{\s*["}])')
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def looks_like_json(text: str) -> bool:
    """Return whether the text begins like a JSON list or object."""
    return START.match(text) is not None


def items_of_json(text: str) -> list[Any]:
    """Return the items of the list. Raises UnreadableUpload, with the line and column or the place of what is wrong."""
    if text.count("{") + text.count("[") > MAX_CONTAINERS:
        raise UnreadableUpload(_("This JSON document contains too many objects."))
    try:
        items = list(_documents(text))
    except json.JSONDecodeError as error:
        message = _("Malformed JSON: %(problem)s, line %(line)d, column %(column)d.")
        values = {"problem": error.msg, "line": error.lineno, "column": error.colno}
        raise UnreadableUpload(message % values) from error
    except RecursionError as error:
        raise _too_deep("1") from error
    if len(items) == 1:
        items = _list_in(items[0])
    for number, item in enumerate(items, start=1):
        _refuse_unstorable(item, str(number))
    return items


def _documents(text: str) -> Iterator[Any]:
    """Yield each JSON document of the text. They are separated by white space."""
    position, end = _space_end(text, 0), len(text)
    while position < end:
        value, position = DECODER.raw_decode(text, position)
        yield value
        position = _space_end(text, position)


def _space_end(text: str, position: int) -> int:
    """Return the position after the white space here."""
    found = re.compile(r"[ \t\r\n]*").match(text, position)
    return found.end() if found else position


def _list_in(document: Any) -> list[Any]:
    """Return the list that the document is or contains, or a list of the document itself."""
    if isinstance(document, list):
        return document
    for name in LISTS:
        if isinstance(document, dict) and isinstance(document.get(name), list):
            found: list[Any] = document[name]
            return found
    return [document]


def _refuse_unstorable(item: Any, place: str) -> None:
    """Raise UnreadableUpload for characters that a database cannot store, and for more than MAX_DEPTH levels."""
    level: list[Any] = [item]
    for _depth in range(MAX_DEPTH):
        if any(isinstance(value, str) and UNSTORABLE.search(value) for value in level):
            message = _("Place %(place)s of the list contains a character that is not allowed.")
            raise UnreadableUpload(message % {"place": place})
        level = [child for value in level for child in _children(value)]
    if level:
        raise _too_deep(place)


def _children(value: Any) -> list[Any]:
    """Return the values in a list, or the names and values in an object."""
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _too_deep(place: str) -> UnreadableUpload:
    """Return the error for a document with too many levels."""
    message = _("Place %(place)s of the list is nested deeper than %(levels)d levels.")
    return UnreadableUpload(message % {"place": place, "levels": MAX_DEPTH})


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object. Raise UnreadableUpload if a name is repeated: programs disagree which of the two counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadableUpload(_("A JSON object contains a name more than once."))
    return found


def _number(text: str, kind: type[int] | type[float]) -> int | float:
    """Return the number. Raises UnreadableUpload if a database cannot store it."""
    value = kind(text) if len(text) <= MAX_NUMBER_LENGTH else float("inf")
    if value in (float("inf"), float("-inf")):
        raise UnreadableUpload(_("A number is too large."))
    return value


def _no_number(text: str) -> None:
    """Refuse NaN and Infinity. Python accepts them, but they are not valid JSON."""
    raise UnreadableUpload(_("%(text)s is not a JSON value.") % {"text": text})


DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=lambda text: _number(text, int),
    parse_float=lambda text: _number(text, float),
    parse_constant=_no_number,
)
