"""The program in ``docs/events.md`` follows the events of an organization."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from events.retention import cut_events
from orgs.permissions import MANAGE_MEMBERS
from tests.factories import ApiKeyFactory, EventFactory, MembershipFactory, OrganizationFactory

SECRET = "pw_only-for-this-test"


class Stopped(Exception):
    pass


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the program defines. It stops when it would wait for new events."""

    def stop(seconds: float) -> None:
        raise Stopped

    page = (settings.BASE_DIR / "docs" / "events.md").read_text()
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found
    names: dict[str, Any] = {"__name__": "example"}
    exec(found[1], names)
    names["time"] = SimpleNamespace(sleep=stop)
    return names


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_it_continues_where_it_was_and_after_deleted_events(
    program: dict[str, Any], live_server: LiveServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    organization = OrganizationFactory.create()
    robot = MembershipFactory.create(organization=organization, of_system_user=True, permissions=[MANAGE_MEMBERS])
    ApiKeyFactory.create(membership=robot, secret=SECRET)
    address = f"{live_server.url}/api/v0/organizations/{organization.pk}"

    def run() -> list[str]:
        with pytest.raises(Stopped):
            program["follow"](address, SECRET, tmp_path / "last-event.txt")
        return capsys.readouterr().out.splitlines()

    events = EventFactory.create_batch(102, organization=organization)
    lines = [f"{event.number} {event.kind} {event.subject_id}" for event in events]
    assert run() == lines
    assert run() == []

    new = EventFactory.create_batch(3, organization=organization)
    cut_events(organization.pk, before=new[2].created_at)
    assert run() == [
        "Some events were deleted. Read the members and invitations again.",
        f"105 {new[2].kind} {organization.pk}",
    ]
