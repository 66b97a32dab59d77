"""The OAuth scopes with their consent texts, and the scopes that each group of operations needs.

Each permission that can be granted directly is also a scope of the same name. A scope only allows what its permission
allows: a token for billing cannot list members, although every member can. The scopes are derived from
``orgs.permissions``.
"""

from collections.abc import Iterable

from accounts.oauth.scopes import ORGANIZATIONS, PERSONAL_SCOPES
from core.errors import Invalid
from orgs.permissions import (
    ADMIN,
    CREATE_PROJECTS,
    GRANTABLE_DIRECTLY,
    LIST_PROJECTS,
    MANAGE_MEMBERS,
    PERMISSIONS,
    implying,
)

SCOPES = PERSONAL_SCOPES | {
    name: permission.consent for name, permission in PERMISSIONS.items() if permission.consent is not None
}


def scopes_for(permission: str) -> frozenset[str]:
    """Return the scopes that include the permission.

    These are the scope ``organizations``, the permission's own scope, and the scopes of permissions that imply it.
    """
    return frozenset({ORGANIZATIONS, permission} | (implying(permission) & GRANTABLE_DIRECTLY))


# The scopes for each group of operations. A token needs one of the scopes of the group.
ADMINISTRATION = scopes_for(ADMIN)
MEMBERS = scopes_for(MANAGE_MEMBERS)
NEW_PROJECTS = scopes_for(CREATE_PROJECTS)
PROJECTS = NEW_PROJECTS | scopes_for(LIST_PROJECTS)
ANY_ORGANIZATION = GRANTABLE_DIRECTLY | {ORGANIZATIONS}


def known_scopes(chosen: Iterable[str]) -> list[str]:
    """Return the scopes sorted and without duplicates. Raises Invalid for an unknown scope."""
    scopes = set(chosen)
    if scopes - SCOPES.keys():
        raise Invalid(fields={"scopes": ["Unknown scope."]})
    return sorted(scopes)
