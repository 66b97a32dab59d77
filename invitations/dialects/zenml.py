"""ZenML Pro: list, read and answer the open invitations of the authenticated user.

The API has the three operations of the vendor's document "Invitations".

* Credentials: a bearer token from this service's authorization server with the scope `invitations`, or from a trusted
  identity provider. A token from client credentials has no user: the list is empty, and no invitation can be answered.
* IDs: UUIDs.
* Pages: none. The list is an array of all invitations, and a long one is sent in chunks.
* Errors: `detail`, as in FastAPI, the vendor's framework. The response for invalid input is 422 with a list of errors.
  The response for an invitation that is not open or not yours is 404.
"""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BearerAuthentication
from accounts.credentials import BEARER, PERSON_WITHOUT_COOKIE
from accounts.oauth.scopes import INVITATIONS
from core.api.errors import Problem
from core.api.operations import operation
from core.api.parameters import BooleanParameter
from core.api.query import Schema, object_schema
from core.api.schema import OperationSchema
from core.api.serializers import SnakeCaseSerializer, TimeField, format_time
from core.api.streaming import list_response
from core.errors import Gone, Invalid, Unprocessable
from core.ids import parse_uuid
from invitations.actions import answering
from invitations.compiled_lists import received_with_inviters
from invitations.dialects import DialectViewSet
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from invitations.refusals import InvitationNotFound, InvitationWaits
from invitations.row_properties import account_name, inviter_display_name
from orgs.api.fields import BlankAsNullField

title = "ZenML Pro"


# Errors

BAD_UUID = ("uuid_parsing", "Input should be a valid UUID")
BAD_BOOLEAN = ("bool_parsing", "Input should be a valid boolean, unable to interpret input")
MISSING = ("missing", "Field required")


def error_body(problem: Problem, request: HttpRequest) -> dict[str, Any]:
    """Return the error body: a sentence, or a list of errors for invalid input."""
    if problem.status == 401:
        return {"detail": "Not authenticated"}
    return {"detail": problem.details.get("faults") or problem.sentence}


class Unreadable(Unprocessable):
    """A part of the request is invalid. `faults` is the list of errors in the response."""


Faults = list[dict[str, Any]]


def fault(kind: tuple[str, str], *location: str, given: Any) -> dict[str, Any]:
    """Return an entry for the list of errors, in the format of FastAPI."""
    return {"type": kind[0], "loc": list(location), "msg": kind[1], "input": given}


# Representation


class InvitationSerializer(SnakeCaseSerializer):
    """An invitation, with the documented keys in the documented order."""

    id = serializers.UUIDField()
    organization_name = serializers.CharField(source="organization.name")
    organization_logo_url = BlankAsNullField(source="organization.logo_url")
    organization_member_count = serializers.IntegerField(source="member_count")
    inviting_user_name = serializers.CharField(source="inviter_display_name")
    inviting_user_avatar_url = BlankAsNullField(source="inviter.avatar_url")
    expiration_date = TimeField(source="expires_at")


def representation(rows: list[Any]) -> list[dict[str, Any]]:
    """Return what ``InvitationSerializer`` returns for each row of a list."""
    return [
        {
            "id": str(row.pk),
            "organization_name": row.organization__name,
            "organization_logo_url": row.organization__logo_url or None,
            "organization_member_count": row.member_count,
            "inviting_user_name": inviter_display_name(row, row.organization__name, account_name(row)),
            "inviting_user_avatar_url": row.inviter__avatar_url or None,
            "expiration_date": format_time(row.expires_at),
        }
        for row in rows
    ]


class BareRenderer(JSONRenderer):
    """Render JSON. None becomes `null`."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Return the JSON bytes. For None, the base class would return an empty body."""
        return b"null" if data is None else super().render(data, accepted_media_type, renderer_context)


# Parameters

ACCEPT = BooleanParameter(
    true=("true", "1", "on", "t", "y", "yes"),
    false=("false", "0", "off", "f", "n", "no"),
    required=True,
    help_text="Whether to accept the invitation or not.",
)

# Schema

UUID_TEXT = {"type": "string", "format": "uuid"}
FAULT = object_schema(
    type={"type": "string", "description": "The kind of error."},
    loc={"type": "array", "items": {"type": "string"}},
    msg={"type": "string"},
    input={"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
)


class ZenmlSchema(OperationSchema):
    """Schema of the bodies: no envelope, and 422 instead of 400."""

    error = object_schema(detail={"anyOf": [{"type": "string"}, {"type": "array", "items": FAULT, "minItems": 1}]})

    def envelope(self, data: Schema) -> Schema:
        """Return the schema of the data, without an envelope."""
        return data

    def failures(self) -> set[int]:
        """Add 422 for invalid input, as in FastAPI. Only the web server returns 400, for a malformed request."""
        return super().failures() | {422}


# Views


class ZenmlInvitations(DialectViewSet):
    """The open invitations to the caller's verified addresses."""

    resource = "zenml_invitations"
    authentication_classes = [BearerAuthentication]
    renderer_classes = [BareRenderer]
    schema = ZenmlSchema()
    error_body = staticmethod(error_body)
    path_parameters = {"invitation_id": UUID_TEXT}
    refuse_unknown_parameters = False

    def handle_exception(self, exc: Exception) -> Response:
        """Respond with 422 to invalid input, and with 404 if the invitation is not open."""
        if isinstance(exc, Invalid):
            exc = Unreadable(faults=self._faults() or [fault(("value_error", exc.message), "query", given=None)])
        return super().handle_exception(InvitationNotFound() if isinstance(exc, Gone | InvitationWaits) else exc)

    def read_body(self, request: Request) -> dict[str, Any]:
        """Ignore the body, because no operation expects one."""
        return {}

    @operation("Successful Response", name="list_pending_invitations", response=InvitationSerializer, many=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List Pending Invitations Endpoint.

        List pending invitations for the authenticated user.
        """
        return list_response(self, received_with_inviters(self.caller), representation)

    @operation("Successful Response", name="get_invitation", response=InvitationSerializer)
    def retrieve(self, request: Request, invitation_id: str) -> Response:
        """Get Invitation Endpoint.

        Get a pending invitation.
        """
        invitation = self._mine().filter(pk=self._key()).first()
        if invitation is None:
            raise InvitationNotFound
        return self.respond(invitation)

    @operation(
        "Successful Response",
        name="respond_to_invitation",
        response={"anyOf": [UUID_TEXT, {"type": "null"}]},
        parameters={"accept": ACCEPT},
        errors=(409,),
    )
    def answer(self, request: Request, invitation_id: str) -> Response:
        """Respond To Invitation Endpoint.

        Accept or decline a pending invitation. Returns the ID of the organization if the invitation was accepted.
        """
        key = self._key()
        if self.query["accept"]:
            result = answering.accept(by=self.caller, invitation_id=key)
            return self.respond(str(result.invitation.organization_id))
        answering.decline(by=self.caller, invitation_id=key)
        return self.respond(None)

    def _mine(self) -> InvitationQuerySet:
        return Invitation.objects.addressed_to(self.caller.user).open().with_details().with_member_count()

    def _key(self) -> UUID:
        key = parse_uuid(self.kwargs["invitation_id"])
        if key is None:
            raise Unreadable(faults=self._faults())
        return key

    def _faults(self) -> Faults:
        """Return all errors in the path, then all errors in the query string."""
        faults = []
        text = self.kwargs.get("invitation_id", "")
        if text and parse_uuid(text) is None:
            faults.append(fault(BAD_UUID, "path", "invitation_id", given=text))
        if self.operation.parameters:
            given = self.request.query_params.getlist("accept")
            if not given:
                faults.append(fault(MISSING, "query", "accept", given=None))
            elif len(given) > 1 or given[0].lower() not in ACCEPT.meanings:
                faults.append(fault(BAD_BOOLEAN, "query", "accept", given=given if len(given) > 1 else given[0]))
        return faults


# Paths and credentials

urlpatterns = [
    path("invitations", ZenmlInvitations.as_view({"get": "list"})),
    path("invitations/<str:invitation_id>", ZenmlInvitations.as_view({"get": "retrieve", "post": "answer"})),
]
credentials = {
    **{f"zenml_invitations.{name}": BEARER.scoped(INVITATIONS) for name in ("list", "retrieve")},
    "zenml_invitations.answer": PERSON_WITHOUT_COOKIE.scoped(INVITATIONS),
}
