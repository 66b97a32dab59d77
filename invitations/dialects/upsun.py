"""Upsun: list, create, read and cancel the invitations of an organization.

The list follows the vendor's document "List invitations". The other operations and the HAL responses follow the
vendor's public client.

* Credentials: any bearer token. `oauth2/token` exchanges an API key for a bearer token.
* IDs: ULIDs for organizations, UUIDs for invitations and users.
* Pages: cursors, `page[after]` and `page[before]`, in the `Link` header. The list is an array. With
  `Accept: application/hal+json`, it is a HAL collection, which has the cursors in `_links` too.
* Permissions: a list of names. There are no roles.
* Errors: one sentence in `error`. The response for an organization that does not exist or is not yours is 403.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import path
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BearerAuthentication
from accounts.credentials import BEARER_OR_KEY
from core.api.cursors import CursorPagination, link_header, link_header_schema
from core.api.errors import Problem
from core.api.filter_fields import Sorting
from core.api.filters import ChoiceFilter, ChoicesFilter, SortFilter, StrictFilterSet
from core.api.ids import ULID, UlidField
from core.api.operations import operation
from core.api.pagination import count_rows
from core.api.query import InvalidQuery, Schema, object_schema
from core.api.serializers import (
    AddressSerializerField,
    ChoiceField,
    SnakeCaseSerializer,
    StrictBooleanField,
    TimeField,
    format_time,
)
from core.compiled_rows import ShapedRows
from core.errors import Gone, NotFound, Unprocessable
from core.ids import to_ulid
from invitations.actions import inviting
from invitations.compiled_lists import managed_invitations
from invitations.dialects import ForbiddingSchema, ForbiddingViewSet
from invitations.dialects.upsun_tokens import GET_TOKEN, UpsunToken
from invitations.email.limits import TooManyOpenInvitations
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from invitations.refusals import InvitationNotFound
from invitations.row_properties import account_name, ended_at, inviter_display_name, state_of
from orgs import permissions as house
from orgs.access import find_organization
from orgs.models import Organization
from orgs.oauth.scopes import MEMBERS

title = "Upsun"


# Errors


def error_body(problem: Problem, request: HttpRequest) -> dict[str, str]:
    """Return the error body: one sentence that names the invalid fields."""
    return {"error": problem.sentence}


# Representation

PERMISSIONS = {
    "admin": house.ADMIN,
    "billing": house.MANAGE_BILLING,
    "plans": house.MANAGE_PLANS,
    "members": house.MANAGE_MEMBERS,
    "project:create": house.CREATE_PROJECTS,
    "projects:list": house.LIST_PROJECTS,
}
ACCEPTED_PERMISSIONS = PERMISSIONS | {"projects:create": house.CREATE_PROJECTS}  # an alias that is only for requests
STATES = ("pending", "processing", "accepted", "cancelled", "error")


class OwnerSerializer(SnakeCaseSerializer):
    """The inviter."""

    id = serializers.UUIDField(source="inviter_user_id")
    display_name = serializers.CharField(source="inviter_display_name")


class InvitationSerializer(SnakeCaseSerializer):
    """An invitation, with the documented keys in the documented order."""

    id = serializers.UUIDField()
    state = serializers.SerializerMethodField()
    organization_id = UlidField()
    email = serializers.EmailField()
    owner = OwnerSerializer(source="*")
    created_at = TimeField()
    updated_at = TimeField()
    finished_at = TimeField(source="ended_at", allow_null=True)
    permissions = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "enum": list(STATES)})
    def get_state(self, invitation: Invitation) -> str:
        """Return the state."""
        return shown_state(invitation)

    @extend_schema_field({"type": "array", "items": {"type": "string", "enum": list(PERMISSIONS)}})
    def get_permissions(self, invitation: Invitation) -> list[str]:
        """Return the granted permissions that exist in the vendor's API."""
        return shown_permissions([*(invitation.role.permissions if invitation.role else ()), *invitation.permissions])


def representation(organization: Organization, row: Any) -> dict[str, Any]:
    """Return what ``InvitationSerializer`` returns for a row of a list."""
    finished_at = ended_at(row)
    return {
        "id": str(row.pk),
        "state": shown_state(row),
        "organization_id": to_ulid(row.organization_id),
        "email": row.email,
        "owner": {
            "id": row.inviter_user_id and str(row.inviter_user_id),
            "display_name": inviter_display_name(row, organization.name, account_name(row)),
        },
        "created_at": format_time(row.created_at),
        "updated_at": format_time(row.updated_at),
        "finished_at": finished_at and format_time(finished_at),
        "permissions": shown_permissions([*(row.role__permissions or ()), *row.permissions]),
    }


def shown_state(row: Any) -> str:
    """Return the state. Declined and expired invitations are shown as `cancelled`."""
    state = state_of(row)
    return state if state in STATES else "cancelled"


def shown_permissions(granted: Sequence[str]) -> list[str]:
    """Return the permissions that exist in the vendor's API, where ``members`` does not include viewing."""
    shown = house.effective(granted)
    if not {house.LIST_PROJECTS, house.ADMIN, house.OWN}.intersection(granted):
        shown -= {house.LIST_PROJECTS}
    return [name for name, permission in PERMISSIONS.items() if permission in shown]


class NewInvitation(SnakeCaseSerializer):
    """The address to invite, and the permissions."""

    email = AddressSerializerField()
    permissions = serializers.ListField(
        child=ChoiceField(list(ACCEPTED_PERMISSIONS)), max_length=len(ACCEPTED_PERMISSIONS), default=list
    )
    force = StrictBooleanField(default=False)


# Parameters


class DashSort(SortFilter):
    """Sort by `updated_at` or `-updated_at`."""

    def sortings(self, column: str, name: str) -> list[Sorting]:
        """Return both directions. A dash means descending."""
        return [Sorting(name, column, descending=False), Sorting(f"-{name}", column, descending=True)]


class InvitationFilter(StrictFilterSet):
    """A filter by state, which can be given by one of three parameters, and the sort order."""

    parameter_names = {"state": "filter[state]", "state_equals": "filter[state][eq]", "state_in": "filter[state][in]"}

    state = ChoiceFilter(
        choices=["pending", "error"],
        method="filter_state",
        help_text="The state of the invitations. The default is `pending`.",
    )
    state_equals = ChoiceFilter(
        choices=["pending", "error"], method="filter_state", help_text="The same as `filter[state]`."
    )
    state_in = ChoicesFilter(choices=["pending", "error"], method="filter_states", help_text="One or both states.")
    sort = DashSort(fields={"updated_at": "updated_at"}, initial="-updated_at")

    def filter_queryset(self, queryset: InvitationQuerySet) -> InvitationQuerySet:
        """Filter by state, or return the open invitations. Raises InvalidQuery if two parameters give a state."""
        given = [name for name in self.parameter_names.values() if name in self.filters]
        if len(given) > 1:
            raise InvalidQuery(fields={given[1]: ["Give one filter for the state."]})
        rows: InvitationQuerySet = super().filter_queryset(queryset)
        return rows if given else rows.open()

    def filter_compiled(self, rows: ShapedRows) -> Any:
        """Return a queryset for both states, whose rows are merged from two queries (``in_states``)."""
        narrowed = super().filter_compiled(rows)
        return narrowed.queryset() if len(self.values["filter[state][in]"] or ()) > 1 else narrowed

    def filter_state(self, queryset: InvitationQuerySet, name: str, value: str) -> InvitationQuerySet:
        """Return the invitations in this state."""
        return queryset.in_states([value])

    def filter_states(self, queryset: InvitationQuerySet, name: str, value: tuple[str, ...]) -> InvitationQuerySet:
        """Return the invitations in any of these states."""
        return queryset.in_states(value)


class HalRenderer(JSONRenderer):
    """Render JSON with the media type that the vendor's clients request."""

    media_type = "application/hal+json"
    format = "hal"
    charset = "utf-8"


class Page(CursorPagination):
    """Pages with cursors: an array with a `Link` header, or a HAL collection if the client accepts it."""

    column = "updated_at"
    page_size = 100
    page_size_query_param, after_name, before_name = "page[size]", "page[after]", "page[before]"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the page. Only HAL responses need a count of all rows, if the list has several pages."""
        self.request = request
        self.is_hal = request.accepted_renderer.media_type == HalRenderer.media_type
        rows = super().paginate_queryset(queryset, request, view)
        is_whole = not self.has_next and not self.has_prev
        self.count = count_rows(queryset) if self.is_hal and not is_whole else len(rows)
        return rows

    def get_paginated_response(self, data: list[Any]) -> Response:  # type: ignore[override]
        """Return the rows with links to the next and previous page."""
        links = self.links(self.request)
        hal = {"count": self.count, "items": data, "_links": {name: {"href": link} for name, link in links.items()}}
        return Response(hal if self.is_hal else data, headers={"Link": link_header(links), "Vary": "Accept"})

    @classmethod
    def header_schemas(cls) -> Schema:
        """Return the description of the `Link` header."""
        return link_header_schema("self", "next", "prev")


# Schema

LINK = object_schema(href={"type": "string", "format": "uri"})
LINKS = object_schema(self=LINK) | {"properties": {"self": LINK, "next": LINK, "prev": LINK}}


class UpsunSchema(ForbiddingSchema):
    """Schema of the bodies: no envelope, and HAL collections for pages."""

    error = object_schema(error={"type": "string"})

    def envelope(self, data: Schema) -> Schema:
        """Return the schema of the data, without an envelope."""
        return data

    def success(self) -> Schema:
        """Return the schema of a successful response. A page also has a HAL schema."""
        found = super().success()
        if self.operation.pagination_class:
            page = object_schema(count={"type": "integer", "minimum": 0}, items=self.data(), _links=LINKS)
            found["content"][HalRenderer.media_type] = {"schema": page}
        return found


# Views


class UpsunInvitations(ForbiddingViewSet):
    """The invitations of one organization."""

    resource = "upsun_invitations"
    authentication_classes = [BearerAuthentication]
    renderer_classes = [JSONRenderer, HalRenderer]
    schema = UpsunSchema()
    error_body = staticmethod(error_body)
    path_parameters = {"organization_id": ULID, "invitation_id": {"type": "string", "format": "uuid"}}

    def handle_exception(self, exc: Exception) -> Response:
        """Respond with 404 instead of 410, and 400 instead of 422. The vendor uses neither 410 nor 422.

        The vendor's 409 means that the person is invited already, so the limit of open invitations is a 400 too.
        """
        if isinstance(exc, Unprocessable | TooManyOpenInvitations):
            exc = serializers.ValidationError(exc.fields or exc.message)
        return super().handle_exception(NotFound(exc.message) if isinstance(exc, Gone) else exc)

    @operation(
        "OK",
        name="list-org-invites",
        response=InvitationSerializer,
        filterset_class=InvitationFilter,
        pagination_class=Page,
    )
    def list(self, request: Request, organization_id: UUID) -> Response:
        """List invitations to an organization."""
        organization = find_organization(self.caller, organization_id)
        rows = managed_invitations(self.caller, organization)
        return self.respond_with_page(rows, partial(representation, organization))

    @operation(
        "Created",
        name="create-org-invite",
        body=NewInvitation,
        example={"email": "newcomer@example.com", "permissions": ["projects:list"], "force": False},
        response=InvitationSerializer,
        status=201,
        errors=(409, 429),
    )
    def create(self, request: Request, organization_id: UUID) -> Response:
        """Invite user to an organization by email.

        With `force`, this replaces an open invitation to the same address.
        """
        granted = frozenset(ACCEPTED_PERMISSIONS[name] for name in self.body["permissions"])
        return self.respond(
            inviting.invite(
                by=self.caller,
                organization_id=organization_id,
                email=self.body["email"],
                permissions=granted,
                force=self.body["force"],
            )
        )

    @operation("OK", name="get-org-invite", response=InvitationSerializer)
    def retrieve(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Get an invitation to an organization."""
        invitation = self._rows(organization_id).filter(pk=invitation_id).first()
        if invitation is None:
            raise InvitationNotFound
        return self.respond(invitation)

    @operation("No content", name="cancel-org-invite", status=204)
    def destroy(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Cancel a pending invitation to an organization."""
        inviting.cancel(by=self.caller, organization_id=organization_id, invitation_id=invitation_id)
        return self.respond()

    def _rows(self, organization_id: UUID) -> InvitationQuerySet:
        organization = find_organization(self.caller, organization_id)
        return Invitation.objects.managed_in(organization, self.caller).with_details()


# Paths and credentials

INVITATIONS = "organizations/<ulid:organization_id>/invitations"
urlpatterns = [
    path(INVITATIONS, UpsunInvitations.as_view({"get": "list", "post": "create"})),
    path(f"{INVITATIONS}/<id:invitation_id>", UpsunInvitations.as_view({"get": "retrieve", "delete": "destroy"})),
    path("oauth2/token", UpsunToken.as_view()),
]
other_paths = {"/upsun/oauth2/token": {"post": GET_TOKEN}}
credentials = {
    f"upsun_invitations.{name}": BEARER_OR_KEY.scoped(*MEMBERS) for name in ("list", "create", "retrieve", "destroy")
}
