"""Viewset bases that find the organization of a request: the one in the path, or the current one."""

from functools import cached_property
from typing import cast

from accounts.principals import Principal
from core.api.parameters import UuidParameter
from core.api.viewsets import ApiViewSet
from orgs.locks import current_organization, find_organization
from orgs.models import Organization

HEADER = "X-Organization-Id"
HEADERS = {HEADER: UuidParameter(help_text="The organization to use instead of the active one.")}


class HouseViewSet(ApiViewSet):
    """Base of the house API's viewsets."""

    @property
    def caller(self) -> Principal:
        """The caller. Not for public operations, which may have none."""
        return cast("Principal", self.request.auth)


class PathOrganizationContext(HouseViewSet):
    """Operations below ``/organizations/{organization_id}``."""

    @cached_property
    def organization(self) -> Organization:
        """The organization in the path; raises OrganizationNotFound for a non-member."""
        return find_organization(self.caller, self.kwargs["organization_id"])


class CurrentOrganizationContext(HouseViewSet):
    """Operations on the current organization: the one in the header, the credential's own, or the active one.

    Each operation declares ``headers=HEADERS``.
    """

    @cached_property
    def organization(self) -> Organization:
        """The current organization; raises OrganizationNotFound and NoActiveOrganization."""
        return current_organization(self.caller, self.header[HEADER])

    def cursor_context(self) -> str:
        """Return the organization's id, so that a cursor is only valid for the organization it was issued for."""
        return str(self.organization.pk)
