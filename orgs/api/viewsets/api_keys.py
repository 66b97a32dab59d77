"""``/api-keys``: API keys of the current organization."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.entity_tags import IF_MATCH, IF_NONE_MATCH, if_unchanged
from core.api.lists import NewestFirstPagination
from core.api.operations import operation
from orgs.actions import api_keys
from orgs.api.account_serializers import (
    ApiKeyDescriptionSerializer,
    ApiKeySerializer,
    CreatedApiKeySerializer,
    NewApiKeySerializer,
)
from orgs.api.organization_context import HEADERS, CurrentOrganizationContext
from orgs.permissions import LIST_PROJECTS


class ApiKeyViewSet(CurrentOrganizationContext):
    """The caller's API keys. If the caller manages members, also the API keys of system users."""

    resource = "api_keys"
    tag = "API keys"

    @operation(
        "API keys retrieved successfully",
        response=ApiKeySerializer,
        pagination_class=NewestFirstPagination,
        headers=HEADERS,
        errors=(404, 409),
    )
    def list(self, request: Request) -> Response:
        """List API keys, newest first.

        The list contains your own keys. If you manage members, it also contains the keys of system users.
        """
        return self.respond_with_page(api_keys.visible_keys(self.caller, self.organization))

    @operation(
        "API key created successfully",
        body=NewApiKeySerializer,
        example={"name": "Nightly report", "permissions": [LIST_PROJECTS]},
        response=CreatedApiKeySerializer,
        headers=HEADERS,
        status=201,
        errors=(404, 409, 422),
    )
    def create(self, request: Request) -> Response:
        """Create an API key.

        The key is for you, or for the system user in `memberId`. `permissions` limits the key. Only this
        response contains the `secret`. You need to have signed in recently.
        """
        key, secret = api_keys.create_api_key(by=self.caller, organization_id=self.organization.pk, **self.body)
        key.secret = secret
        return self.respond(key)

    @operation(
        "API key retrieved successfully", response=ApiKeySerializer, headers={**HEADERS, **IF_NONE_MATCH}, errors=(409,)
    )
    def retrieve(self, request: Request, key_id: UUID) -> Response:
        """Get an API key."""
        return self.respond(api_keys.find_key(self.caller, self.organization, key_id))

    @operation(
        "API key updated successfully",
        body=ApiKeyDescriptionSerializer,
        example={"name": "Nightly report", "description": "Exports the list of members."},
        response=ApiKeySerializer,
        headers={**HEADERS, **IF_MATCH},
        errors=(409,),
    )
    @if_unchanged("retrieve")
    def update(self, request: Request, key_id: UUID) -> Response:
        """Replace an API key's name and description.

        If you leave out the description, it is cleared.
        """
        return self.updated(key_id)

    @operation(
        "API key updated successfully",
        body=ApiKeyDescriptionSerializer,
        example={"name": "Nightly report", "description": "Exports the list of members."},
        response=ApiKeySerializer,
        headers={**HEADERS, **IF_MATCH},
        errors=(409,),
    )
    @if_unchanged("retrieve")
    def partial_update(self, request: Request, key_id: UUID) -> Response:
        """Change an API key's name or description."""
        return self.updated(key_id)

    def updated(self, key_id: UUID) -> Response:
        """Update the key with the body and return it."""
        key = api_keys.update_api_key(by=self.caller, organization_id=self.organization.pk, key_id=key_id, **self.body)
        return self.respond(key)

    @operation("API key deleted successfully", status=204, headers={**HEADERS, **IF_MATCH}, errors=(409,))
    @if_unchanged("retrieve")
    def destroy(self, request: Request, key_id: UUID) -> Response:
        """Delete an API key.

        The key stops working immediately.
        """
        api_keys.delete_api_key(by=self.caller, organization_id=self.organization.pk, key_id=key_id)
        return self.respond()
