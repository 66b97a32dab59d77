"""What an operation of the API promises, declared once on its method: read by the view and by the schema."""

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

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """One method of one path: what comes in, what goes out, who may call.

    A list declares its ``filterset_class`` and its ``pagination_class``; ``parameters`` are those of other operations.
    ``also`` are further statuses of success, which come without data, and what they say. ``name`` is what the schema
    calls the operation, for vendors whose documents have a name for it.
    """

    message: str
    name: str = ""
    body: type[Serializer] | None = None
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
        """The serializer of the answer, unless that is described by a bare schema or there is none."""
        return self.response if isinstance(self.response, type) else None

    @cached_property
    def fields(self) -> Fields:
        """What may stand in the query beside the filters: the operation's own parameters and its paginator's."""
        return {**self.parameters, **(self.pagination_class.query_fields() if self.pagination_class else {})}


def operation(message: str, **promises: Any) -> Callable[[Method], Method]:
    """Declare a viewset's method as an operation; `promises` are the fields of `Operation`.

    `message` is what the envelope says on success, `errors` are statuses beyond those that any operation may give.
    The method's docstring becomes its documentation: the first line a summary, the rest a description.
    """

    def declare(method: Method) -> Method:
        documentation = cleandoc(method.__doc__ or "")
        method.operation = Operation(message, documentation=documentation, **promises)  # type: ignore[attr-defined]
        return method

    return declare


def operation_of(view: Any) -> Operation | None:
    """The operation that a view was asked for; none for a method that its path does not have."""
    method = getattr(view, getattr(view, "action", None) or "", None)
    return getattr(method, "operation", None)


def required_operation_of(view: Any) -> Operation:
    """The operation of a view that must have one. Raises ImproperlyConfigured."""
    found = operation_of(view)
    if found is None:
        raise ImproperlyConfigured(f"{type(view).__name__}.{view.action} is routed and not an @operation.")
    return found
