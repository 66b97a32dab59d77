"""Applivery: an application's open collaborator invitations.

After the vendor's document "Get list of collaborator invitations pending".

* The credential is a bearer token: of this service's authorization server, or of a trusted identity provider.
* Ids are 24 hexadecimal digits. Organizations and applications can be named by their slugs as well.
* Pages have numbers, and stand beside the `items`; where there is no page before or behind, its number is 0.
* Errors have a number and a message. What is unknown, or of others, is 404 with 3001.
"""

import re
from math import ceil
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import Case, F, Value, When
from django.http import HttpRequest
from django.urls import path
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BearerAuthentication
from accounts.credentials import BEARER
from core.api.errors import Problem
from core.api.filter_fields import SortField, Sorting
from core.api.filters import SortFilter, StrictFilterSet, TextFilter
from core.api.ids import OidField
from core.api.operations import operation
from core.api.pagination import PagePagination
from core.api.query import Schema, object_schema
from core.api.schema import OperationSchema
from core.api.serializers import HouseSerializer, TimeField
from core.ids import parse_oid
from invitations.dialects import DialectViewSet
from invitations.models import Invitation
from orgs.locks import OrganizationNotFound
from orgs.lookups import UnitNotFound
from orgs.models import Organization, Unit
from orgs.oauth.scopes import MEMBERS
from orgs.querysets import units_of

title = "Applivery"


# Errors

ENTITY_NOT_FOUND = (3001, "Entity not found")
NO_TOKEN, INVALID_TOKEN = (4002, "No auth token"), (4004, "Invalid Token")


def error_body(problem: Problem, request: HttpRequest) -> dict[str, Any]:
    """A number and a message: the documented ones where the document has any, else 4000 and the status's tail."""
    code, message = 4000 + problem.status % 100, problem.sentence
    if problem.status == 401:
        code, message = NO_TOKEN if problem.code == "unauthenticated" else INVALID_TOKEN
    elif problem.status == 404:
        code, message = ENTITY_NOT_FOUND
    elif problem.status >= 500:
        code = 10 * problem.status
    return {"status": False, "error": {"code": code, "message": message}}


# Spelling

NAME = re.compile(r"([a-fA-F0-9]{24})|([a-zA-Z0-9\-]{3,})", re.ASCII)
SLUG = r"^[a-zA-Z0-9][a-zA-Z0-9-]+[a-zA-Z0-9]$"
EMAIL = re.compile(
    r"(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}", re.ASCII
)
ROLES = ("owner", "admin", "editor", "viewer", "unassigned")
# A built-in role by its name; what an organization made of its own is nothing that this vendor knows.
ROLE = Case(When(unit_role__organization__isnull=True, then=F("unit_role__name")), default=Value("unassigned"))


class TargetSerializer(HouseSerializer):
    """The application that the invitation leads to."""

    id = OidField()
    name = serializers.CharField(max_length=256)
    slug = serializers.CharField(min_length=3, max_length=128, validators=[RegexValidator(SLUG)])
    picture = serializers.CharField(source="picture_url", required=False)

    def to_representation(self, instance: Unit) -> dict[str, Any]:
        """Without a picture where there is none."""
        row = super().to_representation(instance)
        return row if row["picture"] else {name: value for name, value in row.items() if name != "picture"}


class InvitationSerializer(HouseSerializer):
    """One invitation, in the document's order of keys; the list holds invitations to an application only."""

    id = OidField()
    email = serializers.EmailField(max_length=256, validators=[RegexValidator(f"^{EMAIL.pattern}$")])
    target = serializers.ChoiceField(["organization", "application"], source="unit.kind")
    target_id = OidField(source="unit_id")
    target_info = TargetSerializer(source="unit")
    role = serializers.ChoiceField(ROLES, source="role_spelled")
    created_by = OidField(source="inviter_user_id")
    updated_at = TimeField()
    created_at = TimeField()


# Parameters


class ApplicationSortField(SortField):
    """A field, perhaps with a direction: ``createdAt``, ``email:asc``; the document's pattern, matched whole."""

    pattern = re.compile(r"[\w.]*((:asc)|(:desc))?", re.ASCII)

    def to_python(self, value: Any) -> Sorting:
        """Refuse what does not match, before it is looked for among the fields there are."""
        if not self.pattern.fullmatch(value):
            raise ValidationError("This does not have the expected form.")
        return super().to_python(value)


class ApplicationSort(SortFilter):
    """By a field; without a direction ascending."""

    field_class = ApplicationSortField

    def sortings(self, column: str, name: str) -> list[Sorting]:
        """The bare name stands in front of both directions."""
        return [Sorting(name, column, descending=False), *super().sortings(column, name)]


class InvitationFilter(StrictFilterSet):
    """The document's two parameters beside those of the page."""

    sort = ApplicationSort(
        fields={"created_at": "createdAt", "updated_at": "updatedAt", "email": "email", "role_spelled": "role"},
        initial="createdAt:desc",
    )
    email = TextFilter(max_length=256, pattern=EMAIL, help_text="Exactly this address, in any case.")


class Page(PagePagination):
    """The document's block: its numbers are required integers, so an end that is not there is 0."""

    def get_paginated_response(self, data: list[Any]) -> Response:  # type: ignore[override]
        """The rows beside the numbers."""
        pages = max(1, ceil(self.total / self.limit))
        has_previous, has_next = self.page > 1, self.page < pages
        block = {
            "items": data,
            "totalDocs": self.total,
            "limit": self.limit,
            "hasPrevPage": has_previous,
            "hasNextPage": has_next,
            "page": self.page,
            "totalPages": pages,
            "prevPage": self.page - 1 if has_previous else 0,
            "nextPage": self.page + 1 if has_next else 0,
        }
        return Response({"status": True, "data": block})


# Schema

ID_OR_SLUG = {"type": "string", "pattern": f"^({NAME.pattern})$"}
NUMBERS = {name: {"type": "integer", "minimum": 0} for name in ("totalDocs", "prevPage", "nextPage")}
FLAGS = {name: {"type": "boolean"} for name in ("hasPrevPage", "hasNextPage")}
POSITIONS = {name: {"type": "integer", "minimum": 1} for name in ("limit", "page", "totalPages")}


class AppliverySchema(OperationSchema):
    """A status in words of truth, and the page as the data."""

    error = object_schema(
        status={"type": "boolean", "const": False},
        error=object_schema(code={"type": "number"}, message={"type": "string"}),
    )

    def envelope(self, data: Schema) -> Schema:
        """The page around its rows."""
        page = object_schema(items=data, **NUMBERS, **FLAGS, **POSITIONS)
        return object_schema(status={"type": "boolean", "const": True}, data=page)


# Views


class AppliveryInvitations(DialectViewSet):
    """The collaborator invitations of one application."""

    resource = "applivery_invitations"
    authentication_classes = [BearerAuthentication]
    renderer_classes = [JSONRenderer]
    schema = AppliverySchema()
    error_body = staticmethod(error_body)
    path_parameters = {"organization_id": ID_OR_SLUG, "application_id": ID_OR_SLUG}
    refuse_unknown_parameters = False

    @operation(
        "OK",
        name="getInvitations",
        response=InvitationSerializer,
        filterset_class=InvitationFilter,
        pagination_class=Page,
    )
    def list(self, request: Request, organization_id: str, application_id: str) -> Response:
        """Get list of collaborator invitations pending.

        The vendor's permission base.people.applicationCollaborator.invitations is to manage the application's members.
        """
        visible = Organization.objects.visible_to(self.caller).live()
        organization = named(visible, organization_id, OrganizationNotFound)
        applications = units_of(self.caller, organization).filter(kind=Unit.Kind.APPLICATION)
        application = named(applications, application_id, UnitNotFound)
        rows = Invitation.objects.managed_in_unit(organization, application, self.caller).open().with_details()
        return self.respond_with_page(rows.annotate(role_spelled=ROLE))


def named(rows: Any, text: str, otherwise: type[Exception]) -> Any:
    """The one row with this id (24 hex digits, which win) or slug; raises ``otherwise``, also when it is ambiguous."""
    bounds = parse_oid(text)
    found = rows.filter(pk__range=bounds) if bounds else rows.filter(slug=text.lower())
    first_two = list(found[:2]) if NAME.fullmatch(text) else []
    if len(first_two) != 1:
        raise otherwise
    return first_two[0]


# Paths and credentials

urlpatterns = [
    path(
        "v1/organizations/<str:organization_id>/apps/<str:application_id>/collaborators/invitations",
        AppliveryInvitations.as_view({"get": "list"}),
    ),
]
credentials = {"applivery_invitations.list": BEARER.scoped(*MEMBERS)}
