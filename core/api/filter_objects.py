"""The filters of a list, as an object in the body of a request."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.drainage import get_override, set_override
from rest_framework import serializers
from rest_framework.fields import Field

from .filters import ChoiceFilter, StrictFilterSet, UuidFilter
from .names import AsSent
from .serializers import MAX_NAME_LENGTH


class FiltersField(Field):
    """An object with the filters of a list. The values are strings, as in the query of the list."""

    def __init__(self, filterset_class: type[StrictFilterSet], **options: Any) -> None:
        super().__init__(**options)
        self.filterset_class = filterset_class
        set_override(self, "field", schema_of_filters(filterset_class))

    def to_internal_value(self, data: Any) -> StrictFilterSet:
        """Return the valid filters. Raises ValidationError with the messages of all filters that are not valid."""
        if not isinstance(data, Mapping):
            raise serializers.ValidationError("An object with filters is expected.")
        filters = self.filterset_class.base_filters
        faults: dict[str, Any] = {
            AsSent(name[:MAX_NAME_LENGTH]): ["This filter is unknown."] for name in data if name not in filters
        }
        faults |= {name: ["A string is expected."] for name in filters if not isinstance(data.get(name, ""), str)}
        filterset = self.filterset_class({name: data[name] for name in filters if name in data and name not in faults})
        faults |= filterset.faults
        if faults:
            raise serializers.ValidationError(faults)
        return filterset

    def to_representation(self, value: Any) -> Any:
        """Raise NotImplementedError, because no response contains filters."""
        raise NotImplementedError


def schema_of_filters(filterset_class: type[StrictFilterSet]) -> dict[str, Any]:
    """Return the JSON Schema of an object with these filters."""
    properties = {name: _schema_of(one) for name, one in filterset_class.base_filters.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _schema_of(one: Any) -> dict[str, Any]:
    schema: dict[str, Any] = dict(get_override(one, "field", {}))
    if not schema:
        schema = {"type": "string"}
        schema |= {"format": "uuid"} if isinstance(one, UuidFilter) else {}
        schema |= {"enum": [word for word, _ in one.extra["choices"]]} if isinstance(one, ChoiceFilter) else {}
    return schema | {"description": one.extra.get("help_text", "The sort order.")}
