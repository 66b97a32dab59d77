"""Base viewsets that find the organization of a request: from the path, or the current organization."""

from functools import cached_property
from typing import cast

from accounts.principals import Principal
from core.api.parameters import UuidParameter
from core.api.viewsets import ApiViewSet
from orgs.access import current_organization, find_organization
from orgs.locks import lock_organization
from orgs.models import Organization

HEADER = "X-Organization-Id"
HEADERS = {HEADER: UuidParameter(help_text="The organization to use instead of the active one.")}


class HouseViewSet(ApiViewSet):
    """Base of the house API's viewsets."""

    @property
    def caller(self) -> Principal:
        """The caller. Public operations must not use this, because their request may be anonymous."""
        return cast("Principal", self.request.auth)


class PathOrganizationContext(HouseViewSet):
    """Operations below ``/organizations/{organization_id}``."""

    @cached_property
    def organization(self) -> Organization:
        """The organization in the path. Raises OrganizationNotFound if the caller is not a member."""
        return find_organization(self.caller, self.kwargs["organization_id"])

    def lock_resource(self) -> None:
        """Lock the organization, and read it again."""
        lock_organization(self.kwargs["organization_id"], by=self.caller)
        self.__dict__.pop("organization", None)


class CurrentOrganizationContext(HouseViewSet):
    """Operations on the current organization.

    The current organization is the one in the header, else the organization of the credential, else the active
    organization. Each operation must declare ``headers=HEADERS``.
    """

    @cached_property
    def organization(self) -> Organization:
        """The current organization. Raises OrganizationNotFound and NoActiveOrganization."""
        return current_organization(self.caller, self.header[HEADER])

    def lock_resource(self) -> None:
        """Lock the organization, and read it again."""
        organization = lock_organization(self.organization.pk, by=self.caller)
        self.organization = find_organization(self.caller, organization.pk)

    def cursor_context(self) -> str:
        """Return the organization's id, so that a cursor is valid for one organization only.

        An operation without the header does not depend on the current organization.
        """
        return str(self.organization.pk) if HEADER in self.header else ""
