"""Template filters and tags for organizations, roles and permissions."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django import template

from orgs.labels import permission_labels, role_label
from orgs.models import Organization, Unit
from orgs.pages.choices import KIND_LABELS
from orgs.pages.logos import initials, logo_origin

register = template.Library()

register.filter("role_label", role_label)


@register.filter
def permission_list(permissions: Iterable[str]) -> str:
    """Return the labels of the permissions, separated by commas."""
    return ", ".join(permission_labels(permissions))


@register.filter
def unit_kind(unit: Unit) -> str:
    """Return what the unit is: a workspace or an application."""
    return str(KIND_LABELS[Unit.Kind(unit.kind)])


@register.filter
def website(organization: Organization) -> str:
    """Return the organization's website, or an empty string if the URL is not safe to link to."""
    return _safe_link(organization.website)


@register.filter
def continue_to(organization: Organization) -> str:
    """Return where people continue after they have joined: the page that the organization names, or its website."""
    return _safe_link(organization.continue_url) or website(organization)


def _safe_link(address: str) -> str:
    try:
        url = urlsplit(address)
    except ValueError:
        return ""
    is_safe = url.scheme in ("http", "https") and url.netloc and "@" not in url.netloc
    return address if is_safe else ""


@register.inclusion_tag("organizations/mark.html")
def mark(organization: Organization, size: str = "") -> dict[str, Any]:
    """Show the logo or the initials. They are decorative, because templates always show the name next to them."""
    logo_url = organization.logo_url if logo_origin(organization) else ""
    return {"initials": initials(organization), "logo_url": logo_url, "size": size}
