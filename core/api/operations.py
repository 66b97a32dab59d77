"""The decorator that declares a viewset method as an API operation.

The view and the OpenAPI schema read the declaration.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from inspect import cleandoc
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import BasePermission
from rest_framework.serializers import Serializer

from .filters import StrictFilterSet
from .pagination import Pagination
from .parameters import Fields
from .query import Schema

# Used in examples in place of the ID of an object of the caller.
EXAMPLE_ID = "01900000-0000-7000-8000-000000000000"

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """An HTTP method of a path: its input, its response and its permissions.

    A list declares ``filterset_class`` and ``pagination_class``. Other operations declare their query parameters in
    ``parameters``. ``response`` is the serializer or the JSON Schema of the response. With ``many``, the response is a
    list without pages. With ``media_type``, it is a file of this type. ``also`` maps additional success statuses, whose
    responses have no data, to their messages. ``name`` is the ``operationId``. Set it if the vendor's document has
    one. ``example`` is a body that works, with the IDs and tokens of the caller's own objects in place of those in the
    example.
    """

    message: str
    name: str = ""
    media_type: str = ""
    body: type[Serializer] | None = None
    example: Mapping[str, Any] | None = None
    response: type[Serializer] | Schema | None = None
    many: bool = False
    status: int = 200
    also: Mapping[int, str] = field(default_factory=dict)
    filterset_class: type[StrictFilterSet] | None = None
    pagination_class: type[Pagination] | None = None
    parameters: Fields = field(default_factory=dict)
    headers: Fields = field(default_factory=dict)
    public: bool = False
    permission_classes: tuple[type[BasePermission], ...] = ()
    errors: tuple[int, ...] = ()
    documentation: str = ""

    @property
    def serializer_class(self) -> type[Serializer] | None:
        """The serializer of the response. It is None if there is no response body or only a JSON Schema."""
        return self.response if isinstance(self.response, type) else None

    @cached_property
    def fields(self) -> Fields:
        """The query parameters that are not filters: the operation's parameters and the paginator's parameters."""
        return {**self.parameters, **(self.pagination_class.query_fields() if self.pagination_class else {})}


def operation(message: str, **options: Any) -> Callable[[Method], Method]:
    """Declare a viewset's method as an operation. `options` are the fields of `Operation`.

    `message` is the envelope's message on success. `errors` lists error statuses in addition to those that every
    operation has. In the schema, the first line of the method's docstring is the summary, and the rest is the
    description.
    """

    def declare(method: Method) -> Method:
        documentation = cleandoc(method.__doc__ or "")
        method.operation = Operation(message, documentation=documentation, **options)  # type: ignore[attr-defined]
        return method

    return declare


def operation_of(view: Any) -> Operation | None:
    """Return the requested operation of a view, or None if the path does not support the method."""
    method = getattr(view, getattr(view, "action", None) or "", None)
    return getattr(method, "operation", None)


def required_operation_of(view: Any) -> Operation:
    """Return the requested operation of a view. Raises ImproperlyConfigured if there is none."""
    found = operation_of(view)
    if found is None:
        raise ImproperlyConfigured(f"{type(view).__name__}.{view.action} is routed but is not an @operation.")
    return found
