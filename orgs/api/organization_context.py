"""The organization context: which organization an operation is about, the one in its path or the current one."""

from functools import cached_property
from typing import cast

from accounts.principals import Principal
from core.api.parameters import UuidParameter
from core.api.viewsets import ApiViewSet
from orgs.locks import current_organization, find_organization
from orgs.models import Organization

HEADER = "X-Organization-Id"
HEADERS = {HEADER: UuidParameter(help_text="The organization to act in, instead of the active one.")}


class HouseViewSet(ApiViewSet):
    """Operations of the house API."""

    @property
    def caller(self) -> Principal:
        """Who asks; public operations must not ask for it."""
        return cast("Principal", self.request.auth)


class PathOrganizationContext(HouseViewSet):
    """Operations below ``/organizations/{organization_id}``."""

    @cached_property
    def organization(self) -> Organization:
        """The organization that the path names; raises OrganizationNotFound for an outsider."""
        return find_organization(self.caller, self.kwargs["organization_id"])


class CurrentOrganizationContext(HouseViewSet):
    """Operations on the organization that the header names, the credential is bound to, or the caller switched to.

    Each declares ``headers=HEADERS``.
    """

    @cached_property
    def organization(self) -> Organization:
        """The current organization; raises OrganizationNotFound and NoActiveOrganization."""
        return current_organization(self.caller, self.header[HEADER])

    def cursor_context(self) -> str:
        """No path names the organization, so cursors do."""
        return str(self.organization.pk)
