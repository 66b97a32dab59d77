"""The invitations of an organization: what whoever manages its members, or those of a unit, can do with them."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import IDEMPOTENCY_KEY, once
from core.api.operations import operation
from core.api.pagination import PagePagination
from invitations.actions import inviting
from invitations.api.filters import SentInvitationFilter
from invitations.api.serializers import (
    CorrectionSerializer,
    ExplanationSerializer,
    InvitationChangesSerializer,
    InvitationSerializer,
    InviteSerializer,
    ResendSerializer,
)
from invitations.email.queue import with_delivery
from invitations.explaining import explain
from invitations.lookups import find_managed
from invitations.models import Invitation
from orgs.api.organization_context import PathOrganizationContext


class OrganizationInvitationViewSet(PathOrganizationContext):
    """``/organizations/{organization_id}/invitations``."""

    resource = "organization_invitations"

    @operation(
        "Invitations retrieved successfully",
        response=InvitationSerializer,
        filterset_class=SentInvitationFilter,
        pagination_class=PagePagination,
    )
    def list(self, request: Request, organization_id: UUID) -> Response:
        """List an organization's invitations.

        The open ones, unless other states or a state of delivery are asked for; what is past its date is `expired`.
        Who manages the members of single units only sees the invitations into those.
        """
        rows = Invitation.objects.manageable_in(self.organization, self.caller)
        return self.respond_with_page(with_delivery(rows.with_details()))

    @operation(
        "Invitation sent successfully",
        body=InviteSerializer,
        response=InvitationSerializer,
        headers=IDEMPOTENCY_KEY,
        status=201,
        errors=(409, 422, 429),
    )
    @once
    def create(self, request: Request, organization_id: UUID) -> Response:
        """Invite somebody to an organization.

        The invitation grants at most what the caller holds.
        """
        return self.respond(inviting.invite(by=self.caller, organization_id=organization_id, **self.body))

    @operation("Invitation retrieved successfully", response=InvitationSerializer)
    def retrieve(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Get an invitation of an organization."""
        return self.respond(find_managed(self.caller, self.organization, invitation_id))

    @operation("Invitation explained successfully", response=ExplanationSerializer)
    def explain(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Tell why this person has not joined: the one reason that holds now, and what happened so far.

        Whether the invited address has an account is told to nobody.
        """
        return self.respond(explain(find_managed(self.caller, self.organization, invitation_id)))

    @operation(
        "Invitation updated successfully",
        body=InvitationChangesSerializer,
        response=InvitationSerializer,
        errors=(409, 410, 422),
    )
    def partial_update(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Change what an open invitation grants, or how long it lives.

        The caller must hold what it grants before and after. Nothing is mailed: the link stays the same.
        """
        return self.respond(
            inviting.update_invitation(
                by=self.caller, organization_id=organization_id, invitation_id=invitation_id, **self.body
            )
        )

    @operation("Invitation cancelled successfully", status=204, errors=(410,))
    def destroy(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Withdraw an invitation.

        The same as cancelling it; it stays readable, and its link says what happened.
        """
        inviting.cancel(by=self.caller, organization_id=organization_id, invitation_id=invitation_id)
        return self.respond()

    @operation("Invitation cancelled successfully", response=InvitationSerializer, errors=(410,))
    def cancel(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Cancel an invitation that is open, or whose acceptance waits for a seat."""
        return self.respond(
            inviting.cancel(by=self.caller, organization_id=organization_id, invitation_id=invitation_id)
        )

    @operation(
        "Invitation resent successfully",
        body=ResendSerializer,
        response=InvitationSerializer,
        headers=IDEMPOTENCY_KEY,
        errors=(409, 410, 422, 429),
    )
    @once
    def resend(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Mail an invitation again, with a new link and its time started anew.

        An expired or undeliverable one is followed by a new invitation with the same grant, which is the answer.
        """
        return self.respond(
            inviting.resend(by=self.caller, organization_id=organization_id, invitation_id=invitation_id, **self.body)
        )

    @operation(
        "Address corrected successfully",
        body=CorrectionSerializer,
        response=InvitationSerializer,
        headers=IDEMPOTENCY_KEY,
        status=201,
        errors=(409, 410, 422, 429),
    )
    @once
    def correct_address(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Send an invitation to the right address.

        A new invitation with the same grant, which is the answer, takes the place of one that is open or could not
        be delivered.
        """
        return self.respond(
            inviting.correct_address(
                by=self.caller, organization_id=organization_id, invitation_id=invitation_id, **self.body
            )
        )
