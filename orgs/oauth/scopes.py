"""Every OAuth scope with its consent text, and which scopes admit to an operation.

Each permission that can be granted directly is a scope of the same name and admits to what that permission is for: a
token for billing reads no list of members, although each member may. All of it follows from ``orgs.permissions``.
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
    """Return the scopes that admit to what the permission is for: its own and each wider one."""
    return frozenset({ORGANIZATIONS, permission} | (implying(permission) & GRANTABLE_DIRECTLY))


# What an operation may be about, and the scopes of which a token needs one.
ADMINISTRATION = scopes_for(ADMIN)
MEMBERS = scopes_for(MANAGE_MEMBERS)
NEW_PROJECTS = scopes_for(CREATE_PROJECTS)
PROJECTS = NEW_PROJECTS | scopes_for(LIST_PROJECTS)
ANY_ORGANIZATION = GRANTABLE_DIRECTLY | {ORGANIZATIONS}


def known_scopes(chosen: Iterable[str]) -> list[str]:
    """Return the scopes in order, each once; raise Invalid where one is unknown."""
    scopes = set(chosen)
    if scopes - SCOPES.keys():
        raise Invalid(fields={"scopes": ["Unknown scope."]})
    return sorted(scopes)
