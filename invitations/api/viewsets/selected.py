"""Resend, cancel or extend many invitations of an organization at once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import IDEMPOTENCY_KEY, once
from core.api.operations import EXAMPLE_ID, operation
from invitations.actions.managing_many import extend_many, resend_many, withdraw_many
from invitations.api.selected_serializers import (
    ResendSelectionSerializer,
    SelectionResult,
    SelectionResultSerializer,
    SelectionSerializer,
    SelectionWithLifetimeSerializer,
)
from invitations.bulk.selection import MAX_RESENT, MAX_SELECTED, SelectedResult, matching_ids
from orgs.api.organization_context import PathOrganizationContext

RESPONSE: dict[str, Any] = {
    "response": SelectionResultSerializer,
    "headers": IDEMPOTENCY_KEY,
    "errors": (409, 422),
}


class SelectedInvitationsViewSet(PathOrganizationContext):
    """Selected invitations of an organization."""

    resource = "selected_invitations"
    tag = "organization_invitations"

    @operation(
        "Invitations processed successfully",
        body=ResendSelectionSerializer,
        example={"ids": [EXAMPLE_ID], "expiresInDays": 14},
        **RESPONSE,
    )
    @once
    def resend(self, request: Request, organization_id: UUID) -> Response:
        """Send up to 200 invitations again.

        Each invitation gets a verdict, and none fails because of another one. The rules are those of resending one.
        The verdict is `over_limit` if the recipient got too many emails within the hour. Emails over the daily sending
        limits are `scheduled`.
        """
        return self._done(resend_many, MAX_RESENT)

    @operation(
        "Invitations processed successfully",
        body=SelectionSerializer,
        example={"filter": {"state": "pending", "search": "example.com"}},
        **RESPONSE,
    )
    @once
    def cancel(self, request: Request, organization_id: UUID) -> Response:
        """Cancel up to 1,000 invitations.

        Each invitation gets a verdict, and none fails because of another one. The rules are those of cancelling one.
        """
        return self._done(withdraw_many)

    @operation(
        "Invitations processed successfully",
        body=SelectionWithLifetimeSerializer,
        example={"ids": [EXAMPLE_ID], "expiresInDays": 14},
        **RESPONSE,
    )
    @once
    def extend(self, request: Request, organization_id: UUID) -> Response:
        """Let up to 1,000 open invitations expire later.

        Each invitation gets a verdict, and none fails because of another one. `expiresInDays` counts from now. No
        email is sent, and the links do not change. An invitation that expires later than that is `refused`.
        """
        return self._done(extend_many)

    def _done(self, action: Callable[..., list[SelectedResult]], limit: int = MAX_SELECTED) -> Response:
        """Do the action on the invitations that the body selects, and return the results."""
        filterset = self.body.pop("filter", None)
        ids = self.body.pop("ids", None)
        if filterset is not None:
            ids = matching_ids(self.caller, self.organization, filterset, limit)
        results = action(
            by=self.caller, organization_id=self.kwargs["organization_id"], invitation_ids=ids, **self.body
        )
        return self.respond(SelectionResult(results))
