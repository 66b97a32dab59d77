"""The documented menu's three operations on invitations: invite a member, see who invited me, join."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import IDEMPOTENCY_KEY, once
from core.api.operations import operation
from core.api.pagination import PagePagination
from invitations.actions import inviting
from invitations.api.filters import InvitingOrganizationFilter
from invitations.api.serializers import (
    AcceptanceSerializer,
    InvitationSerializer,
    InviteSerializer,
    InvitingOrganizationSerializer,
    JoinSerializer,
)
from invitations.api.viewsets.acceptance import AcceptsInvitations
from invitations.lookups import find_offer
from invitations.models import Invitation
from orgs.api.organization_context import HEADERS, CurrentOrganizationContext


class MemberInvitationViewSet(CurrentOrganizationContext, AcceptsInvitations):
    """``/organization-members``: how members come to be."""

    resource = "member_invitations"

    @operation(
        "Invitation sent successfully",
        body=InviteSerializer,
        response=InvitationSerializer,
        headers={**HEADERS, **IDEMPOTENCY_KEY},
        status=201,
        errors=(404, 409, 422, 429),
    )
    @once
    def invite(self, request: Request) -> Response:
        """Invite new member to organization.

        The invitation grants at most what the caller holds.
        """
        return self.respond(inviting.invite(by=self.caller, organization_id=self.organization.pk, **self.body))

    @operation(
        "Invitations retrieved successfully",
        response=InvitingOrganizationSerializer,
        filterset_class=InvitingOrganizationFilter,
        pagination_class=PagePagination,
    )
    def invites(self, request: Request) -> Response:
        """Get user's pending organization invitations.

        All organizations that have invited the user and that the user has not joined yet, each with its newest open
        invitation. Only the JWT of an identity provider reaches this; the user's verified addresses count.
        """
        rows = Invitation.objects.open().addressed_to(self.caller.user).newest_of_each_organization()
        rows = rows.not_joined_by(self.caller.user).with_details().with_member_count()
        return self.respond_with_page(rows)

    @operation("Joined the organization", body=JoinSerializer, response=AcceptanceSerializer, errors=(404, 409, 410))
    def join(self, request: Request) -> Response:
        """Join organization with pending invitation.

        By the organization's newest invitation to the caller, by an invitation's id, or by the token of its link.
        Without a free seat the acceptance waits (`processing`), and the membership follows.
        """
        return self.accepted(*find_offer(self.caller, **self.body))
