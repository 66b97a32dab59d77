"""Queries for invitations: which are open, which a caller may see, and what to load. Only ``actions`` write."""

import operator
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, JSONObject, Now

from accounts.models import User
from accounts.principals import Principal
from orgs import policies
from orgs.models import Membership, Organization, Role, RoleAssignment
from orgs.permissions import MANAGE_MEMBERS, UNIT_MANAGE_MEMBERS

if TYPE_CHECKING:
    from invitations.models import Invitation

# The only definition of open: pending, and not expired according to the database clock. ``finished_at`` is null for
# all pending and processing rows. The condition on ``finished_at`` is therefore redundant, but a query can use the
# partial indexes only with this condition.
OPEN = Q(finished_at__isnull=True, status="pending", expires_at__gt=Now())
OVERDUE = Q(finished_at__isnull=True, status="pending", expires_at__lte=Now())

SOON = timedelta(days=3)
ROLE_COLUMNS = ("id", "name", "permissions", "organization_id", "created_at", "updated_at")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Queries for invitations, for the organization and for the invitee."""

    _divide: Callable[["InvitationQuerySet"], Sequence["InvitationQuerySet"]] | None = None
    columns: tuple[str, ...] = ()  # what a page of a list reads (``core.compiled_rows.in_columns``)

    def _clone(self) -> "InvitationQuerySet":
        clone: InvitationQuerySet = super()._clone()  # type: ignore[misc]
        clone._divide, clone.columns = self._divide, self.columns
        return clone

    def showing(self, *columns: str) -> "InvitationQuerySet":
        """Return the same rows with the ``columns`` that a list shows. Its pages are named tuples of these columns."""
        rows = self.all()
        rows.columns = columns
        return rows

    def divided(
        self, divide: Callable[["InvitationQuerySet"], Sequence["InvitationQuerySet"]] | None
    ) -> "InvitationQuerySet":
        """Return the same rows with ``parts``. The function divides the queryset, also if it is filtered later.

        The parts must be disjoint and together contain all rows. Each part has an index with its rows in order.
        """
        rows = self.all()
        rows._divide = divide
        return rows

    @property
    def parts(self) -> Sequence["InvitationQuerySet"]:
        """The parts from which pages and totals are read, if there are any (``core.api.pagination``)."""
        return self._divide(self.divided(None)) if self._divide else ()

    # Filters by state

    def unanswered(self) -> "InvitationQuerySet":
        """Return pending and processing invitations, including overdue ones. The partial indexes cover these rows."""
        return self.filter(finished_at__isnull=True)

    def open(self) -> "InvitationQuerySet":
        """Return pending invitations that have not expired. They can be accepted or declined."""
        return self.filter(OPEN)

    def emailed(self) -> "InvitationQuerySet":
        """Return the invitations whose first email is not scheduled for later."""
        return self.filter(is_emailed=True)

    def expiring_soon(self) -> "InvitationQuerySet":
        """Return open invitations that expire within 3 days."""
        return self.open().filter(expires_at__lte=Now() + SOON)

    def overdue(self) -> "InvitationQuerySet":
        """Return pending invitations that have expired but are not marked as expired yet. They are not open."""
        return self.filter(OVERDUE)

    def waiting(self) -> "InvitationQuerySet":
        """Return accepted invitations that wait for a seat, the longest wait first."""
        return self.unanswered().filter(status="processing").order_by("updated_at", "id")

    def reserving_seats(self) -> "InvitationQuerySet":
        """Return the invitations that reserve a seat or wait for one."""
        return self.unanswered().filter(Q(status="processing") | Q(expires_at__gt=Now()))

    def in_states(self, states: Collection[str]) -> "InvitationQuerySet":
        """Return invitations by ``Invitation.state``. An overdue row is ``expired``, not ``pending``.

        The rows of several states have ``parts``, because each index for a sort order begins with the status.
        """
        conditions = [Q(status=status) for status in self.model.Status.values if status in states]
        if "pending" in states and "expired" not in states:
            conditions[0] = OPEN
        if "expired" in states and "pending" not in states:
            conditions.append(OVERDUE)
        rows = self.filter(reduce(operator.or_, conditions))
        return rows.divided(lambda rows: [rows.filter(one) for one in conditions]) if len(conditions) > 1 else rows

    def sharing_email_with(self, invitation_id: UUID) -> list[UUID]:
        """Return the ids of the other open invitations that share the newest email of this one, oldest first."""
        this = self.model._default_manager.filter(pk=invitation_id, shares_email_of__isnull=False)
        same = {name: models.Subquery(this.values(name)) for name in ("shares_email_of", "generation")}
        return list(self.open().filter(**same).exclude(pk=invitation_id).order_by("id").values_list("pk", flat=True))

    def naming_role(self, role: Role | UUID) -> "InvitationQuerySet":
        """Return the invitations that grant this role in the organization or in a unit."""
        return self.filter(Q(role=role) | Q(unit_role=role))

    def count_by_state(self) -> dict[str, int]:
        """Return the number of rows in each state. An overdue row counts as ``expired``."""
        is_overdue = Q(status="pending", expires_at__lte=Now())
        rows = self.order_by().values_list("status")
        found = rows.annotate(models.Count("pk"), overdue=models.Count("pk", filter=is_overdue))
        counts = dict.fromkeys(self.model.Status.values, 0)
        for status, total, overdue in found:
            counts[status] += total - overdue
            counts["expired"] += overdue
        return counts

    # Filters by caller

    def managed_in(self, organization: Organization, by: Principal) -> "InvitationQuerySet":
        """Return all invitations of the organization.

        Raises OrganizationNotFound if the caller is not a member, and PermissionMissing if the caller may not manage
        the organization's members.
        """
        policies.require(by, organization, MANAGE_MEMBERS)
        return self.filter(organization=organization)

    def manageable_in(self, organization: Organization, by: Principal) -> "InvitationQuerySet":
        """Return the organization's invitations, or those to the units whose members the caller may manage.

        Raises the same errors as ``managed_in``.
        """
        return self.manageable_with(policies.require_any_member_management(by, organization), organization)

    def manageable_with(self, held: policies.EffectivePermissions, organization: Organization) -> "InvitationQuerySet":
        """Return the organization's invitations that a caller with these permissions may manage."""
        rows = self.filter(organization=organization)
        if held.permits(MANAGE_MEMBERS):
            return rows
        return rows.filter(unit__in=held.units_permitting(UNIT_MANAGE_MEMBERS))

    def addressed_to(self, user: User | None) -> "InvitationQuerySet":
        """Return the invitations to the user's verified addresses, except those from archived organizations."""
        if user is None:
            return self.none()
        verified = EmailAddress.objects.filter(user=user, verified=True).values("email")
        return self.filter(email__in=verified, organization__deleted_at__isnull=True)

    def unanswered_of(self, user: User) -> "InvitationQuerySet":
        """Return the invitations to the user's verified addresses that are open or wait, and those the user accepted.

        Each part of the union uses its own index.
        """
        unanswered = self.model._default_manager.filter(finished_at__isnull=True).order_by()
        verified = EmailAddress.objects.filter(user=user, verified=True).values("email")
        to_user = unanswered.filter(email__in=verified).values("pk")
        return self.reserving_seats().filter(pk__in=to_user.union(unanswered.filter(answered_by=user).values("pk")))

    def not_joined_by(self, user: User | None) -> "InvitationQuerySet":
        """Exclude invitations to organizations that the user belongs to."""
        memberships = Membership.objects.filter(user=user, organization=models.OuterRef("organization"))
        return self.filter(~models.Exists(memberships))

    def newest_of_each_organization(self) -> "InvitationQuerySet":
        """Return the newest of these invitations from each organization."""
        of_same = self.filter(organization=models.OuterRef("organization")).newest_first()
        return self.filter(pk=models.Subquery(of_same.values("pk")[:1]))

    def newest_first(self) -> "InvitationQuerySet":
        """Order by creation time, then by id, both descending."""
        return self.order_by("-created_at", "-id")

    # Related data and annotations

    def with_details(self) -> "InvitationQuerySet":
        """Join everything that representations of an invitation show, and annotate ``is_overdue``."""
        overdue = models.ExpressionWrapper(
            Q(status="pending", expires_at__lte=Now()), output_field=models.BooleanField()
        )
        rows = self.select_related("organization", "role", "unit", "unit_role", "inviter", "answered_by")
        return rows.annotate(is_overdue=overdue)

    def with_invitee(self, user: Any) -> "InvitationQuerySet":
        """Annotate what an action must know about the caller before it answers for the caller.

        ``is_to_caller``: the caller has verified the address. ``is_to_member``: the caller is a member already.
        ``has_others``: the caller has other unanswered invitations from the organization. ``user`` is the caller's id.
        """
        here = {"organization": models.OuterRef("organization")}
        others = self.model._default_manager.filter(finished_at__isnull=True, **here).exclude(pk=models.OuterRef("pk"))
        owned = EmailAddress.objects.filter(user=user, verified=True)
        to_caller = others.filter(email__in=owned.values("email"))
        by_caller = others.filter(answered_by=user)
        return self.annotate(
            is_to_caller=models.Exists(owned.filter(email=models.OuterRef("email"))),
            is_to_member=models.Exists(Membership.objects.filter(user=user, **here)),
            has_others=models.Exists(to_caller) | models.Exists(by_caller),
        )

    def with_member_count(self) -> "InvitationQuerySet":
        """Annotate the organization's ``member_count``."""
        members = Membership.objects.filter(organization=models.OuterRef("organization_id")).order_by()
        count = members.values("organization").annotate(n=models.Count("pk")).values("n")
        return self.annotate(member_count=Coalesce(models.Subquery(count), 0))


def with_roles_as_json(rows: InvitationQuerySet) -> InvitationQuerySet:
    """Annotate ``role_columns`` and ``inviter_role_columns``, from which ``core.rows.object_from_json`` makes roles.

    The latter is the inviter's current role in the organization. It is None if the inviter is not a member.
    """
    here = {"membership__organization": models.OuterRef("organization"), "membership__user": models.OuterRef("inviter")}
    held = RoleAssignment.objects.filter(unit__isnull=True, **here)
    columns = JSONObject(**{name: f"role__{name}" for name in ROLE_COLUMNS})
    return rows.annotate(role_columns=columns, inviter_role_columns=models.Subquery(held.values_list(columns)))


def inviter_roles(invitations: list["Invitation"]) -> dict[UUID, list[Role]]:
    """Return the current organization roles of the inviters by user id, in one query.

    All invitations must belong to the same organization.
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
