"""The results of actions for many as they are stored (``accounts.pages.once``), and shown after that.

Times are stored as such, so that "in 3 hours" is still true when the page is reloaded.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from core.ids import parse_uuid
from invitations.bulk.rows import RowResult, RowVerdict
from invitations.bulk.selection import SelectedResult, SelectedVerdict
from invitations.bulk.upload_drafts import row_from_fields
from invitations.bulk.verdicts import JudgedRow, sending_time
from invitations.querysets import InvitationQuerySet
from orgs.models import Organization, Role
from orgs.pages.refusal_texts import refusal_text

DOWNLOAD = "download"  # the parameter that asks for a result as a CSV file


def stored_rows(rows: Sequence[JudgedRow]) -> list[Any]:
    """Return what became of the rows of a list, as JSON."""
    return [[_stored_row(row), _stored_result(row.result), row.places] for row in rows]


def rows_from(stored: Sequence[Any], organization: Organization) -> list[JudgedRow]:
    """Return the rows that were stored."""
    roles = {str(role.pk): role for role in Role.objects.usable_in(organization.pk)}
    return [JudgedRow(row_from_fields(row), _result(result, roles), tuple(places)) for row, result, places in stored]


def _stored_row(judged: JudgedRow) -> dict[str, Any]:
    return asdict(replace(judged.row, message="", metadata={}))


def _stored_result(result: RowResult) -> list[Any]:
    role = result.role and result.role.pk
    return [result.email, result.verdict, result.reason, result.invitation_id, result.scheduled_for, role]


def _result(stored: Sequence[Any], roles: dict[str, Role]) -> RowResult:
    email, verdict, reason, invitation_id, scheduled_for, role = stored
    return RowResult(
        email, RowVerdict(verdict), reason, parse_uuid(invitation_id or ""), _moment(scheduled_for), roles.get(role)
    )


def stored_selection(results: Sequence[SelectedResult]) -> list[Any]:
    """Return what became of selected invitations, as JSON. Their addresses are not stored."""
    return [
        [
            one.invitation_id,
            one.invitation and one.invitation.pk,
            one.verdict,
            refusal_text(one.error) if one.error else "",
            one.scheduled_for,
        ]
        for one in results
    ]


def selection_from(stored: Sequence[Any], invitations: InvitationQuerySet) -> list[tuple[SelectedResult, str]]:
    """Return the results that were stored, with more about each verdict. ``invitations`` are those that are shown."""
    found = {str(key): row for key, row in invitations.in_bulk([now for _id, now, *_ in stored if now]).items()}
    return [
        (
            SelectedResult(
                UUID(key), SelectedVerdict(verdict), found.get(now or ""), scheduled_for=_moment(scheduled_for)
            ),
            sending_time(_moment(scheduled_for)) if verdict == SelectedVerdict.SCHEDULED else refusal,
        )
        for key, now, verdict, refusal, scheduled_for in stored
    ]


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
