"""Somebody who follows the events of an organization by their numbers gets all of them, whatever the clocks say."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from events.models import Event
from orgs.models import Organization
from tests.races.event_writers import SIZES
from tests.races.racing import PATIENCE
from tests.repetition import times
from tests.support.people import session_of

pytestmark = pytest.mark.django_db(transaction=True)


class Follower:
    """Reads the events of the organization with the API, page after page."""

    def __init__(self, organization: Organization, owner: User) -> None:
        self.address = f"/api/v0/organizations/{organization.pk}/events"
        self.client = APIClient()
        self.client.force_authenticate(owner, token=session_of(owner))  # type: ignore[arg-type]
        self.after, self.seen = 0, list[tuple[int, str]]()

    def read(self) -> bool:
        """Read the next page. Return whether it had events."""
        body = self.client.get(self.address, {"after": self.after, "limit": 100}).json()
        self.seen += [(row["number"], row["id"]) for row in body["data"]]
        self.after = body["pagination"]["after"]
        return bool(body["data"])


class FollowerByClock:
    """Reads events in the order of their ids, as before they had numbers."""

    def __init__(self) -> None:
        self.seen: list[UUID] = [UUID(int=0)]

    def read(self) -> None:
        self.seen += Event.objects.filter(pk__gt=self.seen[-1]).order_by("pk").values_list("pk", flat=True)


@pytest.fixture
def writers(founded: Callable[..., Organization], somebody: Callable[[], User]) -> Iterator[Any]:
    """Return a function that starts `event_writers`, an organization and its owner."""
    owner = somebody()
    organization = founded(owner)
    rounds = times(2, in_full=17)
    environment = {name: os.environ[name] for name in ("PATH", "TEST_DATABASE_URL") if name in os.environ}
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.races.event_writers",
            connection.settings_dict["NAME"],
            str(organization.pk),
            str(rounds),
        ],
        cwd=settings.BASE_DIR,
        env=environment | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process, organization, owner, sum(SIZES) * (1 + 2 * rounds)
    process.kill()
    process.communicate(timeout=PATIENCE)


def go(process: Any) -> None:
    process.stdin.write("go\n")
    process.stdin.flush()


def test_a_follower_of_two_processes_with_different_clocks_loses_no_event(writers: Any):
    process, organization, owner, total = writers
    follower, by_clock = Follower(organization, owner), FollowerByClock()
    go(process)
    assert process.stdout.readline() == "written\n"
    by_clock.read()
    go(process)

    while follower.read() or process.poll() is None:
        by_clock.read()
    assert process.returncode == 0
    while follower.read():
        pass
    by_clock.read()

    stored = Event.objects.of_organization(organization.pk).values_list("number", "pk")
    assert follower.seen == [(number, str(key)) for number, key in stored]
    assert [number for number, _ in follower.seen] == list(range(1, total + 1))
    assert len(set(by_clock.seen)) < total  # the order of the clocks loses some
