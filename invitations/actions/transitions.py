"""All changes of status, and all changes to the row of an open or waiting invitation.

Each function runs one conditional UPDATE (``withdraw`` tries two). It returns the written values, or nothing if no row
was changed; ``leave_overdue`` returns the number of rows, ``mark_reminded`` nothing. If two callers race, only one
succeeds. The functions check no permission and record no event. The calling action does both, and calls ``reflect`` if
it returns the invitation.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from orgs.models import Organization, Role

Written = Mapping[str, Any]


def leave_pending(invitation_id: UUID, status: str, **values: Any) -> Written:
    """Change the status of an open invitation, and set ``values``. Return nothing if the invitation was not open."""
    return _change_status(_row(invitation_id).open(), status, values)


def leave_waiting(invitation_id: UUID, status: str, **values: Any) -> Written:
    """Set the final status and ``values`` on an invitation that waits for a seat. Return nothing if it did not wait."""
    return _change_status(_row(invitation_id).waiting().order_by(), status, values)


def withdraw(invitation_id: UUID, **values: Any) -> Written:
    """Cancel an invitation that is open or waits for a seat, and set ``values``. Return nothing if it is neither."""
    status = Invitation.Status.CANCELLED
    return leave_pending(invitation_id, status, **values) or leave_waiting(invitation_id, status, **values)


def leave_overdue(*invitation_ids: UUID) -> int:
    """Mark overdue invitations as expired. Return how many of them were overdue."""
    overdue = Invitation.objects.filter(pk__in=invitation_ids).overdue()
    status = Invitation.Status.EXPIRED
    return overdue.update(status=status, finished_at=F("expires_at"), updated_at=timezone.now())


def change_open(invitation_id: UUID, **values: Any) -> Written:
    """Set ``values`` on an open invitation. Return nothing if it was not open."""
    return _update(_row(invitation_id).open(), values)


def raise_generation(invitation_id: UUID, **values: Any) -> Written:
    """Set ``values`` on an open invitation and increment its generation. Links in earlier emails then stop working."""
    return change_open(invitation_id, generation=F("generation") + 1, **values)


def mark_reminded(invitation_id: UUID, generation: int) -> None:
    """Store that a reminder was queued. It is not a change that the organization sees, so ``updated_at`` stays."""
    _row(invitation_id).open().update(reminded_generation=generation)


def reflect(invitation: Invitation, written: Written) -> Invitation:
    """Set written values on the loaded invitation, which is not overdue then, and return it."""
    for name, value in written.items():
        setattr(invitation, name, value)
    invitation.is_overdue = False
    return invitation


def replace_role(organization: Organization, role: Role, successor: Role) -> None:
    """Replace ``role`` with ``successor`` in the organization's unanswered invitations."""
    unanswered = Invitation.objects.filter(organization=organization).unanswered()
    unanswered.filter(role=role).update(role=successor, updated_at=timezone.now())
    unanswered.filter(unit_role=role).update(unit_role=successor, updated_at=timezone.now())


def _row(invitation_id: UUID) -> InvitationQuerySet:
    return Invitation.objects.filter(pk=invitation_id)


def _change_status(rows: InvitationQuerySet, status: str, values: dict[str, Any]) -> Written:
    finished_at = None if status == Invitation.Status.PROCESSING else timezone.now()
    return _update(rows, {"status": status, "finished_at": finished_at, **values})


def _update(rows: InvitationQuerySet, values: dict[str, Any]) -> Written:
    written = {"updated_at": timezone.now(), **values}
    return written if rows.update(**written) else {}
