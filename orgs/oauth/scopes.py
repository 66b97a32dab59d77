"""Every scope of our authorization server for the consent page. What each allows: ``accounts.oauth.scopes``."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from accounts.oauth.scopes import INVITATIONS, ORGANIZATIONS, PROFILE
from core.errors import Invalid
from orgs.permissions import (
    ADMIN,
    CREATE_PROJECTS,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    MANAGE_PLANS,
)

SCOPES = {
    PROFILE: _("See your name, address and picture, and change your name and picture"),
    INVITATIONS: _("See the invitations sent to you, and accept or decline them"),
    ORGANIZATIONS: _("Do in your organizations whatever you may do there yourself"),
    ADMIN: _("Administer the organizations that you administer"),
    MANAGE_MEMBERS: _("Manage members and invitations where you may do so"),
    MANAGE_BILLING: _("Manage billing where you may do so"),
    MANAGE_PLANS: _("Manage plans where you may do so"),
    CREATE_PROJECTS: _("Create workspaces and applications where you may do so"),
    LIST_PROJECTS: _("See workspaces and applications where you may do so"),
}


def known_scopes(chosen: Iterable[str]) -> list[str]:
    """Each once and in order; raises Invalid where one is no scope."""
    scopes = set(chosen)
    if scopes - SCOPES.keys():
        raise Invalid(fields={"scopes": ["Unknown scope."]})
    return sorted(scopes)
