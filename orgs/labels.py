"""What roles and permissions are called where people read them, in the reader's language."""

from collections.abc import Iterable

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orgs.models import Role
from orgs.permissions import (
    ADMIN,
    ADMIN_ROLE,
    CREATE_PROJECTS,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    MANAGE_PLANS,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)

ROLES = {
    OWNER_ROLE: _("Owner"),
    ADMIN_ROLE: _("Admin"),
    EDITOR_ROLE: _("Editor"),
    VIEWER_ROLE: _("Viewer"),
    UNASSIGNED_ROLE: _("Member"),
    UNIT_ADMIN_ROLE: _("Admin"),
    UNIT_EDITOR_ROLE: _("Editor"),
    UNIT_VIEWER_ROLE: _("Viewer"),
}
PERMISSIONS = {
    ADMIN: _("administer everything"),
    MANAGE_MEMBERS: _("manage members"),
    MANAGE_BILLING: _("manage billing"),
    MANAGE_PLANS: _("manage plans"),
    CREATE_PROJECTS: _("create projects"),
    LIST_PROJECTS: _("see projects"),
}


def role_label(role: Role | None) -> str:
    """A built-in role in the reader's language; an organization's own by its name."""
    if role is None:
        return gettext("Member")
    return str(ROLES.get(role.pk, role.name))


def permission_labels(permissions: Iterable[str]) -> list[str]:
    """The permissions in words, in the order of the list above; unknown ones count for nothing and are left out."""
    given = set(permissions)
    return [str(label) for permission, label in PERMISSIONS.items() if permission in given]
