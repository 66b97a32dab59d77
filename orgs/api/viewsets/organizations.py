"""``/organizations``: register, read, update, archive and purge organizations."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import IDEMPOTENCY_KEY, once
from accounts.sessions import elevates_privileges
from core.api.entity_tags import IF_MATCH, IF_NONE_MATCH, if_unchanged
from core.api.lists import ListPagination
from core.api.operations import EXAMPLE_ID, operation
from core.api.viewsets import ApiViewSet
from orgs import querysets
from orgs.actions import members, organizations
from orgs.api.filters import OrganizationFilter
from orgs.api.organization_context import HEADERS, CurrentOrganizationContext, PathOrganizationContext
from orgs.api.serializers import (
    MemberSerializer,
    OrganizationProfileSerializer,
    OrganizationSerializer,
    PublicOrganizationSerializer,
    StatisticsSerializer,
    TransferSerializer,
)
from orgs.models import Organization
from orgs.statistics import statistics_of

EXAMPLE = {
    "name": "Riverside Boats",
    "description": "We build small boats.",
    "website": "https://riverside.example.com",
    "language": "en",
}


class OrganizationViewSet(PathOrganizationContext):
    """The caller's organizations."""

    resource = "organizations"

    @operation(
        "Organizations retrieved successfully",
        response=OrganizationSerializer,
        filterset_class=OrganizationFilter,
        pagination_class=ListPagination,
    )
    def list(self, request: Request) -> Response:
        """List your organizations."""
        return self.respond_with_page(querysets.live_organizations_of(self.caller))

    @operation(
        "Organization registered successfully",
        body=OrganizationProfileSerializer,
        example=EXAMPLE,
        response=OrganizationSerializer,
        headers=IDEMPOTENCY_KEY,
        status=201,
        errors=(409, 422, 429),
    )
    @once
    @elevates_privileges
    def create(self, request: Request) -> Response:
        """Register a new organization.

        You become its owner. Without a slug, the organization gets a slug made from its name.
        """
        return self.shown(organizations.create_organization(by=self.caller, **self.body))

    @operation("Organization retrieved successfully", response=OrganizationSerializer, headers=IF_NONE_MATCH)
    def retrieve(self, request: Request, organization_id: UUID) -> Response:
        """Get an organization."""
        return self.respond(querysets.organization_of(self.caller, organization_id))

    @operation(
        "Organization updated successfully",
        body=OrganizationProfileSerializer,
        example=EXAMPLE,
        response=OrganizationSerializer,
        errors=(409, 422),
        headers=IF_MATCH,
    )
    @if_unchanged("retrieve")
    def update(self, request: Request, organization_id: UUID) -> Response:
        """Replace an organization's profile.

        Fields that you leave out are cleared, except the slug, `secondFactorRequired` and the default role.
        """
        return self.changed(organization_id)

    @operation(
        "Organization updated successfully",
        body=OrganizationProfileSerializer,
        example=EXAMPLE,
        response=OrganizationSerializer,
        errors=(409, 422),
        headers=IF_MATCH,
    )
    @if_unchanged("retrieve")
    def partial_update(self, request: Request, organization_id: UUID) -> Response:
        """Change parts of an organization's profile."""
        return self.changed(organization_id)

    def changed(self, organization_id: UUID) -> Response:
        """Update the organization with the body and return it."""
        return self.shown(
            organizations.update_organization(by=self.caller, organization_id=organization_id, **self.body)
        )

    @operation("Organization archived successfully", response=OrganizationSerializer, headers=IF_MATCH)
    @if_unchanged("retrieve")
    def destroy(self, request: Request, organization_id: UUID) -> Response:
        """Archive an organization.

        Nobody can see or use it until an owner restores it.
        """
        return self.shown(organizations.archive_organization(by=self.caller, organization_id=organization_id))

    @operation("Organization restored successfully", response=OrganizationSerializer)
    def restore(self, request: Request, organization_id: UUID) -> Response:
        """Restore an archived organization."""
        return self.shown(organizations.restore_organization(by=self.caller, organization_id=organization_id))

    @operation("Organization deleted permanently", status=204)
    def purge(self, request: Request, organization_id: UUID) -> Response:
        """Delete an organization permanently.

        Everything that belongs to it is deleted, except its events.
        """
        organizations.purge_organization(by=self.caller, organization_id=organization_id)
        return self.respond()

    @operation("Statistics retrieved successfully", response=StatisticsSerializer)
    def statistics(self, request: Request, organization_id: UUID) -> Response:
        """Get an organization's statistics.

        You need the permission to manage members.
        """
        return self.respond(statistics_of(self.caller, self.organization))

    @operation("Organization left successfully", status=204, errors=(409,), headers=IF_MATCH)
    @if_unchanged("retrieve")
    def leave(self, request: Request, organization_id: UUID) -> Response:
        """Leave an organization.

        The last owner cannot leave.
        """
        members.leave_organization(by=self.caller, organization_id=organization_id)
        return self.respond()

    @operation(
        "Ownership transferred successfully",
        body=TransferSerializer,
        example={"memberId": EXAMPLE_ID},
        response=MemberSerializer,
        errors=(422,),
        headers=IF_MATCH,
    )
    @if_unchanged("retrieve")
    def transfer_ownership(self, request: Request, organization_id: UUID) -> Response:
        """Make another member the owner instead of you.

        You become an admin. The response contains the new owner.
        """
        new_owner = members.transfer_ownership(
            by=self.caller, organization_id=organization_id, membership_id=self.body["member_id"]
        )
        return self.respond(new_owner)

    def shown(self, organization: Organization) -> Response:
        """Return the organization with the fields that members see."""
        return self.respond(querysets.organizations_of(self.caller).get(pk=organization.pk))


class CurrentOrganizationViewSet(CurrentOrganizationContext):
    """The current organization."""

    resource = "organizations"

    @operation(
        "Organization retrieved successfully",
        response=OrganizationSerializer,
        headers={**HEADERS, **IF_NONE_MATCH},
        errors=(404, 409),
    )
    def current(self, request: Request) -> Response:
        """Get the current organization."""
        return self.respond(querysets.organizations_of(self.caller).get(pk=self.organization.pk))


class PublicOrganizationViewSet(ApiViewSet):
    """Public profiles of organizations."""

    resource = "organizations"

    @operation("Organization retrieved successfully", response=PublicOrganizationSerializer, headers=IF_NONE_MATCH)
    def by_slug(self, request: Request, slug: str) -> Response:
        """Get an organization's public profile by its slug."""
        return self.respond(querysets.public_organization(slug))
