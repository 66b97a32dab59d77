"""The built-in roles that the words of other products probably mean."""

import re

from .upload import Format

ADMIN, EDITOR, VIEWER, MEMBER = "admin", "editor", "viewer", "unassigned"

# The words for owners are missing on purpose: nobody becomes an owner because a file says so.
SUGGESTED = {
    **dict.fromkeys(
        ("admin", "administrator", "administratorin", "workspace admin", "org admin", "super admin"), ADMIN
    ),
    **dict.fromkeys(("editor", "contributor", "writer", "developer", "bearbeiter", "bearbeiterin"), EDITOR),
    **dict.fromkeys(("viewer", "reader", "read only", "betrachter", "betrachterin"), VIEWER),
    **dict.fromkeys(("member", "direct member", "basic member", "regular member", "user", "unassigned"), MEMBER),
    **dict.fromkeys(("mitglied", "benutzer", "guest", "gast", "multi channel guest", "single channel guest"), MEMBER),
}
OURS = ("owner", "inhaber", "inhaberin", "eigentümer", "eigentümerin")
IN_OUR_WORDS = {Format.TABLE, Format.JSON, Format.TEXT}


def suggested_role(word: str, file_format: Format) -> str:
    """Return the name of the built-in role that the word probably means, or "".

    Only a file with our own columns can name the owner role: its author knows our roles.
    """
    folded = fold_role(word)
    if file_format in IN_OUR_WORDS and folded in OURS:
        return "owner"
    return SUGGESTED.get(folded, "")


def is_role_word(text: str) -> bool:
    """Return whether a text without a header is probably a role."""
    return fold_role(text) in SUGGESTED or fold_role(text) in OURS


def fold_role(word: str) -> str:
    """Return the word in lower case, without the prefix of `org:admin`, and with spaces between its parts."""
    return re.sub(r"[\s_\-]+", " ", word.strip().lower().removeprefix("org:"))
