"""Find the organization of a request that only reads, and the caller's permissions in it, in one statement."""

from typing import Any
from uuid import UUID

from django.db.models import CharField, QuerySet, UUIDField

from accounts.models import User
from accounts.principals import Principal
from core.compiled import CompiledQuery
from core.errors import Conflict
from orgs.locks import OrganizationNotFound, require_found
from orgs.models import Membership, MembershipQuerySet, Organization, RoleAssignment
from orgs.policies import permissions_from_roles


def roles_in_live(user: Any, **organization: Any) -> QuerySet[RoleAssignment]:
    """Return the roles of an active user in organizations that are not archived, each with the organization."""
    return RoleAssignment.objects.filter(
        membership__user=user,
        membership__user__is_active=True,
        membership__organization__deleted_at__isnull=True,
        **organization,
    ).select_related("membership__organization", "role")


# Every member has a role in the organization (``RoleAssignment``), so the caller's roles lead to the organization.
ROLES_IN_ORGANIZATION = CompiledQuery(
    lambda user, organization: roles_in_live(user, membership__organization=organization),
    user=UUIDField(),
    organization=UUIDField(),
)
ROLES_IN_ORGANIZATION_BY_SLUG = CompiledQuery(
    lambda user, slug: roles_in_live(user, membership__organization__slug=slug), user=UUIDField(), slug=CharField()
)


class NoActiveOrganization(Conflict):
    """The caller is not a member of any organization."""

    message = "You do not belong to any organization yet."


def find_organization(by: Principal, organization_id: UUID) -> Organization:
    """Return an organization of the caller that is not archived.

    The organization carries the caller's permissions, and ``policies.caller_permissions`` needs no query for them. Use
    it only for reading: an action must read the permissions after it has locked the organization. Raises
    OrganizationNotFound and SecondFactorRequired.
    """
    if by.is_staff or by.is_service:
        return require_found(Organization.objects.live().filter(pk=organization_id).first(), by)
    if by.user is None or by.organization_id not in (None, organization_id):
        raise OrganizationNotFound
    return organization_of_roles(by.user, ROLES_IN_ORGANIZATION.rows(user=by.user.pk, organization=organization_id), by)


def find_organization_by_slug(by: Principal, slug: str) -> Organization:
    """Return an organization of a signed-in person like ``find_organization``. Raises the same errors."""
    if by.user is None or by.is_staff:
        raise OrganizationNotFound
    return organization_of_roles(by.user, ROLES_IN_ORGANIZATION_BY_SLUG.rows(user=by.user.pk, slug=slug), by)


def organization_of_roles(user: User, roles: list[RoleAssignment], by: Principal) -> Organization:
    """Return the organization of the user's roles (``roles_in_live``), with the user's permissions.

    Raises OrganizationNotFound unless the roles are in exactly one organization, to which the credential gives access,
    and SecondFactorRequired.
    """
    found = {role.membership.organization_id for role in roles}
    if len(found) != 1 or by.organization_id not in (None, *found):
        raise OrganizationNotFound
    organization = require_found(roles[0].membership.organization, by)
    organization.permissions_of_reader = user.pk, permissions_from_roles(roles[0].membership, roles)
    return organization


def current_organization(by: Principal, named: UUID | None = None) -> Organization:
    """Return the organization of a request.

    It is the named organization, else the organization of the credential, else the active organization. Raises
    OrganizationNotFound if the caller is not a member of it, and NoActiveOrganization if the caller is not a member of
    any organization.
    """
    return find_organization(by, named or by.organization_id or active_organization_id(by))


def memberships_of(user: User) -> MembershipQuerySet:
    """Return the user's memberships of live organizations, with roles, sorted by the organization's name."""
    live = Membership.objects.with_people_and_roles().filter(user=user, organization__deleted_at__isnull=True)
    return live.select_related("organization").order_by("organization__name", "id")


def active_organization_id(by: Principal) -> UUID:
    """Return the id of the organization that the user switched to last.

    If the user never switched, return the id of the organization that the user joined first. Raises
    NoActiveOrganization if the user has no organization.
    """
    live = Membership.objects.filter(user=by.user, organization__deleted_at__isnull=True)
    if by.organization_id:
        live = live.filter(organization_id=by.organization_id)
    found = live.by_activation().values_list("organization_id", flat=True).first()
    if found is None:
        raise NoActiveOrganization
    return found
