"""What each staff role may do. ``migrate`` gives the groups of these names exactly these permissions.

Each page of the admin needs *view*, each button one more permission (``needs`` of the button).
"""

from collections.abc import Mapping
from typing import Any

from django.apps.registry import Apps
from django.apps.registry import apps as global_apps
from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet

from accounts.staff_roles import StaffRole, restore_staff_role

# Model: what auditors may do, and what support may do. Administrators may do everything.
RIGHTS: Mapping[str, tuple[set[str], set[str]]] = {
    "account.emailaddress": ({"view"}, {"view"}),
    "accounts.accountemail": ({"view"}, {"view"}),
    "accounts.accountemailattempt": ({"view"}, {"view"}),
    "accounts.externalidentity": ({"view"}, {"view"}),
    "accounts.oauthapplication": ({"view"}, {"view"}),
    "accounts.user": ({"view"}, {"view", "change", "help"}),  # no manage_staff
    "events.event": ({"view"}, {"view"}),
    "invitations.attempt": ({"view"}, {"view"}),
    "invitations.email": ({"view"}, {"view"}),
    "invitations.invitation": ({"view"}, {"view", "add", "change"}),
    "orgs.apikey": ({"view"}, {"view"}),
    "orgs.membership": ({"view"}, {"view", "change"}),
    "orgs.organization": ({"view"}, {"view", "add", "change"}),
    "orgs.role": ({"view"}, {"view"}),
    "orgs.roleassignment": ({"view"}, {"view"}),
    "orgs.unit": ({"view"}, {"view"}),
    "webhooks.webhookattempt": ({"view"}, {"view"}),
    "webhooks.webhookdelivery": ({"view"}, {"view"}),
    "webhooks.webhookendpoint": ({"view"}, {"view", "change"}),
}
COLUMNS = (StaffRole.AUDITOR, StaffRole.SUPPORT)


def names_of(role: StaffRole) -> set[str]:
    """Return the full names of the permissions in the role's column, such as ``orgs.view_organization``."""
    names = set()
    for label, rights in RIGHTS.items():
        app_label, model = label.split(".")
        names |= {f"{app_label}.{action}_{model}" for action in rights[COLUMNS.index(role)]}
    return names


def permissions_in(role: StaffRole, using: str) -> QuerySet[Permission]:
    """Return the permissions of the role. Those that this version's migrations have not created yet are missing."""
    existing = Permission.objects.using(using)
    if role not in COLUMNS:
        return existing.all()
    named = Q(pk=None)
    for name in names_of(role):
        app_label, _, codename = name.partition(".")
        named |= Q(content_type__app_label=app_label, codename=codename)
    return existing.filter(named)


def restore_staff_roles(using: str, apps: Apps = global_apps, **kwargs: Any) -> None:
    """Create the missing groups and restore their permissions, after Django has created the permissions."""
    try:
        apps.get_model("auth", "Group")
    except LookupError:
        return  # migrating back to before the groups
    for role in StaffRole:
        restore_staff_role(role, permissions_in(role, using), using=using)
