"""The rows of a list between its preview and the sending of the invitations.

They travel in a hidden field of the form: compressed, and signed for the organization and the person, so that nobody
can change them. Nothing is stored, and a list that is never sent leaves no addresses behind.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing

from accounts.principals import Principal
from core.ids import uuid7
from invitations.bulk.rows import InviteRow
from invitations.uploads.rows import Format, LeftOut, Note, NoteCode, Upload, UploadedRow

OTHER_FIELDS = 32 * 1024  # bytes
MAX_AGE = 2 * 60 * 60  # seconds


@dataclass(frozen=True)
class Draft:
    """A list of people, and what all of them are offered unless the list says otherwise.

    ``units`` has the id of each workspace or application, the id of the role there, and how pages call both. ``roles``
    has the ids of the roles that the preview has shown for the words of the list. ``entered`` has what was entered in
    the form, to change it. ``key`` is unique to each preview.
    """

    upload: Upload
    default: InviteRow
    lifetime_days: int
    units: list[tuple[str, str, str]]
    roles: dict[str, str] = field(default_factory=dict)
    entered: dict[str, str] = field(default_factory=dict)
    key: str = ""

    @property
    def in_units(self) -> Upload:
        """The list with one row for each unit of a person. Rows that name a unit themselves stay as they are."""
        rows = [placed for row in self.upload.rows for placed in self._in_units(row)]
        return replace(self.upload, rows=rows)

    def _in_units(self, row: UploadedRow) -> list[UploadedRow]:
        if row.unit or row.left_out or not self.units:
            return [row]
        return [replace(row, unit=unit, unit_role=row.unit_role or role) for unit, role, _label in self.units]


def sealed(draft: Draft, by: Principal, organization_id: UUID) -> str:
    """Return the draft as the value of a hidden field."""
    content = {
        "format": draft.upload.format,
        "rows": [asdict(row) for row in draft.upload.rows],
        "words": draft.upload.role_words,
        "default": asdict(draft.default),
        "days": draft.lifetime_days,
        "units": draft.units,
        "roles": draft.roles,
        "entered": draft.entered,
        "key": draft.key,
    }
    return signing.dumps(content, salt=_salt(by, organization_id), compress=True)


def opened(text: str, by: Principal, organization_id: UUID) -> Draft | None:
    """Return the draft of a hidden field. Return None if it is too old, or was not made for this person here."""
    try:
        content = signing.loads(text, salt=_salt(by, organization_id), max_age=MAX_AGE)
    except signing.BadSignature:
        return None
    upload = Upload(Format(content["format"]), [row_from_fields(row) for row in content["rows"]], content["words"])
    units = [(unit, role, label) for unit, role, label in content["units"]]
    kept = {name: content.get(name, {}) for name in ("roles", "entered")}
    key = content.get("key") or uuid7().hex
    return Draft(upload, InviteRow(**content["default"]), content["days"], units, **kept, key=key)


def fits_form(text: str) -> bool:
    """Return whether a form with this hidden field, and a role for each word of the list, is accepted."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return limit is None or len(text) + OTHER_FIELDS <= limit


def row_from_fields(content: dict[str, Any]) -> UploadedRow:
    """Return a row from its fields."""
    notes = tuple(Note(NoteCode(note["code"]), note["value"]) for note in content.pop("notes"))
    left_out = content.pop("left_out")
    return UploadedRow(**content, left_out=LeftOut(left_out) if left_out else None, notes=notes)


def _salt(by: Principal, organization_id: UUID) -> str:
    return f"invitations.invite_many:draft:{organization_id}:{by.actor_id}"
