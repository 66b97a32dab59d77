"""Read one organization from a directory."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.serializers.base import DeserializationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from accounts.models import User
from accounts.principals import SERVICE
from core.ids import parse_uuid
from core.invariants import all_invariants
from events.models import Event
from orgs.models import Organization
from perfectworks.transfer.files import TransferRefused, read_manifest, read_rows, require_whole
from perfectworks.transfer.tables import TABLES, Table

ROWS_AT_ONCE = 500
MAX_PROBLEMS = 20
NO_TEXT = re.compile("[\0\ud800-\udfff]")  # what JSON can contain, and no database
COMPARED = ("email", "user", "organization_id")  # by which conflicts are found, in addition to ids and unique columns
OnTable = Callable[[str], None]


@transaction.atomic
def import_organization(directory: Path, *, dry_run: bool = False, on_table: OnTable) -> dict[str, Any]:
    """Create the organization of an export, with the same ids. Return the manifest.

    Accounts that exist with the same id stay as they are, and so do events that exist. Everything is written, or
    nothing: raises TransferRefused if a file was changed, if a row exists or belongs elsewhere, or if afterwards a row
    violates an invariant.
    """
    manifest = read_manifest(directory)
    entries = {entry["file"]: entry for entry in manifest["files"]}
    files = [(table, directory / f"{table.name}.jsonl") for table in TABLES]
    require_whole(directory, [entries.get(file.name, {"file": file.name, "sha256": ""}) for _, file in files])
    problems = [problem for table, file in files for problem in islice(_conflicts(table, file), MAX_PROBLEMS)]
    if problems:
        raise TransferRefused(*problems[:MAX_PROBLEMS])
    if not dry_run:
        writer = _Writer(manifest["organization"]["id"])
        for table, file in files:
            on_table(table.name)
            for rows in _batches(file):
                writer.write(table, rows)
        writer.finish()
    return manifest


# Conflicts


def _conflicts(table: Table, file: Path) -> Iterator[str]:
    """Yield why rows of a file cannot be created. Raises TransferRefused for a row that cannot be compared."""
    for rows in _batches(file):
        for row in rows:
            _require_columns(table, row)
        if table.model is User:
            yield from _conflicts_of_accounts(rows)
        elif table.model is EmailAddress:
            yield from _conflicts_of_addresses(rows)
        elif table.model is Event:
            yield from _conflicts_of_events(rows)
        else:
            yield from _existing(table, rows)


def _require_columns(table: Table, row: dict[str, Any]) -> None:
    """Require the columns of the table, and texts in those by which rows are found."""
    expected = {"pk", "fields"} if table.keeps_ids else {"fields"}
    if row.keys() != expected or row["fields"].keys() != set(table.columns):
        raise TransferRefused(f"A row of {table.name} does not have the expected columns.")
    if table.keeps_ids and parse_uuid(str(row["pk"])) is None:
        raise TransferRefused(f"A row of {table.name} has no valid id.")
    if not all(_can_be_compared(row["fields"].get(name)) for name in (*table.unique, *COMPARED)):
        raise TransferRefused(f"A row of {table.name} is not valid.")


def _can_be_compared(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not NO_TEXT.search(value))


def _existing(table: Table, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    label, manager = table.model._meta.verbose_name, table.model._default_manager
    for key in manager.filter(pk__in=[row["pk"] for row in rows]).values_list("pk", flat=True):
        yield f"The {label} {key} exists already."
    for column in table.unique:
        values = [row["fields"][column] for row in rows]
        for value in manager.filter(**{f"{column}__in": values}).values_list(column, flat=True):
            yield f"Another {label} has the {column} {value}."


def _conflicts_of_accounts(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield accounts that are other people here: with the same id or with the same address."""
    here = User.objects.in_bulk([row["pk"] for row in rows])
    by_key = {str(key): user for key, user in here.items()}
    for row in rows:
        user, fields = by_key.get(row["pk"]), row["fields"]
        if user is not None and (user.email, user.kind) != (fields["email"], fields["kind"]):
            yield f"The account {row['pk']} is somebody else here."
    addresses = {row["fields"]["email"]: row["pk"] for row in rows if row["fields"]["email"]}
    for key, address in User.objects.filter(email__in=addresses).values_list("pk", "email"):
        if str(key) != addresses[address]:
            yield f"{address} belongs to another account, {key}."


def _conflicts_of_addresses(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    owners = {row["fields"]["email"]: row["fields"]["user"] for row in rows if row["fields"]["verified"]}
    taken = EmailAddress.objects.filter(email__in=owners, verified=True)
    for address, owner in taken.values_list("email", "user_id"):
        if str(owner) != owners[address]:
            yield f"{address} belongs to another account, {owner}."


def _conflicts_of_events(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield events that are missing here although the organization has events here."""
    organization_id = rows[0]["fields"]["organization_id"]
    if not Event.objects.filter(organization_id=organization_id).exists():
        return
    keys = {row["pk"] for row in rows}
    known = {str(key) for key in Event.objects.filter(pk__in=keys).values_list("pk", flat=True)}
    if keys - known:
        yield "Other events of the organization are here already."


# Writing


class _Writer:
    """Writes the rows of an organization. Remembers which accounts and events existed before, and what it wrote."""

    def __init__(self, organization_id: str) -> None:
        self.organization_id = organization_id
        self.existing: dict[type[Model], set[str]] = {User: set(), Event: set()}
        self.new_accounts: set[str] = set()
        self.rows: Counter[str] = Counter()

    def write(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Create the rows of a batch. Raises TransferRefused for a row that is not valid or belongs elsewhere."""
        self.rows[table.name] += len(rows)
        for row in self._new(table, rows):
            created = self._object_of(table, row)
            table.complete(created)
            try:
                with transaction.atomic():
                    # As Django's `loaddata` saves: with the times of the file.
                    Model.save_base(created, raw=True, force_insert=True)
            except IntegrityError as error:
                raise TransferRefused(f"A row of {table.name} does not fit: {error}") from error
            if table.model is User:
                self.new_accounts.add(row["pk"])

    def finish(self) -> None:
        """Check everything that was written, and record the event. Raises TransferRefused."""
        organization = Organization.objects.filter(pk=self.organization_id).first()
        if organization is None:
            raise TransferRefused("The export contains no organization.")
        try:
            connection.check_constraints()
        except IntegrityError as error:
            raise TransferRefused(f"A row refers to one that does not exist: {error}") from error
        self._require_nothing_elsewhere(organization)
        violated = [one.statement for one in all_invariants() if one.check().count]
        if violated:
            raise TransferRefused(*(f"This would no longer be true: {statement}" for statement in violated))
        Event.objects.record("organization.imported", by=SERVICE, subject=organization)

    def _require_nothing_elsewhere(self, organization: Organization) -> None:
        """Require that an export of the organization would have the same number of rows.

        Rows without a column of the organization could otherwise belong to another one. Events may have existed, and
        addresses belong to new accounts.
        """
        for table in TABLES:
            if table.model not in (Event, EmailAddress) and table.rows(organization).count() != self.rows[table.name]:
                raise TransferRefused(f"A row of {table.name} belongs to another organization.")

    def _new(self, table: Table, rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        """Return the rows without accounts and events that existed before, and without their addresses."""
        if table.model is EmailAddress:
            others = [row for row in rows if row["fields"]["user"] not in self.existing[User]]
            if any(row["fields"]["user"] not in self.new_accounts for row in others):
                raise TransferRefused("A row of addresses belongs to another account.")
            return others
        known = self.existing.get(table.model)
        if known is None:
            return rows
        keys = table.model._default_manager.filter(pk__in=[row["pk"] for row in rows]).values_list("pk", flat=True)
        known |= set(map(str, keys))
        return [row for row in rows if row["pk"] not in known]

    def _object_of(self, table: Table, row: dict[str, Any]) -> Any:
        """Return a row as an object, after it was validated. The invariants check the rest."""
        if self._owner_of(table, row) != self.organization_id:
            raise TransferRefused(f"A row of {table.name} belongs to another organization.")
        if not table.is_paused(row["fields"]):
            raise TransferRefused(f"A row of {table.name} is not paused: something would be sent.")
        try:
            [found] = serializers.deserialize("python", [{"model": table.model._meta.label_lower, **row}])
            created: Any = found.object
            created.clean_fields(exclude=_not_validated(created, table))
        except (DeserializationError, ValidationError) as error:
            raise TransferRefused(f"A row of {table.name} is not valid: {error}") from error
        return created

    def _owner_of(self, table: Table, row: dict[str, Any]) -> Any:
        if table.model is Organization:
            return row["pk"]
        column = "organization_id" if table.model is Event else "organization"
        return row["fields"].get(column, self.organization_id)


def _not_validated(created: Any, table: Table) -> set[str]:
    """Return the columns whose validators do not run: references, what the import sets, and empty values."""
    fields = created._meta.concrete_fields
    empty = {one.name for one in fields if getattr(created, one.attname) in one.empty_values}
    return {one.name for one in fields if one.is_relation} | table.left_out | empty


def _batches(file: Path) -> Iterator[list[dict[str, Any]]]:
    rows = read_rows(file)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        yield batch
