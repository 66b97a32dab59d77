"""How names are spelled on the wire: the domain says `created_at`, the house says `createdAt`."""

import re
from collections.abc import Mapping
from typing import Any

WORD_AFTER_UNDERSCORE = re.compile(r"(?<=[A-Za-z0-9])_([A-Za-z0-9])")


class AsSent(str):
    """A name the client made up. It is repeated exactly as it was sent, whatever the spelling of the house."""

    __slots__ = ()


def camel_case(name: str) -> str:
    """Spell a snake_case name, or a dotted path of them, in camelCase."""
    if isinstance(name, AsSent):
        return name
    return WORD_AFTER_UNDERSCORE.sub(lambda word: word[1].upper(), name)


def camel_case_keys(value: Any) -> Any:
    """Spell every key of nested mappings and lists in camelCase; the values stay as they are."""
    if isinstance(value, Mapping):
        return {camel_case(name): camel_case_keys(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [camel_case_keys(item) for item in value]
    return value
