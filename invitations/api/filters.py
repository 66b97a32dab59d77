"""Filters and sort orders of the invitation lists."""

from typing import Any, cast
from uuid import UUID

from django.db.models import UUIDField

from core.api.filters import ChoiceFilter, ChoicesFilter, SortFilter, StrictFilterSet, UuidFilter
from core.api.search import SearchFilter
from core.compiled_rows import ShapedRows
from core.rows import only_row
from invitations.email.models import Email
from invitations.email.queue import delivery_is
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from orgs.api.filters import AddressFilter, RoleFilter
from orgs.models import Role
from orgs.permissions import BUILT_IN_ROLES, Level


class SentInvitationFilter(StrictFilterSet):
    """Filters and sort order for the invitations of an organization."""

    parameter_names = {"invited_by": "invitedBy"}

    search = SearchFilter(
        columns=("invitee_name", "email"),
        address="email",
        help_text="Only invitations with each of these words in the name of the invitee or in the address.",
    )
    state = ChoicesFilter(
        choices=Invitation.Status.values,
        method="filter_state",
        help_text="One or more states. The default is `pending`, or all states if `delivery` is set.",
    )
    delivery = ChoiceFilter(
        choices=Email.State.values,
        method="filter_delivery",
        help_text="Only invitations whose newest email to the invitee has this delivery state.",
    )
    email = AddressFilter(help_text="Only invitations to exactly this address. Case-insensitive.")
    role = RoleFilter(
        method="filter_role",
        help_text="Only invitations that grant this role in the organization or in a unit. "
        "A role ID or the name of a built-in role.",
    )
    invited_by = UuidFilter(field_name="inviter_user_id", help_text="The ID of the user who sent the invitation.")
    unit = UuidFilter(help_text="The ID of the workspace or application.")
    sort = SortFilter(
        fields={"created_at": "createdAt", "updated_at": "updatedAt", "expires_at": "expiresAt", "email": "email"},
        initial="createdAt:desc",
    )

    def filter_queryset(self, queryset: InvitationQuerySet) -> InvitationQuerySet:
        """Return only the open invitations if neither `state` nor `delivery` is set.

        A `delivery` filter alone must also return undeliverable invitations, which are not open.
        """
        rows: InvitationQuerySet = super().filter_queryset(queryset)
        if "state" in self.filters:
            return rows
        return rows.in_states(Invitation.Status.values) if "delivery" in self.filters else rows.open()

    def filter_compiled(self, rows: ShapedRows) -> Any:
        """Return a queryset if the rows are merged from several queries (``in_states``). Overdue rows are expired too.

        A search counts the rows first, so it needs a queryset too. The column of the role is part of the shape.
        """
        if "search" in self.filters:
            return self.filter_queryset(cast("InvitationQuerySet", rows.queryset()))
        if self.filters.pop("role", None):
            role = self.values["role"]
            rows = rows.then(_granting, column_of_role(role), role=(UUIDField(), role))
        narrowed = super().filter_compiled(rows)
        states = self.values["state"] or (Invitation.Status.values if "delivery" in self.filters else ["pending"])
        return narrowed if len(states) == 1 and "expired" not in states else narrowed.queryset()

    def filter_state(self, queryset: InvitationQuerySet, name: str, value: tuple[str, ...]) -> InvitationQuerySet:
        """Return the invitations in these states."""
        return queryset.in_states(value)

    def filter_delivery(self, queryset: InvitationQuerySet, name: str, value: str) -> InvitationQuerySet:
        """Return the invitations whose newest email to the invitee is in this state."""
        return queryset.filter(delivery_is(value))

    def filter_role(self, queryset: InvitationQuerySet, name: str, value: UUID) -> InvitationQuerySet:
        """Return the invitations that grant this role."""
        return _granting(queryset, column_of_role(value), value)


class ReceivedInvitationFilter(StrictFilterSet):
    """Sort order for the invitations to the caller."""

    sort = SortFilter(
        fields={"created_at": "invitedAt", "expires_at": "expiresAt", "organization__name": "name"},
        initial="invitedAt:desc",
    )


class InvitingOrganizationFilter(StrictFilterSet):
    """Sort order for the organizations that invited the caller."""

    sort = SortFilter(
        fields={"created_at": "createdAt", "expires_at": "expiresAt", "organization__name": "name"},
        initial="createdAt:desc",
    )


LEVELS = {key: level for key, _, level, _ in BUILT_IN_ROLES}


def column_of_role(role: UUID) -> str:
    """Return the column of invitations that can have this role. An index serves one column, but not two with OR."""
    level = LEVELS.get(role) or only_row(Role.objects.filter(pk=role).values_list("level", flat=True))
    return "unit_role" if level == Level.UNIT else "role"


def _granting(rows: InvitationQuerySet, column: str, role: Any) -> InvitationQuerySet:
    return rows.filter(**{column: role})
