"""Wacht: list, create, resend, discard and accept the invitations of an organization.

The list follows the vendor's document "Retrieve all pending invitations for an organization". The other operations
follow the vendor's public client. Request bodies are JSON or forms.

* Credentials: the session in the cookie `session_id`. Write requests from other sites are refused.
* IDs: strings of decimal digits. They have up to 128 bits; the vendor's IDs have 64. Times are in whole seconds.
* Pages: none. The list contains all invitations, and a long one is sent in chunks. Query parameters are ignored.
* Responses: one envelope with `status`, `message`, `data`, `session` and `errors`.
* Errors: the same envelope. The response for an organization that does not exist or is not yours is 403.
* Tokens: the `token` of an invitation opens its page. A person who has verified the invited address can also accept the
  invitation with this token.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.crypto import salted_hmac
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SessionAuthentication
from accounts.credentials import BROWSER
from accounts.sessions import elevates_privileges, session_principal
from core.api.errors import Problem
from core.api.ids import DECIMAL, DecimalIdField
from core.api.operations import operation
from core.api.parsers import StrictFormParser, StrictJSONParser, StrictMultiPartParser
from core.api.query import Schema, object_schema
from core.api.serializers import (
    AddressSerializerField,
    SecondsField,
    SnakeCaseSerializer,
    StrictTextField,
    format_seconds,
)
from core.api.streaming import list_response
from core.ids import to_decimal
from core.rows import object_from_json
from invitations.actions import answering, inviting
from invitations.compiled_lists import open_with_roles
from invitations.dialects import ForbiddingSchema, ForbiddingViewSet
from invitations.lookups import find_offer
from invitations.models import Invitation
from invitations.querysets import inviter_roles
from invitations.row_properties import state_of
from invitations.tokens import Purpose, token_for
from orgs.access import find_organization
from orgs.models import Role, Unit
from orgs.permissions import EDITOR_ROLE

title = "Wacht"
session_cookie = "session_id"  # also read where our own name has the prefix `__Host-`


# Errors

error_code = str.upper  # converts our codes to those of this API
WACHT_FIELD_NAMES = {"unit_id": "workspace_id", "unit_role_id": "workspace_role_id"}


def error_body(problem: Problem, request: HttpRequest) -> dict[str, Any]:
    """Return the envelope with an error. `session` is null for 401 and for server errors."""
    fields = {WACHT_FIELD_NAMES.get(name, name): messages for name, messages in problem.fields.items()}
    fault = {"code": error_code(problem.code), "message": replace(problem, fields=fields).sentence}
    unknown = problem.status == 401 or problem.status >= 500
    return envelope(None, problem.status, None if unknown else session_representation(request), [fault])


def envelope(data: Any, status: int, session: Any, errors: list[Any]) -> dict[str, Any]:
    """Return the body of every response."""
    return {"status": status, "message": "", "data": data, "session": session, "errors": errors}


# Representation

STATUSES = {"pending": "pending", "processing": "pending", "accepted": "accepted"}
NO_FREE_SEAT = "The organization has no free seat at the moment. You are in as soon as there is one."
NOTHING_NEW = "You already had everything that this invitation offers."


def session_representation(request: HttpRequest) -> dict[str, str] | None:
    """Return the session, or None if nobody is signed in. Both timestamps are the time of the sign-in."""
    request = getattr(request, "_request", request)  # `user` of the DRF request would authenticate again
    principal = session_principal(request) if hasattr(request, "user") else None
    if principal is None or principal.user is None:
        return None
    signed_in_at = principal.authenticated_at or principal.user.last_login or principal.user.created_at
    time = SecondsField().to_representation(signed_in_at)
    return {"id": str(public_session_id(request.session)), "created_at": time, "updated_at": time}


def public_session_id(session: SessionBase) -> int | None:
    """Return a public ID for the session: 64 bits derived from the session key. The ID does not reveal the key."""
    key = session.session_key
    if key is None:
        return None
    derived = salted_hmac("perfectworks.wacht.session", key, algorithm="sha256").digest()
    return int.from_bytes(derived[:8], "big")


class RoleSerializer(SnakeCaseSerializer):
    """A role in an organization. Even for a built-in role, `organization_id` is the invitation's organization."""

    id = DecimalIdField()
    organization_id = serializers.SerializerMethodField()
    name = serializers.CharField()
    permissions = serializers.ListField(child=serializers.CharField())
    is_system_role = serializers.BooleanField(source="is_built_in")
    created_at = SecondsField()
    updated_at = SecondsField()

    @extend_schema_field(DECIMAL)
    def get_organization_id(self, role: Role) -> str:
        """Return the ID of the invitation's organization."""
        return to_decimal(self.context["organization_id"])


class NameSerializer(SnakeCaseSerializer):
    """An organization or a workspace."""

    id = DecimalIdField()
    name = serializers.CharField()


class WorkspaceRoleSerializer(NameSerializer):
    """A role in a workspace."""

    permissions = serializers.ListField(child=serializers.CharField())


class InviterSerializer(SnakeCaseSerializer):
    """The inviter, while the account exists. A service account has no address."""

    id = DecimalIdField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.EmailField(allow_null=True)


class InvitationSerializer(SnakeCaseSerializer):
    """An invitation, with exactly the documented keys in the documented order."""

    id = DecimalIdField()
    organization_id = DecimalIdField()
    email = serializers.EmailField()
    token = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    expires_at = SecondsField()
    created_at = SecondsField()
    updated_at = SecondsField()
    initial_organization_role = RoleSerializer(source="role", allow_null=True)
    initial_workspace_role = WorkspaceRoleSerializer(source="workspace_role", allow_null=True)
    workspace = NameSerializer(allow_null=True)
    inviter = InviterSerializer(allow_null=True)
    inviter_roles = serializers.SerializerMethodField()

    def get_token(self, invitation: Invitation) -> str:
        """Return a token that opens the invitation page. It does not prove access to the mailbox."""
        return token_for(invitation, Purpose.LISTED)

    @extend_schema_field({"type": "string", "enum": ["pending", "accepted", "discarded"]})
    def get_status(self, invitation: Invitation) -> str:
        """Return `pending` (also during the wait for a seat), `accepted`, or `discarded` for every other state."""
        return STATUSES.get(invitation.state, "discarded")

    @extend_schema_field(RoleSerializer(many=True))
    def get_inviter_roles(self, invitation: Invitation) -> Any:
        """Return the current roles of the inviter."""
        return self.context["inviter_roles"].get(invitation.inviter_id, [])


def representation(invitations: list[Invitation]) -> Any:
    """Return invitations of one organization as JSON data. One query loads the roles of all inviters."""
    context: dict[str, Any] = {"organization_id": invitations[0].organization_id if invitations else None}
    role = RoleSerializer(context=context)  # one for all rows, because making one takes longer than the rest of a row
    context["inviter_roles"] = {
        inviter_id: [role.to_representation(one) for one in roles]
        for inviter_id, roles in inviter_roles(invitations).items()
    }
    return InvitationSerializer(invitations, many=True, context=context).data


def list_representation(rows: list[Any]) -> list[dict[str, Any]]:
    """Return what ``representation`` returns, for rows of a list. Each role is represented only once."""
    serializer = RoleSerializer(context={"organization_id": rows[0].organization_id} if rows else {})
    roles = {role["id"]: role for row in rows for role in (row.role_columns, row.inviter_role_columns) if role}
    shown = {key: serializer.to_representation(object_from_json(Role, role)) for key, role in roles.items()}
    return [row_representation(row, shown) for row in rows]


def row_representation(row: Any, roles: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``InvitationSerializer`` returns for a row of a list. ``roles`` are representations by id."""
    in_workspace = row.unit__kind == Unit.Kind.WORKSPACE
    workspace_role = {"name": row.unit_role__name, "permissions": row.unit_role__permissions}
    return {
        "id": to_decimal(row.pk),
        "organization_id": to_decimal(row.organization_id),
        "email": row.email,
        "token": token_for(row, Purpose.LISTED),
        "status": STATUSES.get(state_of(row), "discarded"),
        "expires_at": format_seconds(row.expires_at),
        "created_at": format_seconds(row.created_at),
        "updated_at": format_seconds(row.updated_at),
        "initial_organization_role": roles[row.role_columns["id"]],
        "initial_workspace_role": {"id": to_decimal(row.unit_role_id), **workspace_role} if in_workspace else None,
        "workspace": {"id": to_decimal(row.unit_id), "name": row.unit__name} if in_workspace else None,
        "inviter": inviter_representation(row) if row.inviter_id else None,
        "inviter_roles": [roles[row.inviter_role_columns["id"]]] if row.inviter_role_columns else [],
    }


def inviter_representation(row: Any) -> dict[str, Any]:
    """Return the inviter of a row of a list."""
    return {
        "id": to_decimal(row.inviter_id),
        "first_name": row.inviter__first_name,
        "last_name": row.inviter__last_name,
        "email": row.inviter__email,
    }


class AcceptanceSerializer(SnakeCaseSerializer):
    """The result of an acceptance."""

    organization = NameSerializer(source="invitation.organization")
    workspace = NameSerializer(source="invitation.workspace", allow_null=True)
    already_member = serializers.BooleanField(source="was_member")
    message = serializers.SerializerMethodField()

    def get_message(self, result: answering.AcceptResult) -> str:
        """Return an empty string, or a message if the acceptance waits for a free seat or has given nothing."""
        if result.membership is None:
            return NO_FREE_SEAT
        return NOTHING_NEW if result.invitation.given == [] else ""


class EnvelopeRenderer(JSONRenderer):
    """Render JSON in the vendor's envelope."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Render the data in the envelope. Error responses already have an envelope."""
        response, request = renderer_context["response"], renderer_context["request"]
        body = data if response.exception else envelope(data, response.status_code, session_representation(request), [])
        return super().render(body, accepted_media_type, renderer_context)


# Parameters


class NewInvitation(SnakeCaseSerializer):
    """The address to invite, and the roles."""

    email = AddressSerializerField()
    role_id = DecimalIdField(required=False)
    workspace_id = DecimalIdField(required=False, source="unit_id")
    workspace_role_id = DecimalIdField(required=False, source="unit_role_id")


class Token(SnakeCaseSerializer):
    """The token of the invitation to accept."""

    token = StrictTextField(max_length=256)


# Schema

EMPTY = {"type": "string", "const": "", "description": "Always empty."}
HTTP_STATUS = {"type": "integer", "description": "The HTTP status."}
MOMENT = {"type": "string", "format": "date-time"}
SESSION = object_schema(
    id={"type": "string", "pattern": "^[0-9]{1,20}$", "description": "A public ID of the session."},
    created_at=MOMENT,
    updated_at=MOMENT,
)
FAULT = object_schema(code={"type": "string", "pattern": "^[A-Z0-9_]+$"}, message={"type": "string"})


class WachtSchema(ForbiddingSchema):
    """Schema of the envelope."""

    error = object_schema(
        status={**HTTP_STATUS, "minimum": 400},
        message=EMPTY,
        data={"type": "null"},
        session={"anyOf": [SESSION, {"type": "null"}]},
        errors={"type": "array", "items": FAULT, "minItems": 1},
    )

    def envelope(self, data: Schema) -> Schema:
        """Return the schema of a successful response."""
        status, none = {**HTTP_STATUS, "const": 200}, {"type": "array", "items": FAULT, "maxItems": 0}
        return object_schema(status=status, message=EMPTY, data=data, session=SESSION, errors=none)


# Views


class WachtViewSet(ForbiddingViewSet):
    """Base of the viewsets of this API."""

    authentication_classes = [SessionAuthentication]
    parser_classes = [StrictJSONParser, StrictFormParser, StrictMultiPartParser]
    renderer_classes = [EnvelopeRenderer]
    schema = WachtSchema()
    error_body = staticmethod(error_body)
    path_parameters = {"organization_id": DECIMAL, "invitation_id": DECIMAL}
    refuse_unknown_parameters = False


class WachtInvitations(WachtViewSet):
    """The invitations of one organization."""

    resource = "wacht_invitations"

    @operation("", name="getOrganizationInvitations", response=InvitationSerializer, many=True)
    def list(self, request: Request, organization_id: UUID) -> HttpResponseBase:
        """Retrieve all pending invitations for an organization."""
        organization = find_organization(self.caller, organization_id)
        return list_response(self, open_with_roles(self.caller, organization), list_representation)

    @operation(
        "",
        name="inviteOrganizationMember",
        body=NewInvitation,
        example={"email": "newcomer@example.com", "role_id": to_decimal(EDITOR_ROLE)},
        response=InvitationSerializer,
        errors=(409, 422, 429),
    )
    def create(self, request: Request, organization_id: UUID) -> Response:
        """Invite a member to an organization."""
        workspace = Unit.Kind.WORKSPACE
        return single_response(
            inviting.invite(by=self.caller, organization_id=organization_id, unit_kind=workspace, **self.body)
        )

    @operation("", name="discardOrganizationInvitation", response=InvitationSerializer, errors=(410,))
    def discard(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Discard an invitation."""
        return single_response(
            inviting.cancel(by=self.caller, organization_id=organization_id, invitation_id=invitation_id)
        )

    @operation("", name="resendOrganizationInvitation", response=InvitationSerializer, errors=(409, 410, 429))
    def resend(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Send an invitation again."""
        return single_response(
            inviting.resend(by=self.caller, organization_id=organization_id, invitation_id=invitation_id)
        )


def single_response(invitation: Invitation) -> Response:
    """Return the response for a single invitation."""
    return Response(representation([invitation])[0])


class WachtAnswers(WachtViewSet):
    """Invitations to an organization."""

    resource = "wacht_answers"

    @operation(
        "",
        name="acceptInvitation",
        body=Token,
        example={"token": "01a1fc4d64d977288…"},
        response=AcceptanceSerializer,
        errors=(404, 409, 410),
    )
    @elevates_privileges
    def accept(self, request: Request) -> Response:
        """Accept an invitation by its token."""
        invitation_id, proof = find_offer(self.caller, token=self.body["token"])
        return self.respond(answering.accept(by=self.caller, invitation_id=invitation_id, proof=proof))


# Paths and credentials

INVITATIONS = "organizations/<decimal:organization_id>/invitations"
urlpatterns = [
    path("organizations/invitations/accept", WachtAnswers.as_view({"post": "accept"})),
    path(INVITATIONS, WachtInvitations.as_view({"get": "list", "post": "create"})),
    path(f"{INVITATIONS}/<decimal:invitation_id>/discard", WachtInvitations.as_view({"post": "discard"})),
    path(f"{INVITATIONS}/<decimal:invitation_id>/resend", WachtInvitations.as_view({"post": "resend"})),
]
credentials = {
    **{f"wacht_invitations.{name}": BROWSER for name in ("list", "create", "discard", "resend")},
    "wacht_answers.accept": BROWSER,
}
