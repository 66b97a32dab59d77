"""Every change of an open or waiting invitation's row: the one way out of pending.

Each function is one conditional UPDATE (``withdraw`` tries two). Its row count decides, so of two callers in a race one
succeeds. They check no permission and record no event: the action that calls them does both.
"""

from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from orgs.models import Organization, Role


def leave_pending(invitation_id: UUID, status: str, **values: Any) -> bool:
    """Give an open invitation another status, and set ``values``; return whether it was open."""
    return _change_status(_row(invitation_id).open(), status, values)


def leave_waiting(invitation_id: UUID, status: str, **values: Any) -> bool:
    """Give an invitation that waits for a seat its final status, and set ``values``; return whether it waited."""
    return _change_status(_row(invitation_id).waiting().order_by(), status, values)


def withdraw(invitation_id: UUID) -> bool:
    """Cancel an invitation that is open or waits for a seat; return whether it was either."""
    status = Invitation.Status.CANCELLED
    return leave_pending(invitation_id, status) or leave_waiting(invitation_id, status)


def leave_overdue(invitation_id: UUID) -> bool:
    """Mark an overdue invitation as expired; return whether it was overdue."""
    overdue = _row(invitation_id).overdue()
    status = Invitation.Status.EXPIRED
    return bool(overdue.update(status=status, finished_at=F("expires_at"), updated_at=timezone.now()))


def change_open(invitation_id: UUID, **values: Any) -> bool:
    """Set ``values`` on an open invitation; return whether it was open."""
    return bool(_row(invitation_id).open().update(updated_at=timezone.now(), **values))


def raise_generation(invitation_id: UUID, **values: Any) -> bool:
    """Like ``change_open``, and the links of earlier emails stop working."""
    return change_open(invitation_id, generation=F("generation") + 1, **values)


def replace_role(organization: Organization, role: Role, successor: Role) -> None:
    """Let the organization's unanswered invitations that name ``role`` name ``successor`` instead."""
    unanswered = Invitation.objects.filter(organization=organization).unanswered()
    unanswered.filter(role=role).update(role=successor, updated_at=timezone.now())
    unanswered.filter(unit_role=role).update(unit_role=successor, updated_at=timezone.now())


def _row(invitation_id: UUID) -> InvitationQuerySet:
    return Invitation.objects.filter(pk=invitation_id)


def _change_status(rows: InvitationQuerySet, status: str, values: dict[str, Any]) -> bool:
    finished_at = None if status == Invitation.Status.PROCESSING else timezone.now()
    return bool(rows.update(status=status, finished_at=finished_at, updated_at=timezone.now(), **values))
