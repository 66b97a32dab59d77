"""The members of an organization as the rows of a CSV file. The columns have the names of the fields of the API."""

from collections.abc import Iterator

from accounts.principals import Principal
from core.api.streaming import newest_chunks
from core.csv_export import ExportedRow
from orgs import policies
from orgs.models import Membership, Organization
from orgs.permissions import MANAGE_MEMBERS
from orgs.querysets import members_of

MEMBER_COLUMNS = (
    "email", "firstName", "lastName", "kind", "role", "permissions", "units", "joinedAt", "id", "userId",
)  # fmt: skip


def exported_members(by: Principal, organization: Organization) -> Iterator[ExportedRow]:
    """Return a row for each member, the newest first, read in chunks.

    Raises PermissionMissing unless the caller manages members.
    """
    policies.require(by, organization, MANAGE_MEMBERS)
    members = members_of(by, organization)
    return (_row_of(member) for chunk in newest_chunks(members) for member in chunk)


def _row_of(member: Membership) -> ExportedRow:
    units = (
        f"{assignment.unit.name}: {assignment.role.name}" for assignment in member.unit_assignments if assignment.unit
    )
    return (
        member.shown_email,
        member.user.first_name,
        member.user.last_name,
        member.user.kind,
        member.organization_role.name,
        " ".join(member.permissions),
        "; ".join(units),
        member.created_at,
        member.pk,
        member.user_id,
    )
