"""Wacht: an organization's open invitations, for a signed-in administrator.

After the vendor's document "Retrieve all pending invitations for an organization"; the writes as its public client
makes them, from forms or JSON.

* The only credential is the session, in the cookie `session_id`. A write that another site makes is refused.
* Ids are decimal digits in strings, of up to 128 bits where the vendor's have 64. Times are in whole seconds.
* There are no pages and no parameters: those that are sent all the same are ignored.
* One envelope holds every answer: `status`, `message`, `data`, `session`, `errors`. An organization that is unknown, or
  of others, is answered as one in which the right is missing: 403.
* The `token` of an invitation opens its page and accepts it, for whoever has proven the invited address.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
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
from core.api.serializers import SecondsField, SnakeCaseSerializer, StrictTextField
from core.ids import to_decimal
from invitations.actions import answering, inviting
from invitations.dialects import DialectAddressField, ForbiddingSchema, ForbiddingViewSet
from invitations.lookups import find_offer
from invitations.models import Invitation
from invitations.querysets import inviter_roles
from invitations.tokens import Purpose, token_for
from orgs.locks import find_organization
from orgs.models import Role, Unit

title = "Wacht"


# Errors

THEIR_NAMES = {"unit_id": "workspace_id", "unit_role_id": "workspace_role_id"}


def error_body(problem: Problem, request: HttpRequest) -> dict[str, Any]:
    """The envelope of a success, without data; without a session too when there is none, or nobody can tell."""
    fields = {THEIR_NAMES.get(name, name): messages for name, messages in problem.fields.items()}
    fault = {"code": problem.code.upper(), "message": replace(problem, fields=fields).sentence}
    unknown = problem.status == 401 or problem.status >= 500
    return envelope(None, problem.status, None if unknown else spelled_session(request), [fault])


def envelope(data: Any, status: int, session: Any, errors: list[Any]) -> dict[str, Any]:
    """What every answer looks like."""
    return {"status": status, "message": "", "data": data, "session": session, "errors": errors}


# Spelling

STATUSES = {"pending": "pending", "processing": "pending", "accepted": "accepted"}
WAITS = "The organization has no free seat at the moment. You are in as soon as there is one."


def spelled_session(request: HttpRequest) -> dict[str, str] | None:
    """The session, if somebody is signed in. It began when they did, and answering requests does not change it."""
    request = getattr(request, "_request", request)  # REST framework's own would ask for the credential again
    principal = session_principal(request) if hasattr(request, "user") else None
    if principal is None or principal.user is None:
        return None
    began = principal.authenticated_at or principal.user.last_login or principal.user.created_at
    spelled = SecondsField().to_representation(began)
    return {"id": str(public_session_id(request.session)), "created_at": spelled, "updated_at": spelled}


def public_session_id(session: SessionBase) -> int | None:
    """Return a name for the session that may be shown: 64 bits derived from its key, which never leaves the cookie."""
    key = session.session_key
    if key is None:
        return None
    derived = salted_hmac("perfectworks.wacht.session", key, algorithm="sha256").digest()
    return int.from_bytes(derived[:8], "big")


class RoleSerializer(SnakeCaseSerializer):
    """A role in an organization; a built-in one counts as the organization's own."""

    id = DecimalIdField()
    organization_id = serializers.SerializerMethodField()
    name = serializers.CharField()
    permissions = serializers.ListField(child=serializers.CharField())
    is_system_role = serializers.BooleanField(source="is_built_in")
    created_at = SecondsField()
    updated_at = SecondsField()

    @extend_schema_field(DECIMAL)
    def get_organization_id(self, role: Role) -> str:
        """The invited organization."""
        return to_decimal(self.context["organization_id"])


class NameSerializer(SnakeCaseSerializer):
    """An organization or a workspace."""

    id = DecimalIdField()
    name = serializers.CharField()


class WorkspaceRoleSerializer(NameSerializer):
    """A role in a workspace."""

    permissions = serializers.ListField(child=serializers.CharField())


class InviterSerializer(SnakeCaseSerializer):
    """Who invited, while the account exists; a program has no address."""

    id = DecimalIdField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.EmailField(allow_null=True)


class InvitationSerializer(SnakeCaseSerializer):
    """One invitation, exactly the document's keys in its order."""

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
        """Names the invitation and opens its page; it proves no mailbox."""
        return token_for(invitation, Purpose.LISTED)

    @extend_schema_field({"type": "string", "enum": ["pending", "accepted", "discarded"]})
    def get_status(self, invitation: Invitation) -> str:
        """What waits for a seat is still pending here; what is over without a membership is discarded."""
        return STATUSES.get(invitation.state, "discarded")

    @extend_schema_field(RoleSerializer(many=True))
    def get_inviter_roles(self, invitation: Invitation) -> Any:
        """The roles the inviter holds now."""
        held = self.context["inviter_roles"].get(invitation.inviter_id, [])
        return RoleSerializer(held, many=True, context=self.context).data


def spelled(invitations: list[Invitation]) -> Any:
    """Rows of one organization, with the roles of all inviters at once."""
    organization_id = invitations[0].organization_id if invitations else None
    context = {"organization_id": organization_id, "inviter_roles": inviter_roles(invitations)}
    return InvitationSerializer(invitations, many=True, context=context).data


class AcceptanceSerializer(SnakeCaseSerializer):
    """Where an acceptance leads."""

    organization = NameSerializer(source="invitation.organization")
    workspace = NameSerializer(source="invitation.workspace", allow_null=True)
    already_member = serializers.BooleanField(source="was_member")
    message = serializers.SerializerMethodField()

    def get_message(self, answer: answering.AcceptResult) -> str:
        """Empty, unless a seat must become free first."""
        return "" if answer.membership else WAITS


class EnvelopeRenderer(JSONRenderer):
    """Puts what a view answers into the vendor's envelope."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Leave errors alone: they come with their envelope."""
        response, request = renderer_context["response"], renderer_context["request"]
        body = data if response.exception else envelope(data, response.status_code, spelled_session(request), [])
        return super().render(body, accepted_media_type, renderer_context)


# Parameters


class NewInvitation(SnakeCaseSerializer):
    """What inviting takes."""

    email = DialectAddressField()
    role_id = DecimalIdField(required=False)
    workspace_id = DecimalIdField(required=False, source="unit_id")
    workspace_role_id = DecimalIdField(required=False, source="unit_role_id")


class Token(SnakeCaseSerializer):
    """What accepting takes."""

    token = StrictTextField(max_length=256)


# Schema

EMPTY = {"type": "string", "const": ""}
MOMENT = {"type": "string", "format": "date-time"}
SESSION = object_schema(id={"type": "string", "pattern": "^[0-9]{1,20}$"}, created_at=MOMENT, updated_at=MOMENT)
FAULT = object_schema(code={"type": "string", "pattern": "^[A-Z0-9_]+$"}, message={"type": "string"})


class WachtSchema(ForbiddingSchema):
    """One envelope for everything."""

    error = object_schema(
        status={"type": "integer", "minimum": 400},
        message=EMPTY,
        data={"type": "null"},
        session={"anyOf": [SESSION, {"type": "null"}]},
        errors={"type": "array", "items": FAULT, "minItems": 1},
    )

    def envelope(self, data: Schema) -> Schema:
        """The success, around its data."""
        status, none = {"type": "integer", "const": 200}, {"type": "array", "maxItems": 0}
        return object_schema(status=status, message=EMPTY, data=data, session=SESSION, errors=none)


# Views


class WachtViewSet(ForbiddingViewSet):
    """What the views below share."""

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
    def list(self, request: Request, organization_id: UUID) -> Response:
        """Retrieve all pending invitations for an organization."""
        rows = Invitation.objects.managed_in(find_organization(self.caller, organization_id), self.caller).open()
        return Response(spelled(list(rows.with_details().newest_first())))

    @operation(
        "", name="inviteOrganizationMember", body=NewInvitation, response=InvitationSerializer, errors=(409, 422, 429)
    )
    def create(self, request: Request, organization_id: UUID) -> Response:
        """Invite a member to an organization."""
        workspace = Unit.Kind.WORKSPACE
        return one(inviting.invite(by=self.caller, organization_id=organization_id, unit_kind=workspace, **self.body))

    @operation("", name="discardOrganizationInvitation", response=InvitationSerializer, errors=(410,))
    def discard(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Discard an invitation."""
        return one(inviting.cancel(by=self.caller, organization_id=organization_id, invitation_id=invitation_id))

    @operation("", name="resendOrganizationInvitation", response=InvitationSerializer, errors=(409, 410, 429))
    def resend(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        """Mail an invitation again."""
        return one(inviting.resend(by=self.caller, organization_id=organization_id, invitation_id=invitation_id))


def one(invitation: Invitation) -> Response:
    """The answer about a single invitation."""
    return Response(spelled([invitation])[0])


class WachtAnswers(WachtViewSet):
    """The invitee's one operation."""

    resource = "wacht_answers"

    @operation("", name="acceptInvitation", body=Token, response=AcceptanceSerializer, errors=(404, 409, 410))
    @elevates_privileges
    def accept(self, request: Request) -> Response:
        """Accept the invitation that a token names."""
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
