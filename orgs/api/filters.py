"""Filters and sorting for the lists of organizations, members, roles, units and collaborators."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django_filters import Filter
from drf_spectacular.utils import extend_schema_field

from core.addresses import MAX_LENGTH, normalize_address
from core.api.filter_fields import FilterField
from core.api.filters import BooleanFilter, ChoiceFilter, SortFilter, StrictFilterSet
from core.api.search import SearchFilter
from core.ids import parse_uuid
from orgs.models import MembershipQuerySet, OrganizationQuerySet
from orgs.permissions import BUILT_IN_ROLES, Level
from orgs.querysets import archived_organizations_of

BUILT_IN_NAMES = {name: key for key, name, level, _ in BUILT_IN_ROLES if level == Level.ORGANIZATION}


class AddressFormField(FilterField):
    """An email address."""

    def to_python(self, value: Any) -> str:
        """Return the normalized address."""
        return normalize_address(value)


@extend_schema_field({"type": "string", "format": "email", "maxLength": MAX_LENGTH})
class AddressFilter(Filter):
    """Filter by the normalized email address. There are no wildcards."""

    field_class = AddressFormField
    parameter = models.CharField()


class RoleField(FilterField):
    """The id of an organization role, or the name of a built-in organization role."""

    def to_python(self, value: Any) -> UUID:
        """Return the id of the role."""
        role_id = BUILT_IN_NAMES.get(value) or parse_uuid(value)
        if role_id is None:
            raise ValidationError(f"Use the id of a role or one of {', '.join(BUILT_IN_NAMES)}.")
        return role_id


@extend_schema_field(
    {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "string", "enum": list(BUILT_IN_NAMES)}]}
)
class RoleFilter(Filter):
    """Filter by an organization role."""

    field_class = RoleField
    parameter = models.UUIDField()


class OrganizationFilter(StrictFilterSet):
    """Filters for the caller's organizations."""

    archived = BooleanFilter(
        initial=False,
        method="filter_archived",
        help_text="True: list the archived organizations that you can restore instead.",
    )
    sort = SortFilter(fields={"created_at": "createdAt", "name": "name"}, initial="createdAt:desc")

    def filter_archived(self, queryset: OrganizationQuerySet, name: str, value: bool) -> OrganizationQuerySet:
        """If the value is true, return the archived organizations that the caller owns instead."""
        return archived_organizations_of(self.request.auth) if value else queryset


class MemberFilter(StrictFilterSet):
    """Filters for the members of an organization."""

    search = SearchFilter(
        columns=("user__first_name", "user__last_name", "shown_email"),
        address="shown_email",
        help_text="Members with each of these words in a name or in the email address, if you may see it.",
    )
    email = AddressFilter(
        field_name="shown_email",
        help_text="Find the member with this email address, if you may see it. Case does not matter.",
    )
    role = RoleFilter(
        method="filter_role",
        help_text="Members with this organization role: the id of the role, or the name of a built-in one.",
    )
    sort = SortFilter(
        fields={"created_at": "joinedAt", "user__first_name": "firstName", "user__last_name": "lastName"},
        initial="joinedAt:asc",
    )

    def filter_role(self, queryset: MembershipQuerySet, name: str, value: UUID) -> MembershipQuerySet:
        """Keep members who have the role in the organization, not in a unit."""
        return queryset.filter(assignments__role=value, assignments__unit__isnull=True)


class RoleListFilter(StrictFilterSet):
    """Filters for the roles of an organization."""

    scope = ChoiceFilter(
        field_name="level",
        choices=Level.values,
        help_text="Roles for the whole organization or for units (workspaces and applications).",
    )
    sort = SortFilter(fields={"created_at": "createdAt", "name": "name"}, initial="createdAt:asc")


class UnitFilter(StrictFilterSet):
    """Sort order for workspaces or applications."""

    sort = SortFilter(fields={"created_at": "createdAt", "name": "name"}, initial="createdAt:asc")


class CollaboratorFilter(StrictFilterSet):
    """Sort order for members with a role in a unit."""

    sort = SortFilter(
        fields={"created_at": "createdAt", "membership__user__last_name": "lastName"}, initial="createdAt:asc"
    )
