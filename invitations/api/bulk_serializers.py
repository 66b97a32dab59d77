"""Request and response bodies of inviting many."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.serializers import (
    HouseSerializer,
    PlainMultilineTextField,
    StrictTextField,
    TimeField,
)
from core.ids import parse_uuid
from invitations.api.serializers import METADATA, LifetimeField
from invitations.bulk.rows import MAX_ROWS, InviteRow, RowResult, RowVerdict
from invitations.models import MAX_MESSAGE
from invitations.uploads.rows import Format, NoteCode, Upload, UploadedRow
from orgs.api.fields import BlankAsNullField, LanguageField
from orgs.lookups import RoleKey, RoleName

MAX_WORD = 256
OF_ALL_ROWS = ("role", "unit", "unit_role", "language", "message")
COLUMNS = {"unitRole": "unit_role"}
TEXTS = {
    "email": "The address, or a name with an address: `Ann Lee <ann@example.com>`.",
    "name": "The name of the person.",
    "role": "A role: its ID, its name, or a word that `roles` maps to a role.",
    "unit": "A workspace or application: its ID, its slug or its name.",
    "unitRole": "A role in the workspace or application, like `role`.",
    "language": "The language of the email and its page.",
    "message": "A personal message.",
}
ROW = {
    "type": "object",
    "properties": {
        **{name: {"type": "string", "description": text} for name, text in TEXTS.items()},
        "metadata": {"type": "object", "additionalProperties": True, "description": METADATA},
    },
    "required": ["email"],
    "additionalProperties": False,
}


@extend_schema_field({"type": "array", "items": ROW, "minItems": 1, "maxItems": MAX_ROWS})
class RowsField(serializers.Field):
    """Rows of people to invite. Wrong values of texts get a verdict, wrong types an error."""

    def to_internal_value(self, data: Any) -> list[UploadedRow]:
        """Return the rows. Raises ValidationError with the place of the first malformed row."""
        if not isinstance(data, list) or not 1 <= len(data) <= MAX_ROWS:
            raise serializers.ValidationError(f"A list of 1 to {MAX_ROWS} rows is expected.")
        return [_row(number, item) for number, item in enumerate(data, start=1)]


def _row(number: int, item: Any) -> UploadedRow:
    if not isinstance(item, dict) or "email" not in item:
        raise serializers.ValidationError(f"Row {number}: an object with an email is expected.")
    for name, value in item.items():
        expected = {"metadata": dict}.get(name, str if name in TEXTS else None)
        if expected is None:
            raise serializers.ValidationError(f"Row {number}: the field {name[:MAX_WORD]} is unknown.")
        if not isinstance(value, expected):
            wanted = "an object" if expected is dict else "a string"
            raise serializers.ValidationError(f"Row {number}: {name} must be {wanted}.")
    columns: dict[str, Any] = {COLUMNS.get(str(name), str(name)): value for name, value in item.items()}
    return UploadedRow(number, **columns)


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"type": "string", "minLength": 1, "maxLength": MAX_WORD},
        "maxProperties": MAX_ROWS,
    }
)
class RolesField(serializers.Field):
    """Roles by the words for them."""

    def to_internal_value(self, data: Any) -> dict[str, RoleKey]:
        """Return the roles by word. Raises ValidationError."""
        if not isinstance(data, dict) or not all(isinstance(role, str) and role for role in data.values()):
            raise serializers.ValidationError("An object with a role for each word is expected.")
        return {word: parse_uuid(role) or RoleName(role) for word, role in data.items()}


class BulkInviteSerializer(HouseSerializer):
    """People to invite, and what all rows have that say nothing else.

    A row without any role gets `role` or, without it, the organization's default role.
    """

    rows = RowsField(help_text="The people to invite.")
    role = StrictTextField(max_length=MAX_WORD, required=False, help_text="The role of rows without one: ID or name.")
    unit = StrictTextField(max_length=MAX_WORD, required=False, help_text="A workspace or application, for all rows.")
    unit_role = StrictTextField(max_length=MAX_WORD, required=False, help_text="The role in the unit, for all rows.")
    language = LanguageField(required=False, help_text="The language of rows without one.")
    message = PlainMultilineTextField(
        max_length=MAX_MESSAGE, required=False, allow_blank=True, help_text="The message of rows without one."
    )
    expires_in_days = LifetimeField()
    roles = RolesField(required=False, help_text="Roles, by ID or name, for words of the rows or of the file.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of ``invite_upload``."""
        attrs = super().validate(attrs)
        default = InviteRow(email="", **{name: attrs.pop(name) for name in OF_ALL_ROWS if name in attrs})
        if "rows" in attrs:
            attrs["upload"] = Upload(Format.JSON, attrs.pop("rows"), {})
        return {**attrs, "default": default}


class BulkFileSerializer(BulkInviteSerializer):
    """The fields that a form has in addition to its file."""

    rows = None  # type: ignore[assignment]  # a form has a file instead


# Responses


class NoteSerializer(HouseSerializer):
    """Something in a row of a file that the invitation does not contain."""

    code = serializers.ChoiceField(choices=NoteCode.choices, help_text="What the note is about.")
    value = serializers.CharField(help_text="The words of the file.")


class RowResultSerializer(HouseSerializer):
    """What became of a row."""

    row = serializers.IntegerField(help_text="The number of the row: its place in the list, or its row in the file.")
    email = serializers.CharField(allow_blank=True, help_text="The address, or what was given if it is no address.")
    verdict = serializers.ChoiceField(choices=RowVerdict.choices, help_text="What became of the row.")
    reason = BlankAsNullField(
        help_text="More about the verdict: the field of an `invalid_row`, the unknown word, why the row is `left_out`, "
        "or which limit it is over. A `scheduled` row with `open_invitations` waits until an open invitation is "
        "answered, is withdrawn or expires."
    )
    invitation_id = serializers.UUIDField(
        allow_null=True, help_text="The new invitation or, if the address is `already_invited`, the open one."
    )
    scheduled_for = TimeField(
        allow_null=True,
        help_text="When a scheduled email is due. Null if it waits for room among open invitations.",
    )
    notes = NoteSerializer(many=True, help_text="What else the file says about the person.")


class BulkResultSerializer(HouseSerializer):
    """What became of each row, in the order of the rows, and how many rows got each verdict."""

    dry_run = serializers.BooleanField(help_text="Whether nothing was changed.")
    format = serializers.ChoiceField(choices=Format.choices, help_text="What the file is.")
    role_words = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        help_text="The words for roles in a file, each with the name of the built-in role that it probably means.",
    )
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="The number of rows by verdict.")
    rows = RowResultSerializer(many=True, help_text="The rows, in their order.")


@dataclass(frozen=True)
class BulkResult:
    """The upload and the results of its rows."""

    upload: Upload
    results: Sequence[RowResult]
    dry_run: bool

    @property
    def format(self) -> str:
        """The format of the file."""
        return self.upload.format

    @property
    def role_words(self) -> Mapping[str, str]:
        """The words for roles."""
        return self.upload.role_words

    @property
    def counts(self) -> dict[str, int]:
        """The number of rows by verdict. Verdicts of no row are missing."""
        return dict(Counter(str(result.verdict) for result in self.results))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The results with the numbers and notes of the rows."""
        pairs = zip(self.upload.rows, self.results, strict=True)
        return [{"row": row.number, "notes": row.notes, **_facts(result)} for row, result in pairs]


def _facts(result: RowResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in ("email", "verdict", "reason", "invitation_id", "scheduled_for")}
