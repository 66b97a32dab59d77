"""Applivery: list the open collaborator invitations of an application.

The API follows the vendor's document "Get list of collaborator invitations pending".

* Credentials: a bearer token from this service's authorization server or from a trusted identity provider.
* IDs: 24 hexadecimal digits. Organizations and applications can also be named by their slugs.
* Pages: numbered. The page numbers are next to `items`. `prevPage` and `nextPage` are 0 if there is no such page.
* Errors: a number and a message. The response for an object that does not exist or is not yours is 404 with the number
  3001.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from math import ceil
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import Case, CharField, F, UUIDField, Value, When
from django.http import HttpRequest
from django.urls import path
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BearerAuthentication
from accounts.credentials import BEARER
from core.addresses import Address
from core.api.errors import Problem
from core.api.filter_fields import SortField, Sorting, TextField
from core.api.filters import SortFilter, StrictFilterSet, TextFilter
from core.api.ids import OidField
from core.api.operations import operation
from core.api.pagination import PagePagination
from core.api.query import Schema, object_schema
from core.api.schema import OperationSchema
from core.api.serializers import HouseSerializer, TimeField, format_time, representing_serializer
from core.compiled_rows import CompiledRows
from core.ids import to_oid
from invitations.dialects import DialectViewSet
from invitations.dialects.applivery_application import ID_OR_SLUG_PATTERN, find_application
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from orgs import policies
from orgs.models import Organization, Role, Unit
from orgs.oauth.scopes import MEMBERS
from orgs.permissions import Level

title = "Applivery"


# Errors

ENTITY_NOT_FOUND = (3001, "Entity not found")
NO_TOKEN, INVALID_TOKEN = (4002, "No auth token"), (4004, "Invalid Token")


def error_body(problem: Problem, request: HttpRequest) -> dict[str, Any]:
    """Return the error body.

    The code is the one that the vendor documents for this error, if any. Otherwise, it is 4000 plus the last two digits
    of the HTTP status. For server errors, it is ten times the HTTP status.
    """
    code, message = 4000 + problem.status % 100, problem.sentence
    if problem.status == 401:
        code, message = NO_TOKEN if problem.code == "unauthenticated" else INVALID_TOKEN
    elif problem.status == 404:
        code, message = ENTITY_NOT_FOUND
    elif problem.status >= 500:
        code = 10 * problem.status
    return {"status": False, "error": {"code": code, "message": message}}


# Representation

SLUG = r"^[a-zA-Z0-9][a-zA-Z0-9-]+[a-zA-Z0-9]$"
EMAIL = re.compile(
    r"(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}", re.ASCII
)
ROLES = ("owner", "admin", "editor", "viewer", "unassigned")
# The name of a built-in role. The vendor has no custom roles, so custom roles are shown as `unassigned`.
ROLE = Case(When(unit_role__organization__isnull=True, then=F("unit_role__name")), default=Value("unassigned"))


def label_of(role: Role | None) -> str:
    """Return the name of a built-in role. As in ``ROLE``, every other role is shown as `unassigned`."""
    return role.name if role and role.is_built_in else "unassigned"


def representation(target: Mapping[str, Any], row: Any) -> dict[str, Any]:
    """Return what ``InvitationSerializer`` returns for a row of a list. ``target`` is that of all its rows."""
    return {
        "id": to_oid(row.pk),
        "email": row.email,
        **target,
        "role": row.unit_role__name if row.unit_role__organization_id is None else "unassigned",
        "createdBy": row.inviter_user_id and to_oid(row.inviter_user_id),
        "updatedAt": format_time(row.updated_at),
        "createdAt": format_time(row.created_at),
    }


def target_of(application: Unit) -> dict[str, Any]:
    """Return what the rows of a list say about their application."""
    info = representing_serializer(TargetSerializer).to_representation(application)
    return {"target": application.kind, "targetId": to_oid(application.pk), "targetInfo": info}


def divide_by_role(organization: Organization) -> Callable[[InvitationQuerySet], list[InvitationQuerySet]]:
    """Return a function that divides rows by their roles in the unit. An index sorts by role, but not by its name."""
    roles = Role.objects.usable_in(organization.pk).filter(level=Level.UNIT)
    labels = {role.pk: label_of(role) for role in roles}

    def divide(rows: InvitationQuerySet) -> list[InvitationQuerySet]:
        return [
            rows.filter(unit_role=key).annotate(role_label=Value(label, CharField())) for key, label in labels.items()
        ]

    return divide


class TargetSerializer(HouseSerializer):
    """The application of the invitation."""

    id = OidField()
    name = serializers.CharField(max_length=256)
    slug = serializers.CharField(min_length=3, max_length=128, validators=[RegexValidator(SLUG)])
    picture = serializers.CharField(source="picture_url", required=False)

    def to_representation(self, instance: Unit) -> dict[str, Any]:
        """Omit `picture` if the application has none."""
        row = super().to_representation(instance)
        return row if row["picture"] else {name: value for name, value in row.items() if name != "picture"}


class UnitRoleField(serializers.ChoiceField):
    """The name of the role in the application."""

    def get_attribute(self, invitation: Invitation) -> str:
        """Return the label of the role in the unit."""
        return label_of(invitation.unit_role)


class InvitationSerializer(HouseSerializer):
    """An invitation to an application, with the documented keys in the documented order."""

    id = OidField()
    email = serializers.EmailField(max_length=256)  # without the documented pattern: our addresses are wider
    target = serializers.ChoiceField(["organization", "application"], source="unit.kind")
    target_id = OidField(source="unit_id")
    target_info = TargetSerializer(source="unit")
    role = UnitRoleField(ROLES)
    created_by = OidField(source="inviter_user_id")
    updated_at = TimeField()
    created_at = TimeField()


# Parameters


class ApplicationSortField(SortField):
    """A field with an optional direction, such as `createdAt` or `email:asc`. The vendor documents the pattern."""

    pattern = re.compile(r"[\w.]*((:asc)|(:desc))?", re.ASCII)

    def to_python(self, value: Any) -> Sorting:
        """Check the pattern, then the field. Raises ValidationError."""
        if not self.pattern.fullmatch(value):
            raise ValidationError("This does not have the expected form.")
        return super().to_python(value)


class ApplicationSort(SortFilter):
    """Sort by a field. The default direction is ascending."""

    field_class = ApplicationSortField

    def sortings(self, column: str, name: str) -> list[Sorting]:
        """Return the values that clients can send: the field without a direction, and with each direction."""
        return [Sorting(name, column, descending=False), *super().sortings(column, name)]


class LowerCaseField(TextField):
    """An address that is not normalized, except for the letter case."""

    def clean(self, value: Any) -> Address:
        """Return the text in lower case."""
        return Address(super().clean(value).lower())


class LowerCaseFilter(TextFilter):
    """Filter by an address."""

    field_class = LowerCaseField


class InvitationFilter(StrictFilterSet):
    """The documented parameters, except those for pagination."""

    sort = ApplicationSort(
        fields={"created_at": "createdAt", "updated_at": "updatedAt", "email": "email", "role_label": "role"},
        initial="createdAt:desc",
    )
    email = LowerCaseFilter(max_length=256, pattern=EMAIL, help_text="Exactly this address. Case-insensitive.")


class Page(PagePagination):
    """The documented pagination object. All its numbers are required integers, so a missing page is 0."""

    def get_paginated_response(self, data: list[Any]) -> Response:  # type: ignore[override]
        """Return the rows with the page numbers."""
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

ID_OR_SLUG = {"type": "string", "pattern": f"^({ID_OR_SLUG_PATTERN.pattern})$"}
SUCCEEDED = {"type": "boolean", "description": "Whether the request succeeded."}
NUMBERS = {name: {"type": "integer", "minimum": 0} for name in ("totalDocs", "prevPage", "nextPage")}
FLAGS = {name: {"type": "boolean"} for name in ("hasPrevPage", "hasNextPage")}
POSITIONS = {name: {"type": "integer", "minimum": 1} for name in ("limit", "page", "totalPages")}


class AppliverySchema(OperationSchema):
    """Schema of the bodies: a boolean `status`, and the page in `data`."""

    error = object_schema(
        status={**SUCCEEDED, "const": False},
        error=object_schema(code={"type": "number"}, message={"type": "string"}),
    )

    def envelope(self, data: Schema) -> Schema:
        """Return the schema of a page."""
        page = object_schema(items=data, **NUMBERS, **FLAGS, **POSITIONS)
        return object_schema(status={**SUCCEEDED, "const": True}, data=page)


# Views


ROLE_COLUMNS = ("unit_role__name", "unit_role__organization_id")
COLUMNS = ("pk", "email", *ROLE_COLUMNS, "inviter_user_id", "created_at", "updated_at")


def open_to_application(organization: Any, unit: Any) -> InvitationQuerySet:
    """Return the open invitations to one unit, with what this API shows."""
    return Invitation.objects.filter(organization=organization, unit=unit).open().showing(*COLUMNS)


TO_APPLICATION = CompiledRows(open_to_application, organization=UUIDField(), unit=UUIDField())


class AppliveryInvitations(DialectViewSet):
    """The open collaborator invitations of an application."""

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

        The vendor's permission `base.people.applicationCollaborator.invitations` is the permission to manage the
        members of the application.
        """
        organization, application = find_application(self.caller, organization_id, application_id)
        policies.require_member_management(self.caller, organization, application)
        rows: Any = TO_APPLICATION.of(organization=organization.pk, unit=application.pk)
        if self.query["sort"].column == "role_label":
            rows = open_to_application(organization.pk, application.pk).annotate(role_label=ROLE)
            rows = rows.divided(divide_by_role(organization))
        return self.respond_with_page(rows, partial(representation, target_of(application)))


# Paths and credentials

urlpatterns = [
    path(
        "v1/organizations/<str:organization_id>/apps/<str:application_id>/collaborators/invitations",
        AppliveryInvitations.as_view({"get": "list"}),
    ),
]
credentials = {"applivery_invitations.list": BEARER.scoped(*MEMBERS)}
