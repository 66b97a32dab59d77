"""Find the organization, the application and the caller's permissions of a request to Applivery, in one statement."""

import re
from typing import Any

from django.db.models import CharField, Field, OuterRef, QuerySet, Subquery, UUIDField
from django.db.models.functions import JSONObject

from accounts.principals import Principal
from core.compiled_rows import CompiledRows
from core.ids import parse_oid
from core.rows import object_from_json
from orgs.access import organization_of_roles, roles_in_live
from orgs.locks import OrganizationNotFound
from orgs.lookups import UnitNotFound
from orgs.models import Organization, RoleAssignment, Unit
from orgs.policies import caller_permissions
from orgs.querysets import show_unit

ID_OR_SLUG_PATTERN = re.compile(r"([a-fA-F0-9]{24})|([a-zA-Z0-9\-]{3,})", re.ASCII)
COLUMNS = ("id", "organization_id", "kind", "name", "slug", "picture_url")
ROLES = CompiledRows(roles_in_live, user=UUIDField())


def find_application(by: Principal, organization: str, application: str) -> tuple[Organization, Unit]:
    """Return the organization and the application with these IDs or slugs.

    The organization is only for reading, like that of ``orgs.access.find_organization``. Raises OrganizationNotFound,
    SecondFactorRequired, and UnitNotFound also if the caller may not see the application.
    """
    if by.user is None or not is_id_or_slug(organization):
        raise OrganizationNotFound
    roles = ROLES.of(user=by.user.pk).then(_in_organization, **id_or_slug("organization", organization))
    if is_id_or_slug(application):
        roles = roles.then(_with_application, **id_or_slug("application", application))
    found = list(roles)
    readable = organization_of_roles(by.user, found, by)
    unit = application_of(found[0])
    if unit is None or not show_unit(caller_permissions(by, readable), unit.pk):
        raise UnitNotFound
    return readable, unit


def is_id_or_slug(text: str) -> bool:
    """Return whether the text has one of the two forms."""
    return ID_OR_SLUG_PATTERN.fullmatch(text) is not None


def id_or_slug(name: str, text: str) -> dict[str, tuple[Field, Any]]:
    """Return the parameters to find an object: the bounds of its id, or its slug. 24 hexadecimal digits are an ID."""
    bounds = parse_oid(text)
    if bounds is None:
        return {f"{name}_slug": (CharField(), text.lower())}
    return {f"{name}_from": (UUIDField(), bounds[0]), f"{name}_to": (UUIDField(), bounds[1])}


def application_of(role: Any) -> Unit | None:
    """Return the application that was found with the role, or None unless it was exactly one."""
    columns = getattr(role, "application", None)
    return None if columns is None or role.has_other_applications else object_from_json(Unit, columns)


def _in_organization(
    roles: QuerySet[RoleAssignment],
    organization_slug: Any = None,
    organization_from: Any = None,
    organization_to: Any = None,
) -> QuerySet[RoleAssignment]:
    if organization_slug is not None:
        return roles.filter(membership__organization__slug=organization_slug)
    return roles.filter(membership__organization__pk__range=(organization_from, organization_to))


def _with_application(
    roles: QuerySet[RoleAssignment],
    application_slug: Any = None,
    application_from: Any = None,
    application_to: Any = None,
) -> QuerySet[RoleAssignment]:
    """Annotate the ``application`` as JSON, and whether there is another one with the same ID."""
    units = Unit.objects.filter(organization=OuterRef("membership__organization"), kind=Unit.Kind.APPLICATION)
    if application_slug is None:
        units = units.filter(pk__range=(application_from, application_to)).order_by("pk")
    else:
        units = units.filter(slug=application_slug)
    columns = units.values_list(JSONObject(**{name: name for name in COLUMNS}))
    others = Subquery(units.values("pk")[1:2])
    return roles.annotate(application=Subquery(columns[:1]), has_other_applications=others)
