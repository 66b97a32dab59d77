"""Show domains in Unicode, without letting one domain look like another.

A domain is shown in Unicode if in each label all characters belong to one script, or to scripts that Japanese, Chinese
or Korean use together, and if no letter can be taken for a Latin one. Any other domain stays in A-labels (``xn--…``).
"""

import unicodedata

import idna

from core.text import script_of

A_LABEL_PREFIX = "xn--"
# Scripts that are written together, by the first word of the Unicode names of their letters.
MIXED_SCRIPTS = (
    frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"}),
    frozenset({"CJK", "BOPOMOFO"}),
    frozenset({"CJK", "HANGUL"}),
)
OWN_LATIN_LETTERS = frozenset("ßæœøłđðþħŧ")  # letters without an ASCII base that look like no ASCII letter
# Cyrillic, Greek and Armenian letters that look like Latin ones. A label of only these stays an A-label, unless its
# top-level domain is not Latin either.
LOOKALIKES = frozenset("асԁеһіјӏорԛѕԝхуъьҽпгѵѡкмнтвзαεηικνορτυωχγօսոհցցքզ")


def displayed_domain(domain: str) -> str:
    """Return an ASCII domain in Unicode if all its labels are safe. Return anything else unchanged."""
    if A_LABEL_PREFIX not in domain or not domain.isascii():
        return domain
    labels = [_unicode_label(label) for label in domain.split(".")]
    is_ascii_top = labels[-1].isascii()
    return ".".join(labels) if all(_is_distinct(label, is_ascii_top) for label in labels) else domain


def _unicode_label(label: str) -> str:
    """Return the label in Unicode, or unchanged if it is not a valid A-label."""
    if not label.startswith(A_LABEL_PREFIX):
        return label
    try:
        return idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label


def _is_distinct(label: str, is_ascii_top: bool) -> bool:
    """Return whether people can tell this label from a label in another script."""
    characters = [character for character in label if character not in "-0123456789"]
    scripts = {script_of(character) for character in characters}
    if len(scripts) > 1 and not any(scripts <= mix for mix in MIXED_SCRIPTS):
        return False
    if scripts == {"LATIN"}:
        return all(_is_plain_latin(character) for character in characters)
    return not (is_ascii_top and LOOKALIKES.issuperset(characters))


def _is_plain_latin(character: str) -> bool:
    """Return whether the letter is an ASCII letter with or without accents, or cannot be taken for one."""
    base = unicodedata.normalize("NFD", character)[0]
    return base.isascii() or character in OWN_LATIN_LETTERS
