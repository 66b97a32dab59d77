"""The base class of every API viewset, in the house API and in the dialects."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from .entity_tags import IF_NONE_MATCH_HEADER, add_entity_tag
from .envelope import EnvelopeRenderer, house_error_body
from .errors import ErrorBody
from .filters import StrictFilterBackend, StrictFilterSet
from .operations import Operation, operation_of, required_operation_of
from .pagination import Pagination
from .parsers import StrictJSONParser
from .query import Schema, read_headers, read_query
from .schema import OperationSchema
from .serializers import NoBody, representing_serializer

#: A function that converts a row of a list to JSON values, as the operation's serializer does.
Representation = Callable[[Any], dict[str, Any]]


class ApiViewSet(GenericViewSet):
    """A viewset whose methods are declared with `@operation`. Their input is validated before they run.

    Each operation declares its serializers, `filterset_class` and `pagination_class`. In REST framework's generic
    views, these are attributes of the view class.

    A method reads the declared query parameters from `self.query`, the declared headers from `self.header`, and the
    validated body from `self.body`. Parameters and headers that were not sent have their default values. The method
    returns `self.respond(...)` or `self.respond_with_page(...)`. A dialect overrides `renderer_classes`, `error_body`,
    `schema`, credentials and paginators.
    """

    renderer_classes = [EnvelopeRenderer]
    parser_classes = [StrictJSONParser]
    filter_backends = [StrictFilterBackend]
    metadata_class = None
    schema = OperationSchema()
    error_body: ErrorBody = staticmethod(house_error_body)

    #: The tag of the operations in the OpenAPI document. By default, it is made from `resource`.
    tag = ""

    #: JSON Schemas of path parameters for which the route accepts any string.
    path_parameters: Mapping[str, Schema] = {}

    #: Set to False if the vendor's API ignores unknown query parameters.
    refuse_unknown_parameters = True

    message: str
    query: dict[str, Any]
    filterset: StrictFilterSet | None
    header: dict[str, Any]
    body: dict[str, Any]

    @property
    def operation(self) -> Operation:
        """The requested operation."""
        return required_operation_of(self)

    @property
    def filterset_class(self) -> type[StrictFilterSet] | None:
        """The filters and the sort of the requested operation."""
        return self.operation.filterset_class

    @property
    def pagination_class(self) -> type[Pagination] | None:  # type: ignore[override]
        """The paginator of the requested operation."""
        return self.operation.pagination_class

    def get_serializer_class(self) -> type[Serializer]:
        """Return the serializer of the response. Raises ImproperlyConfigured if there is none."""
        if self.operation.serializer_class is None:
            raise ImproperlyConfigured(f"{self.action} declares no serializer for its response.")
        return self.operation.serializer_class

    def get_permissions(self) -> list[Any]:
        """Return the permissions of the viewset and of the operation. A public operation only has `AllowAny`."""
        found = operation_of(self)
        if found is None:
            return list(super().get_permissions())
        if found.public:
            return [AllowAny()]
        return [*super().get_permissions(), *(permission() for permission in found.permission_classes)]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Return the renderer. Files do not depend on the Accept header, and their errors are always JSON."""
        found = operation_of(self)
        return super().perform_content_negotiation(request, force or bool(found and found.media_type))

    def perform_authentication(self, request: Request) -> None:
        """Authenticate the request and count it, before anything else is done for it."""
        super().perform_authentication(request)
        super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Do nothing. REST framework would count only requests that have permission."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate and authorize the request, then validate its input.

        REST framework rejects methods that are not routed.
        """
        super().initial(request, *args, **kwargs)
        if self.action is None or self.action == "metadata":
            return
        self.message = self.operation.message
        self.query, self.filterset = read_query(
            request, self.operation.fields, self.filterset_class, refuse_unknown=self.refuse_unknown_parameters
        )
        self.header = read_headers(request, self.operation.headers)
        self.body = {} if request.method in SAFE_METHODS else self.read_body(request)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Forbid caching, because the response depends on the caller. Set the `ETag` of a resource that has one."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        if response.status_code == 200 and IF_NONE_MATCH_HEADER in self.operation.headers:
            add_entity_tag(response, self.header[IF_NONE_MATCH_HEADER])
        return response

    def read_body(self, request: Request) -> dict[str, Any]:
        """Validate the body against the declared serializer. PATCH may omit fields. Raises ValidationError."""
        body = self.operation.body or NoBody
        serializer = body(data=request.data, partial=request.method == "PATCH", context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def respond(self, value: Any = None) -> Response:
        """Return a response with the serialized value. If the operation declares `many`, the value is a list.

        If the operation has no serializer, or if the value is None, the value is not serialized.
        """
        if value is not None and self.operation.serializer_class:
            value = self.represent(value) if self.operation.many else self.represent([value])[0]
        return Response(value, status=self.operation.status)

    def respond_without_data(self, status: int) -> Response:
        """Return a response without data. The operation's `also` must contain the status."""
        self.message = self.operation.also[status]
        return Response(None, status=status)

    def respond_with_page(self, rows: Any, represent: Representation | None = None) -> Response:
        """Return the requested page of a queryset after filtering and sorting.

        Convert the rows of the page with ``represent`` or, without it, with the operation's serializer.
        """
        if self.pagination_class is None:
            raise ImproperlyConfigured(f"{self.action} declares no pagination_class.")
        page = self.paginate_queryset(self.filter_queryset(rows)) or []
        return self.get_paginated_response([represent(row) for row in page] if represent else self.represent(page))

    def represent(self, rows: Iterable[Any]) -> list[Any]:
        """Return each row as the operation's serializer converts it to JSON values."""
        serializer = representing_serializer(self.get_serializer_class())
        return [serializer.to_representation(row) for row in rows]

    def cursor_context(self) -> str:
        """Return a value that a cursor depends on in addition to the path and the query.

        An example is the caller's active organization.
        """
        return ""
