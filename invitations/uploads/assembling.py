"""Turn the columns of a row into an `UploadedRow`."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from core.text import SPACE_AROUND, UNSAFE_IN_A_LINE, UNSAFE_IN_LINES, without

from .address_lists import Person, people_in_cells
from .formats import ANYTHING, OWN_TABLE, FileFormat
from .roles import IN_OUR_WORDS
from .upload import LeftOut, Note, NoteCode, UploadedRow

MAX_NOTE_LENGTH = 500
INTERNAL = "#ext#"  # in the names that a Microsoft directory gives to accounts of other organizations
NOTHING = ("", "/", "0", "{}", "pending")  # values that say nothing, for example that there are no teams
# Mail programs and spreadsheets put direction marks around copied addresses.
INVISIBLE_AROUND = SPACE_AROUND + "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
SECRETS = ("password", "passwort", "kennwort", "secret", "token", "hash", "url")

#: Columns of a row, or members of a JSON object, by their folded names.
Values = Mapping[str, Any]


def uploaded_row(number: int, values: Values, known: FileFormat) -> UploadedRow:
    """Return the row with this number. The names in ``values`` are as `columns.fold_column` returns them."""
    fields = fields_of(values, known)
    email, name = address_and_name(stripped(fields.get("email")), name_of(values, known))
    roles = [role for role in list_of(fields.get("role")) if role.lower() not in known.left_out.get("status", {})]
    ended, notes = ended_guest(values, known)
    return UploadedRow(
        number=number,
        email=email,
        name=name,
        role=roles[0] if roles else "",
        unit=line(fields.get("unit")),
        unit_role=line(fields.get("unit_role")),
        language=line(fields.get("language")),
        message=lines(fields.get("message")),
        metadata=fields.get("metadata", {}),
        left_out=reason_to_leave_out(email, values, known) or ended,
        notes=(
            *notes,
            *notes_of(email, values, known, fields),
            *(Note(NoteCode.MORE_ROLES, role) for role in roles[1:]),
        ),
    )


def uploaded_person(number: int, person: Person, line_number: int = 0) -> UploadedRow:
    """Return the row of a person in a text or in a table without a header. Only a text has ``line_number``."""
    email = stripped(person.email)
    return UploadedRow(
        number=number,
        email=email,
        name=line(person.name),
        role=line(person.role),
        left_out=reason_to_leave_out(email, {}, OWN_TABLE),
        notes=(
            *notes_of(email, {}, OWN_TABLE, {}),
            *(Note(NoteCode.OTHER, line(more)[:MAX_NOTE_LENGTH]) for more in person.more),
        ),
        line=line_number,
    )


def fields_of(values: Values, known: FileFormat) -> dict[str, Any]:
    """Return the values of our fields. If two columns are for one field, the first that is not empty counts."""
    found: dict[str, Any] = {}
    for column, value in values.items():
        field = known.fields.get(column, "")
        is_right_type = isinstance(value, dict) if field == "metadata" else value not in (None, "", [], {})
        if field and is_right_type and field not in found:
            found[field] = value
    return found


def name_of(values: Values, known: FileFormat) -> str:
    """Return the person's name, from the best column that has one."""
    for columns in known.names:
        name = line(" ".join(text(values.get(column)) for column in columns))
        if name:
            return name
    return ""


def address_and_name(email: str, name: str) -> tuple[str, str]:
    """Return the address and the name. The column of addresses can contain ``Ann Lee <ann@example.com>``."""
    people = people_in_cells([email]) if email.endswith(">") else []
    if len(people) == 1:
        return people[0].email, name or people[0].name
    return email, name


def reason_to_leave_out(email: str, values: Values, known: FileFormat) -> LeftOut | None:
    """Return a reason not to invite this row, or None."""
    if not email:
        return LeftOut.NO_ADDRESS
    for column, reasons in known.left_out.items():
        value = line(values.get(column)).lower()
        reason = reasons.get(value) or (reasons.get(ANYTHING) if value else None)
        if reason:
            return reason
    return LeftOut.NO_ADDRESS if INTERNAL in email.lower() else None


def ended_guest(values: Values, known: FileFormat) -> tuple[LeftOut | None, list[Note]]:
    """Return the end of a guest's access as a note, and a reason to leave the guest out if it has passed."""
    written = line(values.get(known.guest_until))
    if not written:
        return None, []
    try:
        until = datetime.fromtimestamp(int(written), UTC)
    except (ValueError, OverflowError, OSError):
        return None, [Note(NoteCode.GUEST_UNTIL, written[:MAX_NOTE_LENGTH])]
    ended = LeftOut.EXPIRED if until <= timezone.now() else None
    return ended, [Note(NoteCode.GUEST_UNTIL, until.date().isoformat())]


def notes_of(email: str, values: Values, known: FileFormat, fields: Mapping[str, Any]) -> Iterator[Note]:
    """Yield what the row says and an invitation does not contain."""
    if INTERNAL in email.lower():
        yield Note(NoteCode.INTERNAL_ADDRESS, email[:MAX_NOTE_LENGTH])
    if not email and (status := line(values.get("status"))):
        yield Note(NoteCode.STATE, status[:MAX_NOTE_LENGTH])
    for column, value in values.items():
        code = known.notes.get(column)
        shown = ", ".join(list_of(value))[:MAX_NOTE_LENGTH]
        if code and shown not in NOTHING:
            yield Note(code, shown)
        elif shown and known.format in IN_OUR_WORDS and is_unused(column, value, known, fields):
            yield Note(NoteCode.OTHER, f"{column.capitalize()}: {shown}"[:MAX_NOTE_LENGTH])


def is_unused(column: str, value: Any, known: FileFormat, fields: Mapping[str, Any]) -> bool:
    """Return whether nothing comes of a value. Secrets count as used, so that they are not repeated."""
    if column in known.fields:
        return fields.get(known.fields[column]) is not value
    is_used = column in known.left_out or column in known.notes or any(column in names for names in known.names)
    return not is_used and not any(secret in column for secret in SECRETS)


def list_of(value: Any) -> list[str]:
    """Return the texts in a list, or in a cell with a list such as ``"vip","eu"``."""
    if isinstance(value, list):
        return [found for found in (line(item) for item in value) if found]
    shown = line(value)
    if shown.startswith('"'):
        return [found for found in map(line, next(csv.reader([shown]), [])) if found]
    return [shown] if shown else []


def text(value: Any) -> str:
    """Return a value of a cell or of JSON as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def stripped(value: Any) -> str:
    """Return a value as text, without the spaces and the invisible characters around it."""
    return text(value).strip(INVISIBLE_AROUND)


def line(value: Any) -> str:
    """Return a value as one line, without invisible characters."""
    return without(UNSAFE_IN_A_LINE, " ".join(stripped(value).split()))


def lines(value: Any) -> str:
    """Return a value as lines, without invisible characters."""
    return without(UNSAFE_IN_LINES, "\n".join(stripped(value).splitlines()))
