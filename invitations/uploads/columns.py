"""The names of columns, in files of our own format and of others."""

import re
import unicodedata

from .upload import NoteCode

# The columns of our own files, in English and German, as `fold_column` returns them.
OWN_FIELDS = {
    **dict.fromkeys(("email", "e mail", "mail", "email address", "e mail address", "mail address"), "email"),
    **dict.fromkeys(("primary email", "work email", "user email", "invitee email", "email addresses"), "email"),
    **dict.fromkeys(("e mail adresse", "email adresse", "emailadresse", "mailadresse", "mail adresse"), "email"),
    **dict.fromkeys(("role", "roles", "organization role", "rolle", "rolle in der organisation"), "role"),
    **dict.fromkeys(("unit", "workspace", "application", "unit id", "workspace id", "application id"), "unit"),
    **dict.fromkeys(("arbeitsbereich", "anwendung", "bereich"), "unit"),
    **dict.fromkeys(("unit role", "workspace role", "application role", "role in unit"), "unit_role"),
    **dict.fromkeys(("rolle im arbeitsbereich", "rolle in der anwendung", "bereichsrolle"), "unit_role"),
    **dict.fromkeys(("language", "lang", "locale", "preferred language", "sprache"), "language"),
    **dict.fromkeys(("message", "personal message", "nachricht", "persönliche nachricht"), "message"),
}
# Columns with a person's name, the best first. The columns of a group are joined.
OWN_NAMES = (
    ("name",), ("full name",), ("fullname",), ("display name",), ("displayname",), ("vollständiger name",),
    ("first name", "last name"), ("firstname", "lastname"), ("given name", "family name"), ("vorname", "nachname"),
)  # fmt: skip
OWN_NOTES = {
    **dict.fromkeys(("group", "groups", "team", "teams", "gruppe", "gruppen"), NoteCode.GROUPS),
    **dict.fromkeys(("tag", "tags", "schlagwörter"), NoteCode.TAGS),
    **dict.fromkeys(("redirect", "redirect url", "redirect uri"), NoteCode.REDIRECT),
}

MARKS = re.compile(r"\[(?:required|upload only|read only)\]|\brequired$", re.IGNORECASE)
IDENTIFIER = re.compile(r"\[(\w+)\]")
BETWEEN_WORDS = re.compile(r"[\s_\-\u2010\u2011]+|(?<=[a-z0-9])(?=[A-Z])")
MAX_LENGTH = 200


def fold_column(header: str) -> str:
    """Return the name of a column in lower case, with spaces between its words.

    Marks such as ``[Required]`` are left out. An identifier in square brackets stands for the whole name.
    """
    name = MARKS.sub("", unicodedata.normalize("NFC", header[:MAX_LENGTH]).strip()).strip()
    identifier = IDENTIFIER.search(name)
    return BETWEEN_WORDS.sub(" ", identifier[1] if identifier else name).strip(" :*").lower()
