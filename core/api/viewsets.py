"""The base of every viewset of the API, the house's and the dialects'."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from .envelope import EnvelopeRenderer, house_error_body
from .errors import ErrorBody
from .filters import StrictFilterBackend, StrictFilterSet
from .operations import Operation, operation_of, required_operation_of
from .pagination import Pagination
from .parsers import StrictJSONParser
from .query import Schema, read_headers, read_query
from .schema import OperationSchema
from .serializers import NoBody


class ApiViewSet(GenericViewSet):
    """Methods are operations (see `operation`): their input is read strictly before they run.

    What REST framework's generic views have as attributes, here each operation declares: its serializers, its
    `filterset_class` and its `pagination_class`.

    A method finds `self.query` and `self.header`, a value for every declared query parameter and header, and
    `self.body`, the validated body, and returns `self.respond(...)` or `self.respond_with_page(...)`. A dialect swaps
    `renderer_classes`, `error_body`, `schema`, credentials and paginators.
    """

    renderer_classes = [EnvelopeRenderer]
    parser_classes = [StrictJSONParser]
    filter_backends = [StrictFilterBackend]
    metadata_class = None
    schema = OperationSchema()
    error_body: ErrorBody = staticmethod(house_error_body)

    #: What the schema says of the parts of a path, where its route takes any text.
    path_parameters: Mapping[str, Schema] = {}

    #: Vendors whose framework ignores query parameters it does not know do not say 400 to their clients.
    refuse_unknown_parameters = True

    message: str
    query: dict[str, Any]
    filterset: StrictFilterSet | None
    header: dict[str, Any]
    body: dict[str, Any]

    @property
    def operation(self) -> Operation:
        """What the requested method promises."""
        return required_operation_of(self)

    @property
    def filterset_class(self) -> type[StrictFilterSet] | None:
        """The filters and the sort of the requested list."""
        return self.operation.filterset_class

    @property
    def pagination_class(self) -> type[Pagination] | None:  # type: ignore[override]
        """The pages of the requested list."""
        return self.operation.pagination_class

    def get_serializer_class(self) -> type[Serializer]:
        """Return the serializer of the answer. Raises ImproperlyConfigured where it has none."""
        if self.operation.serializer_class is None:
            raise ImproperlyConfigured(f"{self.action} declares no serializer of its answer.")
        return self.operation.serializer_class

    def get_permissions(self) -> list[Any]:
        """Nobody is asked for a public operation; an operation may ask for more than its viewset does."""
        found = operation_of(self)
        if found is None:
            return list(super().get_permissions())
        if found.public:
            return [AllowAny()]
        return [*super().get_permissions(), *(permission() for permission in found.permission_classes)]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate and authorize first, then read the input; a method the path lacks is left to be refused."""
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
        """Let no cache keep what was meant for one caller."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    def read_body(self, request: Request) -> dict[str, Any]:
        """Validate the body as the operation declares it; PATCH may leave fields out. Raises ValidationError."""
        body = self.operation.body or NoBody
        serializer = body(data=request.data, partial=request.method == "PATCH", context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def respond(self, value: Any = None) -> Response:
        """Answer with a value, or several where the operation says `many`, as its serializer represents it.

        Without a serializer, or without a value, it is the data itself.
        """
        if value is not None and self.operation.serializer_class:
            value = self.get_serializer(value, many=self.operation.many).data
        return Response(value, status=self.operation.status)

    def respond_without_data(self, status: int) -> Response:
        """Answer with another status of success, which the operation declares in `also`, and without data."""
        self.message = self.operation.also[status]
        return Response(None, status=status)

    def respond_with_page(self, rows: Any) -> Response:
        """Answer with the asked page of a queryset, filtered and sorted, as the serializer represents it."""
        if self.pagination_class is None:
            raise ImproperlyConfigured(f"{self.action} declares no pagination_class.")
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def cursor_context(self) -> str:
        """What cursors are bound to that neither path nor query names, such as the caller's active organization."""
        return ""
