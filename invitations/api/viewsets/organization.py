"""The invitations of an organization, for people who manage its members or the members of a unit."""

from functools import partial
from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import IDEMPOTENCY_KEY, once
from core.api.entity_tags import IF_MATCH, IF_NONE_MATCH, if_unchanged
from core.api.lists import ListPagination
from core.api.operations import operation
from core.csv_export import csv_response
from invitations.actions import inviting
from invitations.actions.inviting_together import UnitOffer, invite_to_units
from invitations.actions.links import copy_link
from invitations.api.filters import SentInvitationFilter
from invitations.api.representations import represent_sent
from invitations.api.serializers import (
    CorrectionSerializer,
    CreatedInvitationSerializer,
    ExplanationSerializer,
    InvitationChangesSerializer,
    InvitationLinkSerializer,
    InvitationSerializer,
    InviteToOrganizationSerializer,
    ResendSerializer,
)
from invitations.compiled_lists import sent_invitations
from invitations.explaining import explain
from invitations.invitation_export import INVITATION_COLUMNS, exported_invitations
from invitations.lookups import find_managed
from orgs.api.organization_context import PathOrganizationContext

EXAMPLE = {
    "email": "newcomer@example.com",
    "name": "Robin Newcomer",
    "role": "editor",
    "message": "Welcome to the team!",
    "metadata": {"crmId": "4711"},
    "expiresInDays": 14,
}


class OrganizationInvitationViewSet(PathOrganizationContext):
    """Invitations that an organization has sent."""

    resource = "organization_invitations"

    @operation(
        "Invitations retrieved successfully",
        response=InvitationSerializer,
        filterset_class=SentInvitationFilter,
        pagination_class=ListPagination,
    )
    def list(self, request: Request, organization_id: UUID) -> Response:
        """List an organization's invitations.

        Lists the open invitations unless `state` or `delivery` is set. Overdue invitations have the state `expired`. A
        caller who manages only units sees only the invitations to these units.
        """
        rows = sent_invitations(self.caller, self.organization)
        return self.respond_with_page(rows, partial(represent_sent, self.organization))

    @operation("Invitations exported successfully", media_type="text/csv")
    def export(self, request: Request, organization_id: UUID) -> HttpResponseBase:
        """Export all invitations of an organization as a CSV file.

        Contains the invitations in every state that you may manage, without their links and metadata. The columns have
        the names of the fields of an invitation. A cell that a spreadsheet would run as a formula begins with an
        apostrophe.
        """
        rows = exported_invitations(self.caller, self.organization)
        return csv_response(f"{self.organization.slug}-invitations.csv", INVITATION_COLUMNS, rows)

    @operation(
        "Invitation sent successfully",
        body=InviteToOrganizationSerializer,
        example=EXAMPLE,
        response=CreatedInvitationSerializer,
        headers=IDEMPOTENCY_KEY,
        status=201,
        errors=(409, 422, 429),
    )
    @once
    def create(self, request: Request, organization_id: UUID) -> Response:
        """Invite somebody to an organization.

        The invitation cannot grant permissions that the caller does not have. With `units`, there is one invitation to
        each unit, and one email. The response is the first of them, with the `others`.
        """
        body = {**self.body, "organization_id": organization_id, "has_default_role": True}
        if "units" not in body:
            return self.respond(inviting.invite(by=self.caller, **body))
        units = [UnitOffer(**unit) for unit in body.pop("units")]
        first, *others = invite_to_units(by=self.caller, **body, units=units)
        first.others = others
        return self.respond(first)

    @operation("Invitation retrieved successfully", response=InvitationSerializer, headers=IF_NONE_MATCH)
    def retrieve(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Get an invitation of an organization."""
        return self.respond(find_managed(self.caller, self.organization, invitation_id))

    @operation("Invitation explained successfully", response=ExplanationSerializer)
    def explain(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Explain why this person has not joined.

        Returns the current reason and a timeline. They never reveal whether the invited address has an account.
        """
        return self.respond(explain(find_managed(self.caller, self.organization, invitation_id)))

    @operation(
        "Invitation updated successfully",
        body=InvitationChangesSerializer,
        example={"role": "viewer", "expiresInDays": 14},
        response=InvitationSerializer,
        errors=(409, 410, 422),
        headers=IF_MATCH,
    )
    @if_unchanged("retrieve")
    def partial_update(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Change what an open invitation grants or says, or when it expires.

        You need the administrative permissions that the invitation grants, and all permissions that a changed
        invitation grants. No email is sent, and the link does not change.
        """
        return self.respond(
            inviting.update_invitation(
                by=self.caller, organization_id=organization_id, invitation_id=invitation_id, **self.body
            )
        )

    @operation("Invitation cancelled successfully", status=204, errors=(410,), headers=IF_MATCH)
    @if_unchanged("retrieve")
    def destroy(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Cancel an invitation, without a response body.

        The invitation can still be read. The page of its link says that the invitation was withdrawn.
        """
        inviting.cancel(by=self.caller, organization_id=organization_id, invitation_id=invitation_id)
        return self.respond()

    @operation("Invitation cancelled successfully", response=InvitationSerializer, errors=(410,), headers=IF_MATCH)
    @if_unchanged("retrieve")
    def cancel(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Cancel an invitation that is open or waits for a seat."""
        return self.respond(
            inviting.cancel(by=self.caller, organization_id=organization_id, invitation_id=invitation_id)
        )

    @operation("Link copied successfully", response=InvitationLinkSerializer, errors=(409, 410), headers=IF_MATCH)
    @if_unchanged("retrieve")
    def link(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Get the link of an open invitation, to pass it on without an email.

        The link opens the page of the invitation. It does not prove that somebody has the mailbox, so the person must
        sign in with a verified address. The event `invitation.link_copied` says who got it. You need the permissions
        to send the invitation again. If the inviter has left, nobody could accept it, so there is no link until you
        send it again.
        """
        link = copy_link(by=self.caller, organization_id=organization_id, invitation_id=invitation_id)
        return self.respond({"link": link})

    @operation(
        "Invitation resent successfully",
        body=ResendSerializer,
        example={"expiresInDays": 14},
        response=InvitationSerializer,
        headers={**IDEMPOTENCY_KEY, **IF_MATCH},
        errors=(409, 410, 422, 429),
    )
    @once
    @if_unchanged("retrieve")
    def resend(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Send an invitation again, with a new link and a new expiry date.

        For an expired or undeliverable invitation, this creates and returns a new invitation with the same grant.
        """
        return self.respond(
            inviting.resend(by=self.caller, organization_id=organization_id, invitation_id=invitation_id, **self.body)
        )

    @operation(
        "Address corrected successfully",
        body=CorrectionSerializer,
        example={"email": "newcomer@example.com"},
        response=InvitationSerializer,
        headers={**IDEMPOTENCY_KEY, **IF_MATCH},
        status=201,
        errors=(409, 410, 422, 429),
    )
    @once
    @if_unchanged("retrieve")
    def correct_address(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Send an invitation to another address.

        Replaces an open or undeliverable invitation. Creates and returns a new invitation with the same grant.
        """
        return self.respond(
            inviting.correct_address(
                by=self.caller, organization_id=organization_id, invitation_id=invitation_id, **self.body
            )
        )
