"""The navigation of an organization's pages: its entries, and who sees them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from orgs.permissions import ADMIN, MANAGE_MEMBERS, UNIT_MANAGE_MEMBERS
from orgs.policies import EffectivePermissions

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


def manages_members(held: EffectivePermissions) -> bool:
    """Return whether the reader manages members, in the organization or in a workspace or application."""
    return held.permits(MANAGE_MEMBERS) or bool(held.units_permitting(UNIT_MANAGE_MEMBERS))


def manages_all_members(held: EffectivePermissions) -> bool:
    """Return whether the reader manages members in the organization."""
    return held.permits(MANAGE_MEMBERS)


def manages_everything(held: EffectivePermissions) -> bool:
    """Return whether the reader manages everything in the organization."""
    return held.permits(ADMIN)


def everyone(held: EffectivePermissions) -> bool:
    """Return True: every member may see the page."""
    return True


@dataclass(frozen=True)
class NavigationEntry:
    """A link to a page of the organization. ``view`` is the name of the URL, which takes the organization's slug.

    ``is_for`` decides from the reader's permissions whether the link is shown. It must not be stricter than the page.
    """

    view: str
    label: "str | StrPromise"
    is_for: Callable[[EffectivePermissions], bool] = everyone


NAVIGATION = (
    NavigationEntry("organization-people", _("People")),
    NavigationEntry("organization-invite", _("Invite"), manages_members),
    NavigationEntry("organization-units", _("Workspaces and applications")),
    NavigationEntry("organization-roles", _("Roles")),
    NavigationEntry("organization-api-keys", _("API keys")),
    NavigationEntry("organization-oauth-applications", _("OAuth applications")),
    NavigationEntry("organization-webhooks", _("Webhooks"), manages_everything),
    NavigationEntry("organization-activity", _("Activity"), manages_all_members),
    NavigationEntry("organization-usage", _("Seats and limits"), manages_all_members),
    NavigationEntry("organization-settings", _("Settings")),
)


def entries_for(held: EffectivePermissions) -> list[NavigationEntry]:
    """Return the entries that a member with these permissions sees."""
    return [entry for entry in NAVIGATION if entry.is_for(held)]
