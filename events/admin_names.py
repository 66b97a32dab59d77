"""Show the data of events in the admin: what changed, and the names of the rows that the ids refer to.

Events contain no names. They are read from the rows that still exist, and only for staff who may see these rows.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.template.defaultfilters import yesno
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.timezone import localtime

# Models by name, because this app imports no app of organizations and accounts.
USER, ORGANIZATION = "user", "organization"

# What the ids in the data of events refer to.
REFERENCES = {
    **dict.fromkeys(("role_id", "unit_role_id", "default_role_id", "reassigned_to"), "role"),
    **dict.fromkeys(("user_id", "answered_by_id", "inviter_id", "inviter_user_id"), USER),
    **dict.fromkeys(("superseded_by", "superseded_by_id", "invitation_id"), "invitation"),
    "unit_id": "unit",
    "membership_id": "membership",
}
CHANGES = ("changed", "old", "new")


def name_events(events: Iterable[Any], request: HttpRequest) -> None:
    """Set ``event.names`` to the rows that the events refer to, except rows that this staff member may not see."""
    wanted: dict[str, set[UUID]] = {}
    for event in events:
        for kind, key in _references(event):
            wanted.setdefault(kind, set()).add(key)
    names = {kind: _rows_by_key(kind, keys, request) for kind, keys in wanted.items()}
    for event in events:
        event.names = names


def changes_shown(event: Any, *, but: Collection[str] = ()) -> Iterator[str]:
    """Return the changed fields, with old and new values if the event has them. Older versions recorded only names.

    ``but`` leaves fields out.
    """
    old, new = event.data.get("old", {}), event.data.get("new", {})
    for name in (name for name in event.data.get("changed", ()) if name not in but):
        values = (_value_shown(event, name, one[name]) for one in (old, new) if name in one)
        yield format_html("{}: {} → {}", _label(name), *values) if name in old and name in new else _label(name)


def facts_shown(event: Any) -> Iterator[tuple[str, str]]:
    """Return the labels and values of the other data of an event, without new values of changed fields."""
    new = event.data.get("new", {})
    for name, value in event.data.items():
        if name not in CHANGES and not (name in new and new[name] == value):
            yield _label(name), _value_shown(event, name, value)


def shown(event: Any, kind: str, key: UUID | None) -> str:
    """Return the name of a row as a link to its page. If the row is gone, return its ID."""
    row = event.names.get(kind, {}).get(key)
    if row is None:
        return str(key or "–")
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{row._meta.app_label}_{kind}_change", args=[key]), row)


def _references(event: Any) -> Iterator[tuple[str, UUID]]:
    yield event.subject_type, event.subject_id
    if event.organization_id:
        yield ORGANIZATION, event.organization_id
    if event.actor_id:
        yield USER, event.actor_id
    for facts in (event.data, event.data.get("old", {}), event.data.get("new", {})):
        yield from ((REFERENCES[name], UUID(key)) for name, key in facts.items() if name in REFERENCES and key)


def _rows_by_key(kind: str, keys: set[UUID], request: HttpRequest) -> Mapping[Any, models.Model]:
    """Return the rows with these keys, if this kind has an admin page and the staff member may see it."""
    page = next((page for model, page in admin.site._registry.items() if model._meta.model_name == kind), None)
    if page is None or not page.has_view_permission(request):
        return {}
    found: Mapping[Any, models.Model] = page.get_queryset(request).in_bulk(keys)
    return found


def _label(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ")


def _value_shown(event: Any, name: str, value: Any) -> str:
    if value in (None, "", []):
        return "–"
    if name in REFERENCES:
        return shown(event, REFERENCES[name], UUID(value))
    if isinstance(value, bool):
        return str(yesno(value))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    moment = parse_datetime(value) if name.endswith("_at") else None
    return str(localize(localtime(moment)) if moment else value)
