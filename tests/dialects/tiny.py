"""A sixth dialect in one file: it counts the caller's open invitations."""

from django.http import HttpRequest
from django.urls import path
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BearerAuthentication
from accounts.credentials import BEARER
from accounts.oauth.scopes import INVITATIONS
from core.api.errors import Problem
from core.api.operations import operation
from core.api.query import Schema
from core.api.schema import OperationSchema
from invitations.dialects import DialectViewSet
from invitations.models import Invitation

title = "Tiny"


# Errors


def error_body(problem: Problem, request: HttpRequest) -> list[str]:
    """Return a list with the error code."""
    return [problem.code]


# Schema


class TinySchema(OperationSchema):
    """The OpenAPI schema of the dialect. Responses have no envelope."""

    error = {"type": "array", "items": {"type": "string"}}

    def envelope(self, data: Schema) -> Schema:
        """Return the schema of the data unchanged, because the dialect has no envelope."""
        return data


# Views


class TinyInvitations(DialectViewSet):
    """The caller's open invitations."""

    resource = "tiny_invitations"
    authentication_classes = [BearerAuthentication]
    renderer_classes = [JSONRenderer]
    schema = TinySchema()
    error_body = staticmethod(error_body)

    @operation("OK", name="count", response={"type": "integer"})
    def count(self, request: Request) -> Response:
        """Count my open invitations."""
        return self.respond(Invitation.objects.addressed_to(self.caller.user).open().count())


# Paths and credentials

urlpatterns = [path("count", TinyInvitations.as_view({"get": "count"}))]
credentials = {"tiny_invitations.count": BEARER.scoped(INVITATIONS)}
