"""All changes of status, and all changes to the row of an open or waiting invitation.

Each function runs one conditional UPDATE (``withdraw`` tries two) and returns whether a row was changed. If two callers
race, only one succeeds. The functions check no permission and record no event. The calling action does both.
"""

from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from orgs.models import Organization, Role


def leave_pending(invitation_id: UUID, status: str, **values: Any) -> bool:
    """Change the status of an open invitation, and set ``values``. Return whether the invitation was open."""
    return _change_status(_row(invitation_id).open(), status, values)


def leave_waiting(invitation_id: UUID, status: str, **values: Any) -> bool:
    """Set the final status and ``values`` on an invitation that waits for a seat. Return whether it was waiting."""
    return _change_status(_row(invitation_id).waiting().order_by(), status, values)


def withdraw(invitation_id: UUID, **values: Any) -> bool:
    """Cancel an invitation that is open or waits for a seat, and set ``values``. Return False if it is neither."""
    status = Invitation.Status.CANCELLED
    return leave_pending(invitation_id, status, **values) or leave_waiting(invitation_id, status, **values)


def leave_overdue(invitation_id: UUID) -> bool:
    """Mark an overdue invitation as expired. Return whether it was overdue."""
    overdue = _row(invitation_id).overdue()
    status = Invitation.Status.EXPIRED
    return bool(overdue.update(status=status, finished_at=F("expires_at"), updated_at=timezone.now()))


def change_open(invitation_id: UUID, **values: Any) -> bool:
    """Set ``values`` on an open invitation. Return whether it was open."""
    return bool(_row(invitation_id).open().update(updated_at=timezone.now(), **values))


def raise_generation(invitation_id: UUID, **values: Any) -> bool:
    """Set ``values`` on an open invitation and increment its generation. Links in earlier emails then stop working."""
    return change_open(invitation_id, generation=F("generation") + 1, **values)


def replace_role(organization: Organization, role: Role, successor: Role) -> None:
    """Replace ``role`` with ``successor`` in the organization's unanswered invitations."""
    unanswered = Invitation.objects.filter(organization=organization).unanswered()
    unanswered.filter(role=role).update(role=successor, updated_at=timezone.now())
    unanswered.filter(unit_role=role).update(unit_role=successor, updated_at=timezone.now())


def _row(invitation_id: UUID) -> InvitationQuerySet:
    return Invitation.objects.filter(pk=invitation_id)


def _change_status(rows: InvitationQuerySet, status: str, values: dict[str, Any]) -> bool:
    finished_at = None if status == Invitation.Status.PROCESSING else timezone.now()
    return bool(rows.update(status=status, finished_at=finished_at, updated_at=timezone.now(), **values))
