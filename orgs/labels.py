"""Labels of roles and permissions in the active language."""

from collections.abc import Iterable

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orgs.models import Role
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    OWNER_ROLE,
    PERMISSIONS,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)

ROLE_LABELS = {
    OWNER_ROLE: _("Owner"),
    ADMIN_ROLE: _("Admin"),
    EDITOR_ROLE: _("Editor"),
    VIEWER_ROLE: _("Viewer"),
    UNASSIGNED_ROLE: _("Member"),
    UNIT_ADMIN_ROLE: _("Admin"),
    UNIT_EDITOR_ROLE: _("Editor"),
    UNIT_VIEWER_ROLE: _("Viewer"),
}


def role_label(role: Role | None) -> str:
    """Return the label of a built-in role, or the name of a custom role."""
    if role is None:
        return gettext("Member")
    return str(ROLE_LABELS.get(role.pk, role.name))


def permission_labels(permissions: Iterable[str]) -> list[str]:
    """Return the labels of the permissions in the order of declaration. Skip permissions that no longer exist."""
    given = set(permissions)
    return [str(permission.label) for name, permission in PERMISSIONS.items() if name in given]
