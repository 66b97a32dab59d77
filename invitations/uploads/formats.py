"""The formats of other products that are recognized. README.md beside the samples in the tests has their addresses.

To add one, add a `FileFormat` to `KNOWN`, a member to `Format` and a sample to the tests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .columns import OWN_FIELDS, OWN_NAMES, OWN_NOTES
from .upload import Format, LeftOut, NoteCode

ANYTHING = "*"  # any value of a column, if it is not empty


@dataclass(frozen=True)
class FileFormat:
    """How the columns of a table, or the members of JSON objects, become rows.

    All names are as `fold_column` returns them; a nested member is ``invitee email``. ``fields`` and ``notes`` map
    columns. ``left_out`` maps the values of a column to reasons. ``names`` lists columns with names, the best first.
    ``guest_until`` is a column with the Unix time at which the access of a guest ends.
    """

    format: Format
    recognized_by: frozenset[str]
    fields: Mapping[str, str]
    names: tuple[tuple[str, ...], ...] = ()
    notes: Mapping[str, NoteCode] = field(default_factory=dict)
    left_out: Mapping[str, Mapping[str, LeftOut]] = field(default_factory=dict)
    guest_until: str = ""


FIRST_AND_LAST = ("first name", "last name")
NOT_SENT = {"false": LeftOut.NOT_TO_BE_SENT, "no": LeftOut.NOT_TO_BE_SENT, "0": LeftOut.NOT_TO_BE_SENT}
ENDED = {"suspended": LeftOut.SUSPENDED, "deactivated": LeftOut.DEACTIVATED, "deprovisioned": LeftOut.DEACTIVATED}

KNOWN = (
    FileFormat(
        Format.GOOGLE_WORKSPACE,
        frozenset({"email address", "org unit path"}),
        fields={"email address": "email"},
        names=(FIRST_AND_LAST,),
        notes={"org unit path": NoteCode.GROUPS},
        left_out={"status": {**ENDED, "archived": LeftOut.DEACTIVATED}},
    ),
    FileFormat(
        Format.SLACK,
        frozenset({"email", "status", "billing active"}),
        fields={"email": "email", "status": "role"},
        names=(("fullname",), ("displayname",), ("username",)),
        left_out={"status": {"bot": LeftOut.BOT, "deactivated": LeftOut.DEACTIVATED}},
        guest_until="expiration timestamp",
    ),
    FileFormat(
        Format.OKTA,
        frozenset({"login", "email", *FIRST_AND_LAST}),
        fields={"email": "email", "preferred language": "language"},
        names=(("display name",), FIRST_AND_LAST),
        notes={"groups": NoteCode.GROUPS, "department": NoteCode.GROUPS},
        left_out={"status": ENDED},
    ),
    FileFormat(
        Format.ENTRA,
        frozenset({"invitee email", "invite redirect url"}),
        fields={"invitee email": "email", "customized message body": "message"},
        notes={"invite redirect url": NoteCode.REDIRECT},
        left_out={"send email": NOT_SENT},
    ),
    FileFormat(
        Format.MAILCHIMP,
        frozenset({"email address", "leid", "euid"}),
        fields={"email address": "email"},
        names=(FIRST_AND_LAST,),
        notes={"tags": NoteCode.TAGS},
        left_out={
            "unsub time": {ANYTHING: LeftOut.NOT_TO_BE_SENT},
            "clean time": {ANYTHING: LeftOut.NOT_TO_BE_SENT},
        },
    ),
    FileFormat(
        Format.GITHUB,
        frozenset({"login", "email", "role", "inviter login"}),
        fields={"email": "email", "role": "role"},
        names=(("login",),),
        notes={"team count": NoteCode.GROUPS, "failed reason": NoteCode.FAILURE},
    ),
    FileFormat(
        Format.AUTH0,
        frozenset({"invitee email"}),
        fields={"invitee email": "email", "roles": "role", "user metadata": "metadata"},
        notes={"app metadata": NoteCode.PRIVATE_METADATA},
        left_out={"send invitation email": NOT_SENT},
    ),
    FileFormat(
        Format.CLERK,
        frozenset({"email address", "inviter user id"}),
        fields={"email address": "email", "role": "role", "public metadata": "metadata"},
        notes={"redirect url": NoteCode.REDIRECT, "private metadata": NoteCode.PRIVATE_METADATA},
        left_out={"notify": NOT_SENT},
    ),
    FileFormat(
        Format.WORKOS,
        frozenset({"email", "state", "accept invitation url"}),
        fields={"email": "email", "role slug": "role"},
        notes={"state": NoteCode.STATE},
        left_out={"state": {"revoked": LeftOut.NOT_TO_BE_SENT}},
    ),
)

OWN_LEFT_OUT = {
    "status": {
        **ENDED,
        **dict.fromkeys(("inactive", "disabled", "inaktiv", "deaktiviert"), LeftOut.DEACTIVATED),
        **dict.fromkeys(("gesperrt",), LeftOut.SUSPENDED),
        "expired": LeftOut.EXPIRED,
        "abgelaufen": LeftOut.EXPIRED,
        "bot": LeftOut.BOT,
    }
}


OWN_TABLE = FileFormat(Format.TABLE, frozenset(), OWN_FIELDS, OWN_NAMES, OWN_NOTES, OWN_LEFT_OUT)
OWN_JSON = replace(OWN_TABLE, format=Format.JSON, fields={**OWN_FIELDS, "metadata": "metadata"})
JSON_ONLY = {Format.GITHUB, Format.AUTH0, Format.CLERK, Format.WORKOS}


def format_of_header(columns: Iterable[str]) -> FileFormat | None:
    """Return the format of a table with these columns, or None if none of them contains addresses."""
    found = set(columns)
    for known in KNOWN:
        if known.format not in JSON_ONLY and known.recognized_by <= found:
            return known
    return OWN_TABLE if any(OWN_FIELDS.get(column) == "email" for column in found) else None


def format_of_objects(first: Mapping[str, Any]) -> FileFormat:
    """Return the format of JSON objects that look like the first one."""
    for known in KNOWN:
        if known.format in JSON_ONLY and known.recognized_by <= first.keys():
            return known
    return OWN_JSON
