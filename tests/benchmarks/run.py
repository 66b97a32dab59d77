"""Measure how durations grow with the amount of data. Run with ``make bench-growth``.

Each result is the ratio of two durations. The two operations run alternately, so that other load on the machine slows
down both. The output also shows milliseconds, which depend on the machine.
"""

import gc
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402 - Django must be ready before models are imported
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment, teardown_test_environment  # noqa: E402
from django.utils import timezone  # noqa: E402

from core.addresses import normalize_address  # noqa: E402
from invitations.actions.inviting import invite  # noqa: E402
from invitations.models import Invitation  # noqa: E402
from orgs.models import Organization  # noqa: E402
from orgs.permissions import UNASSIGNED_ROLE  # noqa: E402
from tests.dialects.speakers import SPEAKERS, Speaker  # noqa: E402
from tests.dialects.world import World  # noqa: E402
from tests.factories import OrganizationFactory  # noqa: E402
from tests.support.database_roles import runtime_role, superuser_of  # noqa: E402
from tests.support.people import session_of  # noqa: E402

ROUNDS = 40
Step = Callable[[], object]
Comparison = tuple[str, Step, Step]


def main() -> int:
    """Run all comparisons on a temporary database. Print a line for each ratio."""
    setup_test_environment()
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        with as_in_production():
            measure()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        teardown_test_environment()
    return 0


@contextmanager
def as_in_production() -> Iterator[None]:
    """Connect to PostgreSQL with the role that production uses."""
    before = connection.settings_dict
    if connection.vendor != "postgresql":
        yield
        return
    with runtime_role(before) as runtime:
        reconnect(runtime)
        try:
            yield
        finally:
            reconnect(before)


def reconnect(database: dict[str, Any]) -> None:
    """Close the connection and its pool. The next query uses these settings."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined] # of the PostgreSQL backend
    connection.settings_dict = database


def measure() -> None:
    """Fill the database, then print a line for each comparison."""
    print(f"On {connection.vendor}, medians of {ROUNDS} turns.\n\n{'':<58}{'first':>9}{'second':>10}{'ratio':>8}")
    world = World()
    for number in range(100):
        filled(world, f"neighbor-{number}", open_rows=200)
    for compare in (an_answer_and_a_list, few_and_many_answered, the_first_page_and_the_last, inviting):
        for what, first, second in compare(world):
            report(what, first, second)


def report(what: str, first: Step, second: Step) -> None:
    """Run the two operations alternately and print the ratio of their durations."""
    turns = [(seconds(first), seconds(second)) for _ in range(ROUNDS)]
    before, after = (median(side) * 1000 for side in zip(*turns, strict=True))
    print(f"{what:<58}{before:>7.1f}ms{after:>8.1f}ms{after / before:>8.2f}", flush=True)


def seconds(step: Step) -> float:
    """Run the step without garbage collection, which would distort the ratio. Return the duration in seconds."""
    gc.collect()
    gc.disable()
    started = perf_counter()
    step()
    ended = perf_counter()
    gc.enable()
    return ended - started


# Comparisons


def an_answer_and_a_list(world: World) -> Iterator[Comparison]:
    """Compare the request with the shortest response to a request for 30 rows of each list."""
    for speaker in SPEAKERS:
        with transaction.atomic():
            speaker.hold(world, 30)
            yield (
                f"a sign of life; {speaker.name}: 30 rows",
                sign_of_life,
                partial(speaker.ask, world, speaker.everything),
            )
            transaction.set_rollback(True)


def few_and_many_answered(world: World) -> Iterator[Comparison]:
    """Compare lists of 100 open invitations, without and with 50,000 answered invitations in the organization."""
    few, many = (filled(world, slug, open_rows=100) for slug in ("few", "many"))
    fill(many, "accepted", 50_000)
    for name in ("upsun", "wacht", "house, sent"):
        speaker = named(name)
        first, second = (lister(world, speaker, one) for one in (few, many))
        yield f"{name}: 100 rows beside 0 and 50,000 answered", first, second


def the_first_page_and_the_last(world: World) -> Iterator[Comparison]:
    """Compare the first and the last page (100 rows each) of a list of 10,000 open invitations."""
    wide, upsun = filled(world, "wide", open_rows=10_000), named("upsun")
    first = upsun.list(wide.pk)
    last = first
    while following := re.search(r'<[^>]*?(/upsun[^>]*)>; rel="next"', upsun.ask(world, path=last)["Link"]):
        last = following[1]
    ask = partial(upsun.ask, world)
    yield "upsun: the first 100 of 10,000 and the last", partial(ask, path=first), partial(ask, path=last)


def inviting(world: World) -> Iterator[Comparison]:
    """Compare inviting to an empty organization with inviting to an organization with 50,000 answered invitations."""
    young, old = (filled(world, slug, open_rows=0) for slug in ("young", "old"))
    fill(old, "accepted", 50_000)
    yield "inviting beside 0 and 50,000 answered", inviter(world, young), inviter(world, old)


# Measured operations


def sign_of_life() -> object:
    """Request the endpoint with the shortest response."""
    return Client().get("/healthz/live")


def lister(world: World, speaker: Speaker, organization: Organization) -> Step:
    """Return a function that requests one page of the organization's invitations."""
    return partial(speaker.ask, world, speaker.everything, path=speaker.list(organization.pk))


def inviter(world: World, organization: Organization) -> Step:
    """Return a function that invites a new address on each call."""
    addresses = iter(f"guest-{number}@example.com" for number in range(ROUNDS))
    by = session_of(world.people["owner"])
    return lambda: invite(by=by, organization_id=organization.pk, email=normalize_address(next(addresses)))


def named(name: str) -> Speaker:
    """Return the ``Speaker`` with this name."""
    return next(speaker for speaker in SPEAKERS if speaker.name == name)


# Data


def filled(world: World, slug: str, open_rows: int) -> Organization:
    """Create an organization with the owner and this number of open invitations."""
    organization = OrganizationFactory.create(slug=slug, owners=[world.people["owner"]])
    fill(organization, "pending", open_rows)
    return organization


def fill(organization: Organization, status: str, rows: int) -> None:
    """Add this number of invitations to the organization."""
    now = timezone.now()
    values: dict[str, Any] = {"status": status, "role_id": UNASSIGNED_ROLE, "expires_at": now + timedelta(days=10)}
    values["finished_at"] = None if status == "pending" else now
    Invitation.objects.bulk_create(
        (
            Invitation(
                organization=organization,
                email=f"{status}-{number}@example.com",
                updated_at=now - timedelta(seconds=number),
                **values,
            )
            for number in range(rows)
        ),
        batch_size=1_000,
    )
    if connection.vendor == "postgresql":
        with superuser_of(connection.settings_dict) as superuser:  # only owners may analyze tables
            superuser.execute("VACUUM ANALYZE")
        return
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    sys.exit(main())
