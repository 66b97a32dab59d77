"""Validation of names and descriptions: text must be visible and unambiguous.

Not allowed: control characters, characters that change the writing direction, invisible characters, line separators,
lone surrogates, noncharacters and private-use characters. Two invisible characters are allowed where the visible text
depends on them: the joiners (U+200C, U+200D) between letters of scripts that need them, and U+200D in emoji sequences.
"""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

CONTROLS = "\x00-\x1f\x7f-\x9f"
CONTROLS_BUT_TAB_AND_NEWLINE = "\x00-\x08\x0b-\x1f\x7f-\x9f"
DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
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

SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# What programs leave around a copied name, address or link: spaces, and characters without a width.
SPACE_AROUND = SPACES + "\u2028\u2029\u200b\u2060\ufeff"

NON_JOINER, JOINER = "\u200c", "\u200d"
VIRAMA = 9  # the combining class of the signs that join two Indic consonants
# Scripts in which a joiner changes how letters look, by the first word of the Unicode names of their letters.
JOINING_SCRIPTS = {
    *("ARABIC", "SYRIAC", "MONGOLIAN", "NKO", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL"),
    *("TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "TIBETAN", "MYANMAR", "KHMER"),
}
EMOJI = "\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
IN_EMOJI = re.compile(f"[{EMOJI}]\ufe0f?{JOINER}[{EMOJI}]")

# Messages for forms on pages. They do not show the code point, because it would not help people find the character.
IN_PLAIN_WORDS = dict.fromkeys(
    ("unsafe_text", "null_characters_not_allowed"),
    _("This text has a character that can't be displayed. Please type the text instead of pasting it."),
)


def trimmed(value: str) -> str:
    """Return the text without the space around it, and without characters around it that have no width."""
    return value.strip(SPACE_AROUND)


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
    """Raise ValidationError if the value contains a character that the pattern matches, except joiners that join.

    The message contains the code point of that character.
    """
    for found in pattern.finditer(value):
        if not joins(value, found.start()):
            character = f"U+{ord(found[0]):04X}"
            raise unsafe(f"The character {character} at position {found.start() + 1} is not allowed here.")


def without(pattern: re.Pattern[str], value: str) -> str:
    """Return the value without the characters that the pattern matches, except joiners that join."""
    return pattern.sub(lambda found: found[0] if joins(value, found.start()) else "", value)


def joins(text: str, position: int) -> bool:
    """Return whether the character here is a joiner that changes how the characters around it look.

    That is so after a virama, between two letters of one joining script, and, for U+200D, between two emoji.
    """
    if text[position] not in (NON_JOINER, JOINER) or position == 0:
        return False
    before, after = text[position - 1], text[position + 1 : position + 2]
    if unicodedata.combining(before) == VIRAMA:
        return True
    if text[position] == JOINER and IN_EMOJI.search(text, max(0, position - 2), position + 2):
        return True
    return bool(after) and script_of(before) == script_of(after) in JOINING_SCRIPTS


def script_of(character: str) -> str:
    """Return the first word of the character's Unicode name. For a letter, it names the script."""
    return unicodedata.name(character, "UNKNOWN").partition(" ")[0]


def character_name(character: str) -> str:
    """Return the character as messages name it: quoted if it is visible, and with its code point unless it is ASCII."""
    code = f"U+{ord(character):04X}"
    if not character.isprintable() or character.isspace() or unicodedata.combining(character):
        return code
    return f"“{character}”" if character.isascii() else f"“{character}” ({code})"


def unsafe(message: str) -> ValidationError:
    """Return a ValidationError with this message and the code `unsafe_text`."""
    return ValidationError(message, code="unsafe_text")
