"""Two processes that record events of one organization, with clocks that are two seconds apart.

Arguments: the name of the database, the id of the organization, and how often each process records `SIZES`. The process
whose clock is ahead records some events when it reads a line. Both record theirs when it reads another line.
"""

import os
import sys
import time
from collections.abc import Sequence
from uuid import UUID

import django
from django.db import connection, transaction

AHEAD = 2  # seconds
SIZES = (1, 3, 20, 120)  # of transactions: one INSERT, of several rows, of many rows, and a COPY
real_time_ns = time.time_ns


def main(database: str, organization_id: str, rounds: str) -> None:
    django.setup()
    connection.settings_dict["NAME"] = database
    key, sizes = UUID(organization_id), SIZES * int(rounds)
    told, telling = os.pipe()
    child = os.fork()
    if not child:
        os.read(told, 1)
        write(key, sizes)
        os._exit(0)
    time.time_ns = lambda: real_time_ns() + AHEAD * 1_000_000_000  # the clock that makes ids
    sys.stdin.readline()
    write(key, SIZES)
    sys.stdout.write("written\n")
    sys.stdout.flush()
    sys.stdin.readline()
    os.write(telling, b".")
    write(key, sizes)
    sys.exit(os.waitpid(child, 0)[1])


def write(organization_id: UUID, sizes: Sequence[int]) -> None:
    """Record so many events in each transaction."""
    from accounts.principals import SERVICE
    from events.models import Event
    from orgs.actions.saving import record
    from orgs.locks import lock_organization

    for size in sizes:
        with transaction.atomic(), Event.objects.together():
            organization = lock_organization(organization_id, by=SERVICE)
            for _ in range(size):
                record("organization.updated", SERVICE, organization, organization)


if __name__ == "__main__":
    main(*sys.argv[1:])
