"""Shared code of the two endpoints that accept an invitation."""

from uuid import UUID

from rest_framework.response import Response

from accounts.sessions import elevates_privileges
from invitations.actions import answering
from invitations.actions.answering_together import accept_all
from invitations.tokens import Proof
from orgs.api.organization_context import HouseViewSet

WAITING_MESSAGE = "Waiting for a free seat"


class AcceptsInvitations(HouseViewSet):
    """Base of the viewsets that accept invitations."""

    @elevates_privileges
    def accepted(self, invitation_id: UUID, proof: Proof | None = None) -> Response:
        """Accept the invitation for the caller. With the link of an email, accept all that share it.

        If no seat is free, the response message says that the caller waits.
        """
        if proof is None:
            answer = answering.accept(by=self.caller, invitation_id=invitation_id)
        else:
            answer = accept_all(by=self.caller, invitation_id=invitation_id, proof=proof)[0]
        if answer.membership is None:
            self.message = WAITING_MESSAGE
        return self.respond(answer)
