"""Measure inviting 10,000 people at once, and compare its SQL with a bare COPY of the same rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, process_time
from typing import Any

from django.db import connection, transaction
from django.test import override_settings
from psycopg.sql import SQL

from invitations.actions.inviting_many import invite_many
from invitations.bulk.rows import MAX_ROWS, InviteRow
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.support.people import session_of

ROWS = [
    InviteRow(f"person-{number}@example.com", f"Person {number}", "viewer", message="Hello!", metadata={"id": number})
    for number in range(MAX_ROWS)
]
TABLES = [SQL(name) for name in ("invitations_invitation", "invitations_email", "events_event")]
NO_LIMITS = dict.fromkeys(
    ("YOUNG_ORGANIZATION_EMAILS_PER_DAY", "INVITER_EMAILS_PER_DAY", "OPEN_INVITATIONS_PER_ORGANIZATION"), MAX_ROWS * 2
)


class Undo(Exception):
    """Everything that was measured is rolled back."""


@override_settings(**NO_LIMITS)
def upload_table() -> list[str]:
    """Return the lines of the table."""
    lines: list[str] = []
    try:
        with transaction.atomic():
            lines = _measured()
            raise Undo
    except Undo:
        return lines


def _measured() -> list[str]:
    organization, owner = OrganizationFactory.create(slug="uploading"), UserFactory.create()
    MembershipFactory.create(organization=organization, user=owner, role_id=OWNER_ROLE)
    began, cpu_began = perf_counter(), process_time()
    with _statements() as statements:
        results = invite_many(by=session_of(owner), organization_id=organization.pk, rows=ROWS)
    took, cpu = perf_counter() - began, process_time() - cpu_began
    if {str(result.verdict) for result in results} != {"invited"}:
        raise RuntimeError("Not everybody was invited.")
    copied = _copy_time(organization)
    ratio = (copied + sum(statements)) / copied
    return [
        f"| inviting {MAX_ROWS} people at once | |",
        "|---|---|",
        f"| in total | {took:.1f} s |",
        f"| CPU time of the service | {cpu:.1f} s |",
        f"| a bare COPY of the invitations, emails and events | {copied:.1f} s |",
        f"| the {len(statements)} other statements | {sum(statements):.1f} s |",
        f"| SQL in comparison with the bare COPY | {ratio:.2f} x |",
    ]


@contextmanager
def _statements() -> Iterator[list[float]]:
    """Collect the seconds that each statement takes, except COPY."""
    times: list[float] = []

    def timed(execute: Any, *arguments: Any) -> Any:
        began = perf_counter()
        try:
            return execute(*arguments)
        finally:
            times.append(perf_counter() - began)

    with connection.execute_wrapper(timed):
        yield times


def _copy_time(organization: Organization) -> float:
    """Remove the new rows and copy the same rows again. Return the seconds that only the copying takes."""
    kept: list[tuple[SQL, bytes]] = []
    ours = [organization.pk]
    with connection.cursor() as cursor:
        for table in TABLES:
            of_upload = SQL("CREATE TEMPORARY TABLE kept AS SELECT * FROM {} WHERE organization_id = %s")
            cursor.execute(of_upload.format(table), ours)
            with cursor.copy("COPY kept TO STDOUT") as copy:
                kept.append((table, b"".join(bytes(part) for part in copy)))
            cursor.execute("DROP TABLE kept")
        for table in reversed(TABLES):
            cursor.execute(SQL("DELETE FROM {} WHERE organization_id = %s").format(table), ours)
        began = perf_counter()
        for table, rows in kept:
            with cursor.copy(SQL("COPY {} FROM STDIN").format(table)) as copy:
                copy.write(rows)
        return perf_counter() - began
