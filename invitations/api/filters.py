"""The filters and sorts of the lists of invitations."""

from uuid import UUID

from core.api.filters import ChoiceFilter, ChoicesFilter, SortFilter, StrictFilterSet, UuidFilter
from invitations.email.models import Email
from invitations.email.queue import delivery_is
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from orgs.api.filters import AddressFilter, RoleFilter


class SentInvitationFilter(StrictFilterSet):
    """Of the invitations of an organization."""

    parameter_names = {"invited_by": "invitedBy"}

    state = ChoicesFilter(
        choices=Invitation.Status.values,
        method="filter_state",
        help_text="One or more states; without it `pending`, or with `delivery` any.",
    )
    delivery = ChoiceFilter(
        choices=Email.State.values,
        method="filter_delivery",
        help_text="Those whose newest mail to the invitee is in this state.",
    )
    email = AddressFilter(help_text="Those to exactly this address, in any letter case.")
    role = RoleFilter(
        method="filter_role",
        help_text="Those that grant this role, in the organization or a unit: its id, or a name.",
    )
    invited_by = UuidFilter(field_name="inviter_user_id", help_text="The id of the user who invited.")
    unit = UuidFilter(help_text="The workspace or application it leads to.")
    sort = SortFilter(
        fields={"created_at": "createdAt", "updated_at": "updatedAt", "expires_at": "expiresAt", "email": "email"},
        initial="createdAt:desc",
    )

    def filter_queryset(self, queryset: InvitationQuerySet) -> InvitationQuerySet:
        """Show what is open, unless states are asked for, or a state of delivery: what failed is not open any more."""
        rows: InvitationQuerySet = super().filter_queryset(queryset)
        return rows if {"state", "delivery"} & self.filters.keys() else rows.open()

    def filter_state(self, queryset: InvitationQuerySet, name: str, value: tuple[str, ...]) -> InvitationQuerySet:
        """Show what is in one of these states."""
        return queryset.in_states(value)

    def filter_delivery(self, queryset: InvitationQuerySet, name: str, value: str) -> InvitationQuerySet:
        """Show those whose newest email is in this state."""
        return queryset.filter(delivery_is(value))

    def filter_role(self, queryset: InvitationQuerySet, name: str, value: UUID) -> InvitationQuerySet:
        """Show those that grant this role."""
        return queryset.naming_role(value)


class ReceivedInvitationFilter(StrictFilterSet):
    """Of the invitations to the caller."""

    sort = SortFilter(
        fields={"created_at": "invitedAt", "expires_at": "expiresAt", "organization__name": "name"},
        initial="invitedAt:desc",
    )


class InvitingOrganizationFilter(StrictFilterSet):
    """Of the organizations that have invited the caller."""

    sort = SortFilter(
        fields={"created_at": "createdAt", "expires_at": "expiresAt", "organization__name": "name"},
        initial="createdAt:desc",
    )
