"""The permissions of each role, as plain data. This module does not import the code under test."""

from dataclasses import dataclass

EVERYDAY = {"organization:create_projects", "organization:list_projects", "unit:edit", "unit:view"}
IN_UNIT = {"unit:admin", "unit:manage_members", "unit:edit", "unit:view"}
MANAGE = "organization:manage_members"
MANAGER = {MANAGE, "organization:list_projects", "unit:view"}  # who manages members may view
ADMIN = IN_UNIT | {
    *("organization:admin", "organization:manage_billing", "organization:manage_plans"),
    *(MANAGE, "organization:create_projects", "organization:list_projects"),
}
ROLES: dict[str, set[str]] = {
    "owner": ADMIN | {"organization:own"},
    "admin": ADMIN,
    "manager": MANAGER,
    "editor": {"organization:create_projects", "organization:list_projects"},
    "viewer": {"organization:list_projects"},
    "unassigned": set(),
}
UNIT_ROLES: dict[str, set[str]] = {"admin": IN_UNIT, "editor": {"unit:edit", "unit:view"}, "viewer": {"unit:view"}}


@dataclass(frozen=True)
class ModelGrant:
    """A role, direct permissions, and optionally a role in the unit."""

    role: str = "unassigned"
    permissions: frozenset[str] = frozenset()
    unit_role: str = ""

    @property
    def rights(self) -> set[str]:
        """Return the permissions in the organization."""
        direct = ADMIN if "organization:admin" in self.permissions else MANAGER if MANAGE in self.permissions else set()
        return ROLES[self.role] | self.permissions | direct

    @property
    def unit_rights(self) -> set[str]:
        """Return the additional permissions that the unit role gives in the unit."""
        return UNIT_ROLES[self.unit_role] if self.unit_role else set()
