"""The page of the admin that invites many people to an organization: a text or a file, a check, and the verdicts."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.admin_forms import RowForm
from accounts.principals import Principal
from core.errors import DomainError
from invitations.bulk.rows import InviteRow, RowResult, RowVerdict
from invitations.bulk.uploads import invite_upload
from invitations.uploads.rows import Note, Upload, read_text, read_upload
from orgs.models import Organization, Role
from orgs.permissions import UNASSIGNED_ROLE, Level

MAX_SHOWN = 500  # rows on the page


@dataclass(frozen=True)
class RowsReport:
    """What became of the rows. ``dry_run`` is True if they were only checked."""

    upload: Upload
    results: list[RowResult]
    dry_run: bool

    @property
    def counts(self) -> list[tuple[str, int]]:
        """The number of rows with each verdict."""
        counted = Counter(result.verdict for result in self.results)
        return [(str(verdict.label), counted[verdict]) for verdict in RowVerdict if counted[verdict]]

    @property
    def shown(self) -> list[tuple[RowResult, tuple[Note, ...]]]:
        """The rows on the page, with what the invitations do not contain. Those that are not invited come first."""
        invited = (RowVerdict.INVITED, RowVerdict.SCHEDULED)
        pairs = [(result, row.notes) for row, result in zip(self.upload.rows, self.results, strict=True)]
        return sorted(pairs, key=lambda pair: pair[0].verdict in invited)[:MAX_SHOWN]

    @property
    def left_out(self) -> int:
        """How many rows the page does not show."""
        return max(0, len(self.results) - MAX_SHOWN)


class ManyInvitesForm(RowForm):
    """People to invite, as a text or a file."""

    text = forms.CharField(
        label=_("People"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Email addresses, with or without names, or a table with a header."),
    )
    file = forms.FileField(
        label=_("Or a file"), required=False, help_text=_("CSV, XLSX or JSON. Choose it again after a check.")
    )
    role_id = forms.ModelChoiceField(
        Role.objects.none(),
        label=_("Role in the organization"),
        empty_label=None,
        help_text=_("For rows that name no role."),
    )
    dry_run = forms.BooleanField(label=_("Only check the rows, and invite nobody"), required=False)

    def __init__(self, row: Organization, data: Any = None) -> None:
        super().__init__(row, data)
        self.offer("role_id", Role.objects.usable_in(row.pk).filter(level=Level.ORGANIZATION).order_by("name"))
        self.initial = {"role_id": row.default_role_id or UNASSIGNED_ROLE, "dry_run": True}

    def clean(self) -> dict[str, Any]:
        """Add the rows. Raises ValidationError unless there is a text or a file that can be read."""
        given = super().clean() or {}
        text, file = given.get("text"), given.get("file")
        if bool(text) == bool(file):
            raise forms.ValidationError(_("Enter people, or choose a file."))
        try:
            given["upload"] = read_upload(file.read(), filename=file.name) if file else read_text(text or "")
        except DomainError as refusal:
            raise forms.ValidationError(
                [problem for found in refusal.fields.values() for problem in found]
            ) from refusal
        return given


def invite_rows(by: Principal, organization: Organization, given: dict[str, Any]) -> RowsReport:
    """Invite the people, or check the rows."""
    default = InviteRow(email="", role=str(given["role_id"].pk))
    options: dict[str, Any] = {"upload": given["upload"], "default": default, "dry_run": given["dry_run"]}
    results = invite_upload(by=by, organization_id=organization.pk, **options)
    return RowsReport(given["upload"], results, given["dry_run"])
