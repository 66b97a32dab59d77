"""Names in JSON: Python's `created_at` becomes `createdAt`."""

import re
from collections.abc import Mapping
from typing import Any

WORD_AFTER_UNDERSCORE = re.compile(r"(?<=[A-Za-z0-9])_([A-Za-z0-9])")


class AsSent(str):
    """A field name as the client sent it. Errors contain it unchanged, and `camel_case` does not convert it."""

    __slots__ = ()


def camel_case(name: str) -> str:
    """Convert a snake_case name, or a dotted path of such names, to camelCase."""
    if isinstance(name, AsSent):
        return name
    return WORD_AFTER_UNDERSCORE.sub(lambda word: word[1].upper(), name)


def camel_case_keys(value: Any) -> Any:
    """Convert every key in nested mappings and lists to camelCase. Leave the values unchanged."""
    if isinstance(value, Mapping):
        return {camel_case(name): camel_case_keys(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [camel_case_keys(item) for item in value]
    return value
