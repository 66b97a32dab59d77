"""What the pages say about each row of a list of people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.csv_export import csv_response
from core.ids import parse_uuid
from core.relative_time import relative_time
from invitations.bulk.rows import RowResult, RowVerdict
from invitations.uploads.rows import LeftOut, NoteCode, UploadedRow
from orgs.labels import role_label

if TYPE_CHECKING:
    from django.http import StreamingHttpResponse
    from django_stubs_ext import StrPromise

GOOD = (RowVerdict.INVITED, RowVerdict.SCHEDULED)
SHOWN_ROWS = 100
WAITS_FOR_ROOM = gettext_lazy("Will be sent when an open invitation is answered, is withdrawn or expires.")
IN_PREVIEW: "dict[RowVerdict, StrPromise]" = {
    RowVerdict.INVITED: gettext_lazy("Will be invited"),
    RowVerdict.SCHEDULED: gettext_lazy("Will be invited, the email follows later"),
}

LIMITS: "dict[str, StrPromise]" = {
    "recipient": gettext_lazy("This address was sent several emails within the last hour."),
    "open_invitations": gettext_lazy("The organization has reached its limit of open invitations."),
    "scheduled": gettext_lazy("Too many emails are scheduled already."),
}
FIELDS: "dict[str, StrPromise]" = {
    "name": gettext_lazy("Name"),
    "message": gettext_lazy("Message"),
    "language": gettext_lazy("Language"),
    "metadata": gettext_lazy("Metadata"),
    "unit": gettext_lazy("Workspace or application"),
    "unit_role": gettext_lazy("Role there"),
}


@dataclass(frozen=True)
class JudgedRow:
    """A row of the list, and what becomes of it. ``places`` are the workspaces and applications."""

    row: UploadedRow
    result: RowResult
    places: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The workspaces and applications with the roles there."""
        return "; ".join(self.places)

    @property
    def number(self) -> int:
        """The line of a text, the row of a sheet, or the place in a list of JSON."""
        return self.row.line or self.row.number

    @property
    def is_good(self) -> bool:
        """Whether the person gets an invitation."""
        return self.result.verdict in GOOD

    @property
    def verdict(self) -> str:
        """What becomes of the row, or what became of it if its invitation was sent."""
        verdict = self.result.verdict
        is_preview = self.is_good and self.result.invitation_id is None
        return str(IN_PREVIEW[verdict] if is_preview else verdict.label)

    @property
    def role(self) -> str:
        """The role that the person gets, or the word of the list if the person is not invited."""
        return role_label(self.result.role) if self.result.role else self.row.role

    @property
    def reason(self) -> str:
        """More about the verdict, or an empty string."""
        result = self.result
        if result.verdict == RowVerdict.SCHEDULED:
            return sending_time(result.scheduled_for)
        if result.verdict == RowVerdict.LEFT_OUT and result.reason in LeftOut.values:
            return str(LeftOut(result.reason).label)
        if result.verdict == RowVerdict.UNKNOWN_ROLE:
            word = {"word": result.reason}
            if result.reason == self.row.role:
                return _("Choose a role for “%(word)s” above.") % word
            return _("Workspaces and applications have no role “%(word)s”.") % word
        if result.verdict == RowVerdict.ROLE_NOT_YOURS and parse_uuid(result.reason):
            return ""  # the id of a role that was chosen for all rows
        return str(LIMITS.get(result.reason) or FIELDS.get(result.reason) or result.reason)

    @property
    def notes(self) -> str:
        """What the list says about the person and the invitation does not contain."""
        return "; ".join(f"{note.code.label}: {note.value}" for note in self.row.notes)


def sending_time(moment: datetime | None) -> str:
    """Say when a scheduled email will be sent. None means that it waits for an open slot."""
    return _("Will be sent %(when)s.") % {"when": relative_time(moment)} if moment else str(WAITS_FOR_ROOM)


def judged(rows: Sequence[UploadedRow], results: Sequence[RowResult], units: Mapping[str, str]) -> list[JudgedRow]:
    """Return each row with its result. The same result in several units is one row.

    ``units`` has the labels of the units that the person who invites has chosen for all rows.
    """
    found: dict[tuple[object, ...], JudgedRow] = {}
    for row, result in zip(rows, results, strict=True):
        key = (row.number, row.email, result.verdict, result.reason, result.scheduled_for)
        before = found[key].places if key in found else ()
        place = units.get(row.unit) or ", ".join(word for word in (row.unit, row.unit_role) if word)
        found[key] = JudgedRow(row, result, (*before, place) if place else before)
    return list(found.values())


def people_in(rows: Sequence[JudgedRow]) -> int:
    """Return how many people get an invitation."""
    return len({row.result.email for row in rows if row.is_good})


def counts_of(rows: Sequence[JudgedRow]) -> list[tuple[str, int]]:
    """Return how many rows have each verdict, in the order of the verdicts."""
    found = Counter(row.result.verdict for row in rows)
    labels = {row.result.verdict: row.verdict for row in rows}
    return [(labels[verdict], found[verdict]) for verdict in RowVerdict if found[verdict]]


def note_counts_of(rows: Sequence[JudgedRow]) -> list[tuple[str, int]]:
    """Return how many rows have each kind of note."""
    found = Counter(note.code for row in rows for note in row.row.notes)
    return [(str(code.label), found[code]) for code in NoteCode if found[code]]


def shown_first(rows: Sequence[JudgedRow]) -> list[JudgedRow]:
    """Return the rows that the page shows: those with a problem first."""
    return sorted(rows, key=lambda row: row.is_good)[:SHOWN_ROWS]


def cells_of(rows: Sequence[JudgedRow]) -> list[list[str | int]]:
    """Return the cells of each row in the CSV file."""
    return [
        [one.number, one.result.email, one.row.name, one.role, one.place, one.verdict, one.reason, one.notes]
        for one in rows
    ]


def as_csv(cells: Sequence[list[str | int]], filename: str) -> "StreamingHttpResponse":
    """Return these cells as a CSV file."""
    header = [
        *(_("Row"), _("Email address"), _("Name"), _("Role"), _("Workspace or application")),
        *(_("Result"), _("Reason"), _("Also in the list")),
    ]
    return csv_response(filename, header, cells)
