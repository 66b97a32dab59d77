"""Statistics of an organization."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.principals import Principal
from orgs import policies
from orgs.models import Organization, RoleAssignment
from orgs.permissions import MANAGE_MEMBERS, OWNER_ROLE
from orgs.seats import seats_taken


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Counts of members, units, invitations by state, and seats. A ``seat_limit`` of None means no limit."""

    members: int
    people: int
    owners: int
    units: int
    invitations: Mapping[str, int]
    seat_limit: int | None
    seats_taken: int

    @property
    def system_users(self) -> int:
        """The number of system users among the members."""
        return self.members - self.people

    @property
    def open_invitations(self) -> int:
        """The number of invitations that can still be answered."""
        return self.invitations["pending"]

    @property
    def waiting(self) -> int:
        """The number of accepted invitations whose invitees wait for a seat."""
        return self.invitations["processing"]


def statistics_of(by: Principal, organization: Organization) -> Statistics:
    """Return the statistics. Raises PermissionMissing unless the caller manages members.

    Invitations past their expiry date count as ``expired``.
    """
    policies.require(by, organization, MANAGE_MEMBERS)
    owners = RoleAssignment.objects.filter(membership__organization=organization, role_id=OWNER_ROLE)
    members = organization.memberships.aggregate(members=Count("pk"), people=Count("pk", filter=Q(user__kind="client")))
    return Statistics(
        **members,
        owners=owners.count(),
        units=organization.units.count(),
        invitations=organization.invitations.count_by_state(),
        seat_limit=organization.seat_limit,
        seats_taken=seats_taken(organization),
    )
