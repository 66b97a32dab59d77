"""The invitations of an organization as the rows of a CSV file. The columns have the names of the fields of the API.

A file never has the link of an invitation, and no metadata.
"""

from collections.abc import Iterator

from accounts.principals import Principal
from core.api.streaming import newest_chunks
from core.csv_export import ExportedRow
from invitations.email.queue import with_delivery
from invitations.models import Invitation
from orgs.models import Organization

INVITATION_COLUMNS = (
    "email", "name", "state", "role", "permissions", "unit", "unitRole", "message", "language", "invitedBy",
    "createdAt", "expiresAt", "finishedAt", "declineReason", "delivery", "id",
)  # fmt: skip


def exported_invitations(by: Principal, organization: Organization) -> Iterator[ExportedRow]:
    """Return a row for each invitation that the caller may manage, by status and the newest first, read in chunks.

    Each status is a list of its own, because the indexes begin with it. Raises the same errors as ``manageable_in``.
    """
    sent = with_delivery(Invitation.objects.manageable_in(organization, by).with_details())
    lists = [sent.filter(status=status) for status in Invitation.Status.values]
    return (_row_of(invitation) for rows in lists for chunk in newest_chunks(rows) for invitation in chunk)


def _row_of(invitation: Invitation) -> ExportedRow:
    delivery = invitation.delivery
    return (
        invitation.email,
        invitation.invitee_name,
        invitation.state,
        invitation.role.name if invitation.role else "",
        " ".join(invitation.permissions),
        invitation.unit.name if invitation.unit else "",
        invitation.unit_role.name if invitation.unit_role else "",
        invitation.message,
        invitation.effective_language,
        invitation.inviter_display_name,
        invitation.created_at,
        invitation.expires_at,
        invitation.ended_at,
        invitation.decline_reason,
        delivery.state if delivery else "",
        invitation.pk,
    )
