"""Strict filters, based on django-filter. A list declares its filters and sort orders in a ``StrictFilterSet``.

    class MemberFilter(StrictFilterSet):
        email = AddressFilter(field_name="user__email", help_text="…")
        sort = SortFilter(fields={"created_at": "joinedAt"}, initial="joinedAt:asc")

The operation names this class: ``@operation(…, filterset_class=MemberFilter)``. `help_text` is the description in the
OpenAPI document. `initial` is the default value of the parameter.
"""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cache, cached_property
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db import models
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

from core.compiled_rows import ShapedRows

from .filter_fields import BooleanField, SortField, Sorting, TextField, UuidField, WordField, WordsField
from .parameters import text_schema


class StrictFilterSet(django_filters.FilterSet):
    """A FilterSet that rejects every invalid value, including an empty one.

    `data` maps each parameter to one string. The view rejects unknown and repeated parameters, because only the view
    also knows the paginator's parameters. For speed, the form has fields only for the parameters that were sent.

    A filter that accepts any number of values has a ``parameter``, the model field of the value. In compiled rows, its
    value is then a parameter and not a part of the SQL (``filter_compiled``).
    """

    #: Parameters whose names differ from their filters' names: ``{"invited_by": "invitedBy"}``.
    parameter_names: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self, data: Mapping[str, str] | None = None, queryset: QuerySet | None = None, *, request: Any = None
    ) -> None:
        # FilterSet's own __init__ deep-copies every filter, which is slow.
        self.is_bound = True
        self.data = data or {}
        self.queryset = queryset
        self.request = request
        self.form_prefix = None
        names = self.data.keys() | self.initial_values().keys()
        self.filters = {name: self.own(one) for name, one in self.base_filters.items() if name in names}

    def own(self, declared: django_filters.Filter) -> django_filters.Filter:
        """Return the declared filter. If it filters by a method, return a copy bound to this FilterSet."""
        if declared.method is None:
            return declared
        found = copy(declared)
        found.parent = self
        found.method = declared.method  # the setter of `method` binds the method to the copy
        return found

    def get_form_class(self) -> type[forms.Form]:
        """Return the form class for the parameters that were sent. The classes are cached by parameter names."""
        return self.form_class(tuple(name for name in self.filters if name in self.data))

    def filter_queryset(self, queryset: Any) -> Any:
        """Apply the filters that were sent or have an initial value. Raises ValueError if a value is not valid."""
        if not self.is_valid():
            raise ValueError(self.faults)
        for name, one in self.filters.items():
            queryset = one.filter(queryset, self.values[name])
        return queryset

    def filter_compiled(self, rows: ShapedRows) -> ShapedRows:
        """Apply the filters to compiled rows. The values of filters without a ``parameter`` are part of their shape."""
        fields = {name: one.parameter for name, one in self.filters.items() if hasattr(one, "parameter")}
        parameters = {f"filter_{name}": (field, self.values[name]) for name, field in fields.items()}
        constants = tuple((name, self.values[name]) for name in self.filters if name not in fields)
        return rows.then(_filtered, type(self), constants, **parameters)

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> "StrictFilterSet":
        """Return a FilterSet with these parsed values, or expressions in their place, by parameter name."""
        found = cls()
        found.filters = {name: found.own(cls.base_filters[name]) for name in values}
        found.values = dict.fromkeys(cls.base_filters) | values
        return found

    @classmethod
    def get_filters(cls) -> dict[str, django_filters.Filter]:
        """Return the declared filters by parameter name."""
        return {cls.parameter_names.get(name, name): one for name, one in super().get_filters().items()}

    @classmethod
    @cache
    def initial_values(cls) -> dict[str, Any]:
        """Return the parsed initial values by parameter name."""
        declared = cls.base_filters.items()
        return {name: one.field.clean(one.extra["initial"]) for name, one in declared if "initial" in one.extra}

    @classmethod
    @cache
    def form_class(cls, names: tuple[str, ...]) -> type[forms.Form]:
        """Return a form class with the fields of these filters. Every field is required, so "" is not valid."""
        fields = {name: cls.base_filters[name].field for name in names}
        for field in fields.values():
            field.required = True
        return type(f"{cls.__name__}Form", (forms.Form,), fields)

    @cached_property
    def values(self) -> dict[str, Any]:
        """The parsed value of each parameter. If a parameter has no valid value, its initial value or None."""
        values = dict.fromkeys(self.base_filters) | self.initial_values()
        if self.data:
            self.form.is_valid()  # sets cleaned_data
            values |= self.form.cleaned_data
        return values

    def is_valid(self) -> bool:
        """Return whether all values are valid."""
        return not self.errors

    @property
    def errors(self) -> Mapping[str, Any]:
        """The error messages by parameter. If no parameters were sent, no form is created."""
        return self.form.errors if self.data else {}

    @property
    def faults(self) -> dict[str, list[str]]:
        """The first error message of each parameter that is not valid."""
        return {name: list(messages)[:1] for name, messages in self.errors.items()}


def _filtered(rows: QuerySet, filterset: type[StrictFilterSet], constants: Any, **values: Any) -> QuerySet:
    """Return the rows after these filters. The parameters have a prefix, so that they differ from those of the list."""
    named = {name.removeprefix("filter_"): value for name, value in values.items()}
    found: QuerySet = filterset.of_values(dict(constants) | named).filter_queryset(rows)
    return found


class StrictFilterBackend(DjangoFilterBackend):
    """Filter with the FilterSet that the view has validated already."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        """Return the filtered and sorted rows."""
        if isinstance(queryset, ShapedRows):
            return view.filterset.filter_compiled(queryset) if view.filterset else queryset
        return super().filter_queryset(request, queryset, view)

    def get_filterset(self, request: Request, queryset: QuerySet, view: Any) -> StrictFilterSet | None:
        """Return the view's FilterSet with the queryset."""
        if view.filterset is not None:
            view.filterset.queryset = queryset
        return view.filterset


# Filters


def wrong(message: str) -> dict[str, Any]:
    """Return the form field option that sets one message for all errors."""
    return {"error_messages": dict.fromkeys(("required", "invalid"), message)}


class TextFilter(django_filters.CharFilter):
    """A string of 1 to ``max_length`` characters.

    If there is a pattern, the whole string must match it. Compile the pattern with re.ASCII.
    """

    field_class = TextField
    parameter = models.CharField()

    def __init__(
        self, *args: Any, max_length: int = 256, pattern: re.Pattern[str] | None = None, **options: Any
    ) -> None:
        length = f"Between 1 and {max_length} characters are expected."
        messages = {"error_messages": {"required": length, "max_length": length}}
        super().__init__(*args, max_length=max_length, pattern=pattern, **messages, **options)
        extend_schema_field(text_schema(max_length, pattern))(self)


class BooleanFilter(django_filters.BooleanFilter):
    """`true` or `false`."""

    field_class = BooleanField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **wrong("true or false is expected."), **options)


class UuidFilter(django_filters.UUIDFilter):
    """A UUID."""

    field_class = UuidField
    parameter = models.UUIDField()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **wrong("A UUID is expected."), **options)


class ChoiceFilter(django_filters.ChoiceFilter):
    """One of the given choices: ``ChoiceFilter(choices=["pending", "error"])``."""

    field_class: type[forms.Field] = WordField

    def __init__(self, *args: Any, choices: Sequence[str], **options: Any) -> None:
        messages = wrong(f"One of these is expected: {', '.join(choices)}.")
        super().__init__(*args, choices=[(word, word) for word in choices], **(messages | options))


class ChoicesFilter(ChoiceFilter):
    """One or more of the given choices, separated by commas, without repetition."""

    field_class = WordsField

    def __init__(self, *args: Any, choices: Sequence[str], **options: Any) -> None:
        messages = wrong(f"Some of these are expected, separated by commas: {', '.join(choices)}.")
        super().__init__(*args, lookup_expr="in", choices=choices, **messages, **options)
        words = "|".join(map(re.escape, choices))
        extend_schema_field({"type": "string", "pattern": f"^({words})(,({words}))*$"})(self)


class SortFilter(ChoiceFilter):
    """``name:asc`` or ``name:desc``: ``SortFilter(fields={"created_at": "createdAt"}, initial="createdAt:desc")``.

    As in django-filter's OrderingFilter, ``fields`` maps columns to names in the API.
    """

    field_class = SortField

    def __init__(self, *args: Any, fields: Mapping[str, str], initial: str, **options: Any) -> None:
        sortings = {one.text: one for column, name in fields.items() for one in self.sortings(column, name)}
        super().__init__(*args, choices=list(sortings), sortings=sortings, initial=initial, **options)

    def sortings(self, column: str, name: str) -> list[Sorting]:
        """Return the ascending and descending order by a column. A dialect may override this to change the names."""
        return [Sorting(f"{name}:{way}", column, descending=way == "desc") for way in ("asc", "desc")]

    def filter(self, qs: QuerySet, value: Sorting) -> QuerySet:
        """Return the rows in this sort order."""
        return qs.order_by(*value.columns)
