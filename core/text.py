"""Validation of names and descriptions: text must be visible and unambiguous.

Not allowed: control characters, characters that change the writing direction, invisible characters, line separators,
lone surrogates, noncharacters and private-use characters.
"""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

CONTROLS = "\x00-\x1f\x7f-\x9f"
CONTROLS_BUT_TAB_AND_NEWLINE = "\x00-\x08\x0b-\x1f\x7f-\x9f"
DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
INVISIBLE = "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
SEPARATORS = "\u2028\u2029"
SURROGATES = "\ud800-\udfff"
PRIVATE = "\ue000-\uf8ff\U000f0000-\U0010ffff"
NONCHARACTERS = "\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff" + "".join(
    f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 15)
)
TAGS = "\U000e0000-\U000e0fff"

NEVER = DIRECTION + INVISIBLE + SEPARATORS + SURROGATES + PRIVATE + NONCHARACTERS + TAGS
UNSAFE_IN_A_LINE = re.compile(f"[{CONTROLS}{NEVER}]")
UNSAFE_IN_LINES = re.compile(f"[{CONTROLS_BUT_TAB_AND_NEWLINE}{NEVER}]")


# Messages for forms on pages. They do not show the code point, because it would not help people find the character.
IN_PLAIN_WORDS = dict.fromkeys(
    ("unsafe_text", "null_characters_not_allowed"),
    _("This text has a character that can't be displayed. Please type the text instead of pasting it."),
)


def validate_plain_text(value: str) -> None:
    """Accept one visible line without spaces around it. Raises ValidationError with code `unsafe_text`."""
    if value != value.strip():
        raise unsafe("Remove the spaces at the beginning and the end.")
    if not value:
        raise unsafe("This field must not be blank.")
    refuse(UNSAFE_IN_A_LINE, value)


def validate_plain_multiline_text(value: str) -> None:
    """Accept visible text with newlines and tabs. The caller must convert CR LF to newlines first."""
    refuse(UNSAFE_IN_LINES, value)


def refuse(pattern: re.Pattern[str], value: str) -> None:
    """Raise ValidationError if the value contains a character that the pattern matches.

    The message contains the code point of that character.
    """
    found = pattern.search(value)
    if found:
        character = f"U+{ord(found[0]):04X}"
        raise unsafe(f"The character {character} at position {found.start() + 1} is not allowed here.")


def unsafe(message: str) -> ValidationError:
    """Return a ValidationError with this message and the code `unsafe_text`."""
    return ValidationError(message, code="unsafe_text")
