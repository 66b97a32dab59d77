"""Four more services speak here, each in one file: its errors, spelling, parameters, schema, views and paths.

A dialect is REST framework viewsets over the same querysets and actions as the house API. It decides nothing:
no rule, no permission check and no write of its own.
"""

from typing import cast

from drf_spectacular.utils import extend_schema_field
from rest_framework.response import Response

from accounts.principals import Principal
from core.api.schema import OperationSchema
from core.api.serializers import AddressSerializerField
from core.api.viewsets import ApiViewSet
from orgs.locks import OrganizationNotFound
from orgs.policies import PermissionMissing


class DialectViewSet(ApiViewSet):
    """An ``ApiViewSet`` that has no public operations, so that there is always a caller."""

    @property
    def caller(self) -> Principal:
        """Who asks."""
        return cast("Principal", self.request.auth)


class ForbiddingViewSet(DialectViewSet):
    """For vendors who answer 403, as to a member without the right, where the house knows no such organization."""

    def handle_exception(self, exc: Exception) -> Response:
        """Tell both in the same words."""
        return super().handle_exception(PermissionMissing() if isinstance(exc, OrganizationNotFound) else exc)


class ForbiddingSchema(OperationSchema):
    """Describes those: only an invitation can be missing."""

    def failures(self) -> set[int]:
        """No 404 for an organization."""
        found = super().failures()
        return found if "{invitation_id}" in self.path else found - ({404} - {*self.operation.errors})


@extend_schema_field({"type": "string", "maxLength": 256})
class DialectAddressField(AddressSerializerField):
    """An address, described as the vendors describe it."""
