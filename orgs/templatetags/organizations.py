"""How templates show organizations, roles and permissions."""

from collections.abc import Iterable
from typing import Any

from django import template

from orgs.labels import permission_labels, role_label
from orgs.logos import initials, logo_origin
from orgs.models import Organization

register = template.Library()

register.filter("role_label", role_label)


@register.filter
def permission_list(permissions: Iterable[str]) -> str:
    """The permissions in words, separated by commas."""
    return ", ".join(permission_labels(permissions))


@register.inclusion_tag("organizations/mark.html")
def mark(organization: Organization, size: str = "") -> dict[str, Any]:
    """The logo over the initials; decoration, as the name always stands beside it."""
    logo_url = organization.logo_url if logo_origin(organization) else ""
    return {"initials": initials(organization), "logo_url": logo_url, "size": size}
