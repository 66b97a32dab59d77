"""Write one organization into a directory."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core import serializers
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.principals import SERVICE
from core.api.serializers import format_time
from events.models import Event
from orgs.locks import lock_organization
from orgs.models import Organization
from perfectworks.transfer.files import FORMAT, VERSION, make_directory, schema, write_manifest, write_rows
from perfectworks.transfer.tables import TABLES, Table, people_of

ROWS_AT_ONCE = 500
OnTable = Callable[[str], None]


@transaction.atomic
def export_organization(organization: Organization, directory: Path, *, on_table: OnTable) -> dict[str, Any]:
    """Write the organization into a new directory, as it is at one moment. Return the manifest.

    The organization is locked meanwhile. Only staff see the event. Raises TransferRefused, OrganizationNotFound.
    """
    _take_snapshot()
    locked = lock_organization(organization.pk, by=SERVICE, archived=True)
    make_directory(directory)
    people = {str(key) for key in people_of(locked).values_list("pk", flat=True)}
    entries = []
    for table in TABLES:
        on_table(table.name)
        entries.append(write_rows(directory / f"{table.name}.jsonl", _rows(table, locked, people)))
    Event.objects.record("organization.exported", by=SERVICE, subject=locked)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "organization": {"id": str(locked.pk), "slug": locked.slug, "name": locked.name},
        "service": settings.PUBLIC_BASE_URL,
        "exportedAt": format_time(timezone.now()),
        "schema": schema(),
        "files": entries,
    }
    write_manifest(directory, manifest)
    return manifest


def _take_snapshot() -> None:
    """Let all statements of the transaction read the same moment. On SQLite, they do so anyway."""
    is_outermost = len(connection.savepoint_ids) == 0
    if connection.vendor == "postgresql" and is_outermost:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _rows(table: Table, organization: Organization, people: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows in the form of Django's serializers, without the name of the model."""
    for objects in _in_steps(table.rows(organization).order_by(*table.order)):
        for row in cast("list[dict[str, Any]]", serializers.serialize("python", objects, fields=table.columns)):
            fields = row["fields"]
            for name in table.people:
                fields[name] = fields[name] if str(fields[name]) in people else None
            table.pause(fields)
            yield {"pk": row["pk"], "fields": fields} if table.keeps_ids else {"fields": fields}


def _in_steps(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    found = rows.iterator(chunk_size=ROWS_AT_ONCE)
    while step := list(islice(found, ROWS_AT_ONCE)):
        yield step
