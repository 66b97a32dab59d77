"""The filters and sorts of the lists of organizations and of what is in them."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django_filters import Filter
from drf_spectacular.utils import extend_schema_field

from core.addresses import MAX_LENGTH, normalize_address
from core.api.filter_fields import FilterField
from core.api.filters import BooleanFilter, ChoiceFilter, SortFilter, StrictFilterSet
from core.ids import parse_uuid
from orgs.models import MembershipQuerySet, OrganizationQuerySet
from orgs.permissions import BUILT_IN_ROLES, Level
from orgs.querysets import archived_organizations_of

BUILT_IN_NAMES = {name: key for key, name, level, _ in BUILT_IN_ROLES if level == "organization"}


class AddressFormField(FilterField):
    """An email address."""

    def to_python(self, value: Any) -> str:
        """Return the normalized address."""
        return normalize_address(value)


@extend_schema_field({"type": "string", "format": "email", "maxLength": MAX_LENGTH})
class AddressFilter(Filter):
    """An email address, compared in its normalized form; nothing in it is a wildcard."""

    field_class = AddressFormField


class RoleField(FilterField):
    """An organization role by its id, or a built-in one by its name."""

    def to_python(self, value: Any) -> UUID:
        """Return the id."""
        role_id = BUILT_IN_NAMES.get(value) or parse_uuid(value)
        if role_id is None:
            raise ValidationError(f"A role's id is expected, or one of {', '.join(BUILT_IN_NAMES)}.")
        return role_id


@extend_schema_field(
    {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "string", "enum": list(BUILT_IN_NAMES)}]}
)
class RoleFilter(Filter):
    """An organization role."""

    field_class = RoleField


class OrganizationFilter(StrictFilterSet):
    """Of the caller's organizations."""

    archived = BooleanFilter(
        initial=False, method="filter_archived", help_text="Instead, the archived ones that you can restore."
    )
    sort = SortFilter(fields={"created_at": "createdAt", "name": "name"}, initial="createdAt:desc")

    def filter_archived(self, queryset: OrganizationQuerySet, name: str, value: bool) -> OrganizationQuerySet:
        """Show the archived organizations in place of the live ones."""
        return archived_organizations_of(self.request.auth) if value else queryset


class MemberFilter(StrictFilterSet):
    """Of an organization's members."""

    email = AddressFilter(
        field_name="user__email", help_text="The member with exactly this address, in any letter case."
    )
    role = RoleFilter(
        method="filter_role", help_text="Those with this role in the organization: its id, or a built-in name."
    )
    sort = SortFilter(
        fields={"created_at": "joinedAt", "user__first_name": "firstName", "user__last_name": "lastName"},
        initial="joinedAt:asc",
    )

    def filter_role(self, queryset: MembershipQuerySet, name: str, value: UUID) -> MembershipQuerySet:
        """Show those who have the role in the organization itself, not in a unit."""
        return queryset.filter(assignments__role=value, assignments__unit__isnull=True)


class RoleListFilter(StrictFilterSet):
    """Of an organization's roles."""

    scope = ChoiceFilter(field_name="level", choices=Level.values, help_text="Where the roles can be held.")
    sort = SortFilter(fields={"created_at": "createdAt", "name": "name"}, initial="createdAt:asc")


class UnitFilter(StrictFilterSet):
    """Of an organization's workspaces or applications."""

    sort = SortFilter(fields={"created_at": "createdAt", "name": "name"}, initial="createdAt:asc")


class CollaboratorFilter(StrictFilterSet):
    """Of the members with a role in a unit."""

    sort = SortFilter(
        fields={"created_at": "createdAt", "membership__user__last_name": "lastName"}, initial="createdAt:asc"
    )
