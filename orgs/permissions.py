"""The permissions and the built-in roles.

Each permission is declared here, once. The OAuth scopes and their consent texts (``orgs.oauth.scopes``), the labels in
emails and pages (``orgs.labels``) and the sets below are derived from the declarations.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Level(TextChoices):
    """Where a permission or a role applies: in the whole organization, or in one workspace or application."""

    ORGANIZATION = "organization"
    UNIT = "unit"


@dataclass(frozen=True)
class Permission:
    """The declaration of a permission.

    ``label`` completes the sentence "The role may …". If ``granted_directly`` is true, members can have the permission
    without a role, and OAuth clients can have it as a scope of the same name. ``consent`` is the text for that scope on
    the consent page. Each permission in ``implied_by`` implies this permission.
    """

    name: str
    level: Level
    label: Promise
    granted_directly: bool = False
    consent: Promise | None = None
    implied_by: tuple[str, ...] = ()


PERMISSIONS: dict[str, Permission] = {}  # maps names to permissions, in the order in which pages show them


def declare(permission: Permission) -> str:
    """Add the permission to ``PERMISSIONS`` and return its name."""
    PERMISSIONS[permission.name] = permission
    return permission.name


# Archive, purge and transfer the organization. Only the built-in owner role has this permission.
OWN = declare(Permission("organization:own", Level.ORGANIZATION, _("own the organization")))
ADMIN = declare(
    Permission(
        "organization:admin",
        Level.ORGANIZATION,
        _("manage everything"),
        granted_directly=True,
        consent=_("Manage the organizations where you're an admin"),
        implied_by=(OWN,),
    )
)
MANAGE_MEMBERS = declare(
    Permission(
        "organization:manage_members",
        Level.ORGANIZATION,
        _("manage members"),
        granted_directly=True,
        consent=_("Manage members and invitations, and view workspaces and applications, where you're allowed to"),
        implied_by=(ADMIN,),
    )
)
MANAGE_BILLING = declare(
    Permission(
        "organization:manage_billing",
        Level.ORGANIZATION,
        _("manage billing"),
        granted_directly=True,
        consent=_("Manage billing where you're allowed to"),
        implied_by=(ADMIN,),
    )
)
MANAGE_PLANS = declare(
    Permission(
        "organization:manage_plans",
        Level.ORGANIZATION,
        _("manage plans"),
        granted_directly=True,
        consent=_("Manage plans where you're allowed to"),
        implied_by=(ADMIN,),
    )
)
CREATE_PROJECTS = declare(
    Permission(
        "organization:create_projects",
        Level.ORGANIZATION,
        _("create workspaces and applications"),
        granted_directly=True,
        consent=_("Create workspaces and applications where you're allowed to"),
        implied_by=(ADMIN,),
    )
)
LIST_PROJECTS = declare(
    Permission(
        "organization:list_projects",
        Level.ORGANIZATION,
        _("view all workspaces and applications"),
        granted_directly=True,
        consent=_("View workspaces and applications where you're allowed to"),
        implied_by=(ADMIN, MANAGE_MEMBERS),  # so that managers can invite viewers: people grant only what they have
    )
)

UNIT_ADMIN = declare(
    Permission("unit:admin", Level.UNIT, _("manage the workspace or application"), implied_by=(ADMIN,))
)
UNIT_MANAGE_MEMBERS = declare(
    Permission(
        "unit:manage_members",
        Level.UNIT,
        _("manage members of the workspace or application"),
        implied_by=(UNIT_ADMIN,),
    )
)
UNIT_EDIT = declare(
    Permission("unit:edit", Level.UNIT, _("edit the workspace or application"), implied_by=(UNIT_ADMIN,))
)
UNIT_VIEW = declare(
    Permission(
        "unit:view",
        Level.UNIT,
        _("view the workspace or application"),
        implied_by=(UNIT_ADMIN, UNIT_MANAGE_MEMBERS, MANAGE_MEMBERS),  # see LIST_PROJECTS
    )
)

# Permissions to work with units. All other permissions are administrative: they are for the organization and its
# members.
NON_ADMINISTRATIVE = frozenset({CREATE_PROJECTS, LIST_PROJECTS, UNIT_EDIT, UNIT_VIEW})

ALL_PERMISSIONS = frozenset(PERMISSIONS)
UNIT_PERMISSIONS = frozenset(name for name, permission in PERMISSIONS.items() if permission.level == Level.UNIT)
GRANTABLE_DIRECTLY = frozenset(name for name, permission in PERMISSIONS.items() if permission.granted_directly)


def implying(name: str) -> frozenset[str]:
    """Return the permissions that imply this one, directly or indirectly."""
    direct = PERMISSIONS[name].implied_by
    return frozenset(direct).union(*(implying(other) for other in direct))


IMPLIED = {
    permission: frozenset(other for other in PERMISSIONS if permission in implying(other)) for permission in PERMISSIONS
}

# Built-in roles: (id, name, level, permissions). The ids are the same in every installation.
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
    """Return the given permissions and all that they imply. Ignore permissions that no longer exist."""
    known = ALL_PERMISSIONS.intersection(permissions)
    return known.union(*(IMPLIED[permission] for permission in known))
