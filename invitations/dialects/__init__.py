"""The dialects: four additional APIs. Each is compatible with a different vendor's API.

Each dialect is one file with the errors, serializers, parameters, schema, views and paths of the API. The viewsets use
the same querysets and actions as the house API. A dialect has no rules, permission checks or writes of its own.
"""

from typing import cast

from rest_framework.response import Response

from accounts.principals import Principal
from core.api.schema import OperationSchema
from core.api.viewsets import ApiViewSet
from orgs.locks import OrganizationNotFound
from orgs.policies import PermissionMissing


class DialectViewSet(ApiViewSet):
    """Base viewset of the dialects. All operations need authentication, so every request has a caller."""

    tag = "Invitations"

    @property
    def caller(self) -> Principal:
        """Return the principal of the request."""
        return cast("Principal", self.request.auth)


class ForbiddingViewSet(DialectViewSet):
    """Base viewset for vendors that respond with 403 for an unknown organization. The house API responds with 404."""

    def handle_exception(self, exc: Exception) -> Response:
        """Respond to an unknown organization as to a missing permission."""
        return super().handle_exception(PermissionMissing() if isinstance(exc, OrganizationNotFound) else exc)


class ForbiddingSchema(OperationSchema):
    """Schema of `ForbiddingViewSet`. Only an unknown invitation returns 404."""

    def failures(self) -> set[int]:
        """Remove 404 from paths without an invitation ID, unless the operation declares it."""
        found = super().failures()
        return found if "{invitation_id}" in self.path else found - ({404} - {*self.operation.errors})
