"""`/invitations`: the invitations to the caller's verified addresses."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.entity_tags import IF_MATCH, IF_NONE_MATCH, if_unchanged
from core.api.lists import ListPagination
from core.api.operations import operation
from invitations.actions import answering
from invitations.api.filters import ReceivedInvitationFilter
from invitations.api.representations import represent_received
from invitations.api.serializers import (
    AcceptanceSerializer,
    DeclineSerializer,
    LinkedInvitationSerializer,
    LookupSerializer,
    ReceivedInvitationSerializer,
)
from invitations.api.viewsets.acceptance import AcceptsInvitations
from invitations.compiled_lists import received_invitations
from invitations.lookups import find_addressed, find_by_token, lock_invitation
from invitations.models import Invitation


class MyInvitationViewSet(AcceptsInvitations):
    """List, accept and decline the caller's invitations. Invitations to other addresses return 404."""

    resource = "my_invitations"

    def lock_resource(self) -> None:
        """Lock the organization of the invitation. Raises InvitationNotFound."""
        lock_invitation(self.kwargs["invitation_id"], among=Invitation.objects.addressed_to(self.caller.user))

    @operation(
        "Invitations retrieved successfully",
        response=ReceivedInvitationSerializer,
        filterset_class=ReceivedInvitationFilter,
        pagination_class=ListPagination,
    )
    def list(self, request: Request) -> Response:
        """List my open invitations."""
        return self.respond_with_page(received_invitations(self.caller), represent_received)

    @operation("Invitation retrieved successfully", response=ReceivedInvitationSerializer, headers=IF_NONE_MATCH)
    def retrieve(self, request: Request, invitation_id: UUID) -> Response:
        """Get one of my invitations, in any state."""
        return self.respond(find_addressed(self.caller, invitation_id))

    @operation("Invitation accepted successfully", response=AcceptanceSerializer, errors=(409, 410), headers=IF_MATCH)
    @if_unchanged("retrieve")
    def accept(self, request: Request, invitation_id: UUID) -> Response:
        """Accept one of my invitations.

        If no seat is free, the status is `processing`, and the caller becomes a member later.
        """
        return self.accepted(invitation_id)

    @operation(
        "Invitation declined successfully",
        body=DeclineSerializer,
        example={"reason": "I joined with another account."},
        response=ReceivedInvitationSerializer,
        errors=(409, 410),
        headers=IF_MATCH,
    )
    @if_unchanged("retrieve")
    def decline(self, request: Request, invitation_id: UUID) -> Response:
        """Decline one of my invitations.

        This cannot be undone. The inviter is notified.
        """
        answering.decline(by=self.caller, invitation_id=invitation_id, **self.body)
        return self.respond(find_addressed(self.caller, invitation_id))

    @operation(
        "Invitation retrieved successfully",
        body=LookupSerializer,
        example={"token": "01a1fc4d64d977288…"},
        response=LinkedInvitationSerializer,
        errors=(404, 410),
    )
    def lookup(self, request: Request) -> Response:
        """Look up the invitation of a link.

        Returns what the invitation page shows. No credential is needed. The response is 410 if a newer email was sent.
        """
        return self.respond(find_by_token(self.body["token"]))
