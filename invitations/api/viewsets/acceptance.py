"""Saying yes, which two paths of the house API can do."""

from uuid import UUID

from rest_framework.response import Response

from accounts.sessions import elevates_privileges
from invitations.actions import answering
from invitations.tokens import Proof
from orgs.api.organization_context import HouseViewSet

WAITING = "Waiting for a free seat"


class AcceptsInvitations(HouseViewSet):
    """Operations that end in an acceptance."""

    @elevates_privileges
    def accepted(self, invitation_id: UUID, proof: Proof | None = None) -> Response:
        """Accept in the caller's name, and say so when the membership has to wait for a seat."""
        answer = answering.accept(by=self.caller, invitation_id=invitation_id, proof=proof)
        if answer.membership is None:
            self.message = WAITING
        return self.respond(answer)
