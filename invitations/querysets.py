"""Which invitations are open, who may see them, and what a row shows. Reads only: ``actions`` write."""

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from accounts.models import User
from accounts.principals import Principal
from orgs import policies
from orgs.models import Membership, Organization, Role, RoleAssignment, Unit
from orgs.permissions import MANAGE_MEMBERS, UNIT_MANAGE_MEMBERS

if TYPE_CHECKING:
    from invitations.models import Invitation

# The one definition of open: pending, and not past its date by the database clock. ``finished_at`` is null exactly
# while a row is pending or processing; naming it lets the database use the partial indexes.
OPEN = Q(finished_at__isnull=True, status="pending", expires_at__gt=Now())
OVERDUE = Q(finished_at__isnull=True, status="pending", expires_at__lte=Now())


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Queries for invitations, as their organization or their invitee sees them."""

    # What is open

    def unanswered(self) -> "InvitationQuerySet":
        """Pending or processing, even if past their date. The partial indexes cover these rows."""
        return self.filter(finished_at__isnull=True)

    def open(self) -> "InvitationQuerySet":
        """Pending and not past their date: these can be accepted or declined."""
        return self.filter(OPEN)

    def overdue(self) -> "InvitationQuerySet":
        """Pending and past their date, so no longer open; not yet marked as expired."""
        return self.filter(OVERDUE)

    def waiting(self) -> "InvitationQuerySet":
        """Accepted and waiting for a seat; the longest wait first."""
        return self.unanswered().filter(status="processing").order_by("updated_at", "id")

    def reserving_seats(self) -> "InvitationQuerySet":
        """Invitations that reserve a seat or wait for one."""
        return self.unanswered().filter(Q(status="processing") | Q(expires_at__gt=Now()))

    def in_states(self, states: Collection[str]) -> "InvitationQuerySet":
        """Rows whose ``Invitation.state`` is one of these; an overdue row is ``expired``, not ``pending``."""
        wanted = Q(status__in=set(states) - {"pending"})
        if "pending" in states:
            wanted |= OPEN
        if "expired" in states:
            wanted |= OVERDUE
        return self.filter(wanted)

    def naming_role(self, role: Role | UUID) -> "InvitationQuerySet":
        """Invitations that grant this role, in the organization or in a unit."""
        return self.filter(Q(role=role) | Q(unit_role=role))

    def count_by_state(self) -> dict[str, int]:
        """Count the rows in each state; an overdue row counts as ``expired``."""
        overdue = models.When(status="pending", expires_at__lte=Now(), then=models.Value("expired"))
        state = models.Case(overdue, default=F("status"))
        counts = self.order_by().annotate(in_state=state).values_list("in_state").annotate(models.Count("pk"))
        return dict.fromkeys(self.model.Status.values, 0) | dict(counts)

    # Who sees it

    def managed_in(self, organization: Organization, by: Principal) -> "InvitationQuerySet":
        """The organization's invitations.

        Raises OrganizationNotFound when the caller is not a member, and PermissionMissing when the caller may not
        manage its members.
        """
        policies.require(by, organization, MANAGE_MEMBERS)
        return self.filter(organization=organization)

    def manageable_in(self, organization: Organization, by: Principal) -> "InvitationQuerySet":
        """Like ``managed_in``, but a caller who manages the members of some units sees the invitations to those."""
        held = policies.require_any_member_management(by, organization)
        rows = self.filter(organization=organization)
        if held.permits(MANAGE_MEMBERS):
            return rows
        return rows.filter(unit__in=held.units_permitting(UNIT_MANAGE_MEMBERS))

    def managed_in_unit(self, organization: Organization, unit: Unit, by: Principal) -> "InvitationQuerySet":
        """The invitations to one unit.

        Raises OrganizationNotFound when the caller is not a member of the organization, and PermissionMissing when the
        caller may manage neither the unit's members nor the organization's.
        """
        policies.require_member_management(by, organization, unit)
        return self.filter(organization=organization, unit=unit)

    def addressed_to(self, user: User | None) -> "InvitationQuerySet":
        """Invitations to the user's verified addresses, from organizations that are not archived."""
        if user is None:
            return self.none()
        proven = EmailAddress.objects.filter(user=user, verified=True).values("email")
        return self.filter(email__in=proven, organization__deleted_at__isnull=True)

    def not_joined_by(self, user: User | None) -> "InvitationQuerySet":
        """Exclude invitations to organizations that the user belongs to."""
        memberships = Membership.objects.filter(user=user, organization=models.OuterRef("organization"))
        return self.filter(~models.Exists(memberships))

    def newest_of_each_organization(self) -> "InvitationQuerySet":
        """The newest of these rows from each organization."""
        of_same = self.filter(organization=models.OuterRef("organization")).newest_first()
        return self.filter(pk=models.Subquery(of_same.values("pk")[:1]))

    def newest_first(self) -> "InvitationQuerySet":
        """Order by creation, then by id."""
        return self.order_by("-created_at", "-id")

    # What a row shows

    def with_details(self) -> "InvitationQuerySet":
        """Load what every representation of an invitation shows, and ``is_overdue``, in the same query."""
        overdue = models.ExpressionWrapper(
            Q(status="pending", expires_at__lte=Now()), output_field=models.BooleanField()
        )
        rows = self.select_related("organization", "role", "unit", "unit_role", "inviter", "answered_by")
        return rows.annotate(is_overdue=overdue)

    def with_member_count(self) -> "InvitationQuerySet":
        """Annotate the organization's ``member_count``."""
        members = Membership.objects.filter(organization=models.OuterRef("organization_id")).order_by()
        count = members.values("organization").annotate(n=models.Count("pk")).values("n")
        return self.annotate(member_count=Coalesce(models.Subquery(count), 0))


def inviter_roles(invitations: list["Invitation"]) -> dict[UUID, list[Role]]:
    """Return the present organization roles of the inviters, by user id; one query.

    The invitations must belong to one organization.
    """
    if not invitations:
        return {}
    held = RoleAssignment.objects.filter(
        membership__organization_id=invitations[0].organization_id,
        membership__user_id__in={i.inviter_id for i in invitations if i.inviter_id},
        unit__isnull=True,
    ).select_related("role", "membership")
    roles: dict[UUID, list[Role]] = {}
    for assignment in held:
        roles.setdefault(assignment.membership.user_id, []).append(assignment.role)
    return roles
