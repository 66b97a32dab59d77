"""``/api-keys``: credentials for programs, in the current organization."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.operations import operation
from core.api.pagination import PagePagination
from orgs.actions import api_keys
from orgs.api.account_serializers import (
    ApiKeyDescriptionSerializer,
    ApiKeySerializer,
    CreatedApiKeySerializer,
    NewApiKeySerializer,
)
from orgs.api.organization_context import HEADERS, CurrentOrganizationContext


class ApiKeyViewSet(CurrentOrganizationContext):
    """The caller's keys and, for whoever manages members, those of system users."""

    resource = "api_keys"

    @operation(
        "API keys retrieved successfully",
        response=ApiKeySerializer,
        pagination_class=PagePagination,
        headers=HEADERS,
        errors=(404, 409),
    )
    def list(self, request: Request) -> Response:
        """List API keys, newest first."""
        return self.respond_with_page(api_keys.visible_keys(self.caller, self.organization))

    @operation(
        "API key created successfully",
        body=NewApiKeySerializer,
        response=CreatedApiKeySerializer,
        headers=HEADERS,
        status=201,
        errors=(404, 409, 422),
    )
    def create(self, request: Request) -> Response:
        """Create API key.

        For yourself, or for the system user that `memberId` names. `permissions` narrows it to some of yours. The
        answer alone shows the `secret`. You need to have signed in a short while ago.
        """
        key, secret = api_keys.create_api_key(by=self.caller, organization_id=self.organization.pk, **self.body)
        key.secret = secret
        return self.respond(key)

    @operation("API key retrieved successfully", response=ApiKeySerializer, headers=HEADERS, errors=(409,))
    def retrieve(self, request: Request, key_id: UUID) -> Response:
        """Get API key details."""
        return self.respond(api_keys.find_key(self.caller, self.organization, key_id))

    @operation(
        "API key updated successfully",
        body=ApiKeyDescriptionSerializer,
        response=ApiKeySerializer,
        headers=HEADERS,
        errors=(409,),
    )
    def update(self, request: Request, key_id: UUID) -> Response:
        """Update API key description.

        Its name and description; without a description it has none.
        """
        return self.described(key_id)

    @operation(
        "API key updated successfully",
        body=ApiKeyDescriptionSerializer,
        response=ApiKeySerializer,
        headers=HEADERS,
        errors=(409,),
    )
    def partial_update(self, request: Request, key_id: UUID) -> Response:
        """Change an API key's name or description."""
        return self.described(key_id)

    def described(self, key_id: UUID) -> Response:
        """Describe with what the body holds."""
        key = api_keys.describe_api_key(
            by=self.caller, organization_id=self.organization.pk, key_id=key_id, **self.body
        )
        return self.respond(key)

    @operation("API key deleted successfully", status=204, headers=HEADERS, errors=(409,))
    def destroy(self, request: Request, key_id: UUID) -> Response:
        """Delete API key.

        The next request with it is refused.
        """
        api_keys.delete_api_key(by=self.caller, organization_id=self.organization.pk, key_id=key_id)
        return self.respond()
