"""The query parameters and the pages of the list of events."""

import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request
from rest_framework.views import APIView

from core.api.envelope import PageResponse
from core.api.filters import ChoicesFilter, StrictFilterSet
from core.api.pagination import Pagination
from core.api.parameters import Fields, ParameterField
from core.api.query import InvalidQuery, Schema
from core.ids import parse_uuid
from events.following import MAX_EXAMINED, EventReader, Position
from events.kinds import KINDS

NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
UUID_PATTERN = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
FORMER_CURSOR = re.compile(r"[A-Za-z0-9_-]{1,1000}:[A-Za-z0-9_-]{1,100}", re.ASCII)
HELP = "The number or the ID of an event: returns the events {} it."
TYPES = (
    f"Only events of these kinds, separated by commas. A page looks at {MAX_EXAMINED:,} events at most. So it can have "
    "fewer events than `limit`, or none, and still have a next page."
)


@extend_schema_field({"type": "string", "pattern": f"^({NUMBER.pattern}|{UUID_PATTERN})$"})
class EventPositionParameter(ParameterField):
    """The number or the id of an event. A cursor of a former version is also read, so that it can be answered."""

    default_error_messages = {"invalid": "The number or the ID of an event is expected."}

    def to_internal_value(self, data: str) -> Position:
        """Return the position."""
        position = int(data) if NUMBER.fullmatch(data) else parse_uuid(data)
        if position is None and FORMER_CURSOR.fullmatch(data):
            return data
        if position is None:
            self.fail("invalid")
        return position


class EventTypeFilter(StrictFilterSet):
    """The kinds of the listed events. ``EventPagination`` applies it."""

    types = ChoicesFilter(field_name="kind", choices=KINDS, help_text=TYPES)


class EventPagination(Pagination):
    """`?after=` or `?before=` with the number or the ID of an event, and `?limit=`. The view filters by `?types=`.

    The block has the numbers with which to ask for the neighbors of the page. They never become invalid, unless events
    are deleted (EventPositionGone).
    """

    @classmethod
    def query_fields(cls) -> Fields:
        """Return the parameters for the page size and the positions."""
        positions = {name: EventPositionParameter(help_text=HELP.format(name)) for name in ("after", "before")}
        return {cls.page_size_query_param: cls.limit_field(), **positions}

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """Return the events of the page. Raises EventPositionGone, and InvalidQuery for two positions."""
        query: Mapping[str, Any] = view.query  # type: ignore[union-attr]
        after, before, self.limit = query["after"], query["before"], query[self.page_size_query_param]
        if after is not None and before is not None:
            raise InvalidQuery(fields={"before": ["This cannot be combined with after."]})
        reader = EventReader(queryset, query["types"] or ())
        if before is not None:
            self.page = reader.page_before(reader.number_of(before), self.limit)
        else:
            self.page = reader.page_after(None if after is None else reader.number_of(after), self.limit)
        return self.page.events

    def get_paginated_response(self, data: list[Any]) -> PageResponse:
        """Return the response with the events and the pagination block."""
        block = {
            "limit": self.limit,
            "before": self.page.before,
            "after": self.page.after,
            "hasNext": self.page.has_next,
            "hasPrev": self.page.has_prev,
        }
        return PageResponse(data, block)

    @classmethod
    def block_schema(cls) -> Schema:
        """Return the JSON Schema of the pagination block."""
        numbers = {
            name: {"type": "integer", "minimum": 0, "description": f"Ask with this for the events {name} this page."}
            for name in ("before", "after")
        }
        flags = {name: {"type": "boolean"} for name in ("hasNext", "hasPrev")}
        properties = {"limit": {"type": "integer", "minimum": 1}} | numbers | flags
        return {"type": "object", "properties": properties, "required": list(properties)}
