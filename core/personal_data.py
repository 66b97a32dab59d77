"""The export of everything that the service stores about a person, as JSON.

Each app registers its sections with ``export_section``. A section never contains a secret or a hash of one, nor what
the person cannot see in the service about somebody else. ``docs/personal-data.md`` explains the document.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.utils import timezone

from core.api.names import camel_case, camel_case_keys

SCHEMA_VERSION = 1  # raise it if a section or a field is renamed or removed, or changes its meaning
ROWS_AT_ONCE = 500

#: A function that returns what is stored about a user: an object, or rows, which may come from a generator.
Section = Callable[[Any], Any]
SECTIONS: dict[str, Section] = {}


def export_section(section: Section) -> Section:
    """Register a section. Its name in the document is the function's name in camelCase."""
    SECTIONS[section.__name__] = section
    return section


def export_person(user: Any) -> Iterator[str]:
    """Yield the document about a user in pieces, so that a long one needs little memory."""
    head = {"schemaVersion": SCHEMA_VERSION, "service": settings.PUBLIC_BASE_URL, "exportedAt": timezone.now()}
    yield _json(head)[:-1]
    for name, section in SECTIONS.items():
        yield f", {_json(camel_case(name))}: "
        yield from _value(section(user))
    yield "}"


def in_steps(rows: QuerySet[Any]) -> Iterator[Any]:
    """Yield the rows in the order of their ids, with one short statement for ``ROWS_AT_ONCE`` rows."""
    ordered, step = rows.order_by("pk"), list(rows.order_by("pk")[:ROWS_AT_ONCE])
    while step:
        yield from step
        is_last = len(step) < ROWS_AT_ONCE
        step = [] if is_last else list(ordered.filter(pk__gt=step[-1].pk)[:ROWS_AT_ONCE])


def _value(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield _json(camel_case_keys(value))
    else:
        yield from _array(value)


def _array(rows: Iterable[Any]) -> Iterator[str]:
    separator = "["
    for row in rows:
        yield separator + _json(camel_case_keys(row))
        separator = ", "
    yield "]" if separator == ", " else "[]"


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
