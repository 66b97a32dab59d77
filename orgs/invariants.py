"""What is always true of organizations, members and roles (``core.invariants``)."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, Coalesce

from accounts.models import User
from core.invariants import invariant
from events.models import Event
from orgs.models import Membership, Organization, Role, RoleAssignment
from orgs.permissions import BUILT_IN_ROLES, OWN, OWNER_ROLE, Level

Keys = QuerySet[Any, Any]


def foreign(path: str, organization: str) -> Q:
    """Return the condition that a reference leads to another organization. Built-in roles belong to none."""
    return Q(**{f"{path}__organization__isnull": False}) & ~Q(**{f"{path}__organization": F(organization)})


@invariant
def owners_are_people() -> Keys:
    """Only a person owns an organization."""
    owners = RoleAssignment.objects.filter(role_id=OWNER_ROLE, unit__isnull=True)
    return owners.exclude(membership__user__kind=User.Kind.CLIENT).order_by().values_list("pk", flat=True)


@invariant
def ownership_comes_with_the_owner_role() -> Keys:
    """No custom role contains the permission to own the organization."""
    custom = Role.objects.filter(organization__isnull=False).annotate(text=Cast("permissions", TextField()))
    return custom.filter(text__contains=f'"{OWN}"').order_by().values_list("pk", flat=True)


@invariant
def ownership_is_not_a_direct_permission() -> Keys:
    """No member has the permission to own the organization without the owner role."""
    members = Membership.objects.annotate(text=Cast("permissions", TextField()))
    return members.filter(text__contains=f'"{OWN}"').order_by().values_list("pk", flat=True)


@invariant
def members_have_a_role() -> Keys:
    """Each member has exactly one role in the organization."""
    roles = RoleAssignment.objects.filter(membership=OuterRef("pk"), unit__isnull=True).order_by().values("membership")
    counted = roles.annotate(found=Count("pk")).values("found")
    members = Membership.objects.annotate(roles=Coalesce(Subquery(counted), 0))
    return members.exclude(roles=1).order_by().values_list("pk", flat=True)


@invariant
def roles_of_members_stay_in_their_organization() -> Keys:
    """The roles, workspaces and applications of a member belong to the same organization."""
    elsewhere = foreign("role", "membership__organization") | foreign("unit", "membership__organization")
    return RoleAssignment.objects.filter(elsewhere).order_by().values_list("pk", flat=True)


@invariant
def roles_of_members_have_their_level() -> Keys:
    """A member has a role for organizations in the organization, and a role for units in a unit."""
    fitting = Q(unit__isnull=True, role__level=Level.ORGANIZATION) | Q(unit__isnull=False, role__level=Level.UNIT)
    return RoleAssignment.objects.exclude(fitting).order_by().values_list("pk", flat=True)


@invariant
def built_in_roles_are_those_of_this_version() -> Keys:
    """The built-in roles have the level and the permissions that this version gives them."""
    known = (Q(pk=key, level=level, permissions=sorted(given)) for key, _, level, given in BUILT_IN_ROLES)
    built_in = Role.objects.filter(organization__isnull=True)
    return built_in.exclude(reduce(or_, known)).order_by().values_list("pk", flat=True)


@invariant
def members_are_not_deleted() -> Keys:
    """An account that was deleted is a member of no organization."""
    deleted = Membership.objects.filter(user__deleted_at__isnull=False)
    return deleted.order_by().values_list("pk", flat=True)


@invariant
def default_roles_fit_their_organization() -> Keys:
    """The default role of an organization is its own or a built-in one, and is for organizations."""
    wrong = foreign("default_role", "pk") | Q(default_role__level=Level.UNIT)
    return Organization.objects.filter(wrong).order_by().values_list("pk", flat=True)


@invariant
def system_users_have_one_organization() -> Keys:
    """A service account belongs to one organization."""
    members = Membership.objects.filter(user__kind=User.Kind.SYSTEM).order_by().values("user")
    return members.annotate(found=Count("pk")).filter(found__gt=1).values_list("user", flat=True)


@invariant
def seats_are_not_oversold() -> Keys:
    """Nobody has joined an organization while members took all its seats.

    A limit may be set below the number of members. Then nobody joins until enough have left.
    """
    of_same = Event.objects.filter(organization_id=OuterRef("organization_id"), kind="organization.seat_limit_set")
    limit_set = Coalesce(Subquery(of_same.order_by("-number").values("number")[:1]), 0)
    joined = Event.objects.filter(organization_id=OuterRef("pk"), kind="membership.created", number__gt=limit_set)
    limited = Organization.objects.filter(seat_limit__isnull=False).with_member_count()
    oversold = limited.filter(Q(member_count__gt=F("seat_limit")), Exists(joined))
    return oversold.order_by().values_list("pk", flat=True)
