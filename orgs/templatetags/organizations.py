"""How templates show organizations, roles and permissions."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django import template

from orgs.labels import permission_labels, role_label
from orgs.models import Organization
from orgs.pages.logos import initials, logo_origin

register = template.Library()

register.filter("role_label", role_label)


@register.filter
def permission_list(permissions: Iterable[str]) -> str:
    """The permissions in words, separated by commas."""
    return ", ".join(permission_labels(permissions))


@register.filter
def website(organization: Organization) -> str:
    """Where the organization is on the web; blank where a page must not lead there."""
    try:
        url = urlsplit(organization.website)
    except ValueError:
        return ""
    leads_there = url.scheme in ("http", "https") and url.netloc and "@" not in url.netloc
    return organization.website if leads_there else ""


@register.inclusion_tag("organizations/mark.html")
def mark(organization: Organization, size: str = "") -> dict[str, Any]:
    """The logo over the initials; decoration, as the name always stands beside it."""
    logo_url = organization.logo_url if logo_origin(organization) else ""
    return {"initials": initials(organization), "logo_url": logo_url, "size": size}
