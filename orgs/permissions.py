"""Every permission and every built-in role, on one screen.

A permission is a string. Those of an organization start with ``organization:``; those of a workspace or an
application start with ``unit:`` and count in that one unit.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import TextChoices


class Level(TextChoices):
    """What a permission or a role is about: the whole organization, or one workspace or application of it."""

    ORGANIZATION = "organization"
    UNIT = "unit"


OWN = "organization:own"  # archive, purge, transfer; only the built-in owner role has it
ADMIN = "organization:admin"  # implies everything below, in every unit too
MANAGE_MEMBERS = "organization:manage_members"
MANAGE_BILLING = "organization:manage_billing"
MANAGE_PLANS = "organization:manage_plans"
CREATE_PROJECTS = "organization:create_projects"
LIST_PROJECTS = "organization:list_projects"

UNIT_ADMIN = "unit:admin"  # implies everything below, in its unit
UNIT_MANAGE_MEMBERS = "unit:manage_members"
UNIT_EDIT = "unit:edit"
UNIT_VIEW = "unit:view"

# What members work with; everything else is power over the organization or its people.
EVERYDAY = frozenset({CREATE_PROJECTS, LIST_PROJECTS, UNIT_EDIT, UNIT_VIEW})
UNIT_PERMISSIONS = frozenset({UNIT_ADMIN, UNIT_MANAGE_MEMBERS, UNIT_EDIT, UNIT_VIEW})
GRANTABLE_DIRECTLY = frozenset({ADMIN, MANAGE_MEMBERS, MANAGE_BILLING, MANAGE_PLANS, CREATE_PROJECTS, LIST_PROJECTS})
ORGANIZATION_PERMISSIONS = GRANTABLE_DIRECTLY | {OWN}
ALL_PERMISSIONS = ORGANIZATION_PERMISSIONS | UNIT_PERMISSIONS

IMPLIED = {
    OWN: ORGANIZATION_PERMISSIONS | UNIT_PERMISSIONS,
    ADMIN: GRANTABLE_DIRECTLY | UNIT_PERMISSIONS,
    UNIT_ADMIN: UNIT_PERMISSIONS,
}

# Built-in roles: (key, name, level, permissions). The key is the role's id, the same in every installation.
OWNER_ROLE = UUID("00000000-0000-7000-8000-000000000001")
ADMIN_ROLE = UUID("00000000-0000-7000-8000-000000000002")
EDITOR_ROLE = UUID("00000000-0000-7000-8000-000000000003")
VIEWER_ROLE = UUID("00000000-0000-7000-8000-000000000004")
UNASSIGNED_ROLE = UUID("00000000-0000-7000-8000-000000000005")
UNIT_ADMIN_ROLE = UUID("00000000-0000-7000-8000-000000000012")
UNIT_EDITOR_ROLE = UUID("00000000-0000-7000-8000-000000000013")
UNIT_VIEWER_ROLE = UUID("00000000-0000-7000-8000-000000000014")

BUILT_IN_ROLES: tuple[tuple[UUID, str, Level, set[str]], ...] = (
    (OWNER_ROLE, "owner", Level.ORGANIZATION, {OWN, ADMIN}),
    (ADMIN_ROLE, "admin", Level.ORGANIZATION, {ADMIN}),
    (EDITOR_ROLE, "editor", Level.ORGANIZATION, {CREATE_PROJECTS, LIST_PROJECTS}),
    (VIEWER_ROLE, "viewer", Level.ORGANIZATION, {LIST_PROJECTS}),
    (UNASSIGNED_ROLE, "unassigned", Level.ORGANIZATION, set()),
    (UNIT_ADMIN_ROLE, "admin", Level.UNIT, {UNIT_ADMIN}),
    (UNIT_EDITOR_ROLE, "editor", Level.UNIT, {UNIT_EDIT, UNIT_VIEW}),
    (UNIT_VIEWER_ROLE, "viewer", Level.UNIT, {UNIT_VIEW}),
)


def effective(permissions: Iterable[str]) -> frozenset[str]:
    """The given permissions and everything they imply; names that no longer exist count for nothing."""
    held = ALL_PERMISSIONS.intersection(permissions)
    return held.union(*(IMPLIED.get(permission, ()) for permission in held))
