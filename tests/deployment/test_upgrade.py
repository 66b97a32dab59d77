"""The drill of an upgrade without downtime: today's migrations run while the last release serves.

Its processes go on with the new schema, beside those of today's code. CHANGELOG.md names the commit of the release.
The release runs with today's packages: a package that only the release needs stays until the next one.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection

from perfectworks.database_roles import DatabaseRoles
from tests.deployment.files import ROOT
from tests.deployment.installation import Installation
from tests.deployment.releases import CHANGELOG, extract, newest_recorded
from tests.deployment.schema import Column, Schema, contractions, schema_of
from tests.support.scratch import scratch_database

SECONDS_BETWEEN_REQUESTS = 0.05
# Make the tables and the demo data. Print the tables and columns that the code uses.
PREPARE = """
import json, sys
import django; django.setup()
from django.apps import apps
from django.core.management import call_command
call_command("migrate", verbosity=0)
with open(sys.argv[1], "w") as file:
    call_command("demo", "--json", stdout=file)
models = apps.get_models(include_auto_created=True)
tables = {one._meta.db_table: one._meta.local_concrete_fields for one in models if not one._meta.proxy}
print(json.dumps({name: [field.column for field in fields] for name, fields in tables.items()}))
"""
SEND_AND_VERIFY = """
import django; django.setup()
from django.core.management import call_command
call_command("worker", "--once")
call_command("verify")
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Give the URLs of an empty database: for the processes, and for migrations."""
    if connection.vendor == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('database')}/perfectworks.sqlite3"
        yield {"DATABASE_URL": url, "DATABASE_OWNER_URL": url}
        return
    with scratch_database() as urls:
        with psycopg.connect(urls["DATABASE_ADMIN_URL"]) as superuser:
            DatabaseRoles.from_urls(urls["DATABASE_URL"], urls["DATABASE_OWNER_URL"]).create(superuser)
        yield {name: urls[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}


@pytest.mark.django_db
@pytest.mark.any_database
def test_the_last_release_serves_while_and_after_the_database_is_migrated(
    database: dict[str, str], tmp_path: Path
) -> None:
    version, commit = newest_recorded(CHANGELOG.read_text())
    release = Installation(extract(commit, tmp_path / "release"), tmp_path, database)
    assert f'__version__ = "{version}"' in (release.code / "perfectworks" / "__init__.py").read_text()
    today = Installation(ROOT, tmp_path, database)
    owner = database["DATABASE_OWNER_URL"]
    used = json.loads(release.run("-c", PREPARE, str(release.demo), DATABASE_URL=owner))
    before = schema_of(owner)

    with release.web_server() as old:
        with release.worker():
            with load(old, release.demo) as statuses:
                today.run("manage.py", "migrate", "-v0", DATABASE_URL=owner)
            assert "\n".join(contractions(used, before, schema_of(owner))) == ""
            assert set(statuses) == {200, 201}
            release.smoke(old)
            release.run("manage.py", "migrate", "-v0", DATABASE_URL=owner)  # as its containers do at each start
            with today.web_server() as new:
                today.smoke(old, new)  # the worker of the release also sends the emails of today's code
        release.run("manage.py", "worker", "--once")  # it also starts with the new schema
        assert request("POST", old, release.demo, "from-the-release@example.com") == 201
    today.run("-c", SEND_AND_VERIFY)
    assert [*(tmp_path / "mail").glob("*-from-the-release@example.com.eml")] != []


@contextmanager
def load(url: str, demo: Path) -> Iterator[list[int]]:
    """Create and list invitations while the block runs, and once before and after it. Give the statuses."""
    statuses: list[int] = []
    ended = threading.Event()

    def ask() -> None:
        statuses.append(request("POST", url, demo, f"load-{len(statuses)}@example.com"))
        statuses.append(request("GET", url, demo))

    def repeat() -> None:
        while not ended.wait(SECONDS_BETWEEN_REQUESTS):
            ask()

    ask()
    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield statuses
    finally:
        ended.set()
        thread.join()
    ask()


def request(method: str, url: str, demo: Path, email: str = "") -> int:
    """List the invitations of an organization, or create one. Return the status of the response."""
    known = json.loads(demo.read_text())
    path = f"/api/v0/organizations/{known['other_organization']['id']}/invitations"
    headers = {"Authorization": f"Bearer {known['people']['stranger']['jwt']}", "Content-Type": "application/json"}
    session = HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        session.request(method, path, json.dumps({"email": email}) if email else None, headers)
        return session.getresponse().status
    finally:
        session.close()


TEXT, NEEDED = Column("text", nullable=True, filled=False), Column("text", nullable=False, filled=False)
BEFORE: Schema = {
    "invitation": {"id": NEEDED._replace(filled=True), "email": NEEDED, "note": TEXT},
    "old": {"id": NEEDED},
}
USED = {"invitation": ["id", "email", "note"]}


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ({}, []),
        ({"motto": TEXT, "count": NEEDED._replace(filled=True)}, []),
        ({"email": TEXT}, []),
        ({"motto": NEEDED}, ["invitation.motto needs a value, which the older release does not write."]),
        ({"note": NEEDED}, ["invitation.note can no longer be null."]),
        ({"note": TEXT._replace(type="integer")}, ["invitation.note changed from text to integer."]),
        ({"note": None}, ["invitation.note is gone."]),
        ({"id": NEEDED}, ["invitation.id has lost its default, which the older release relies on."]),
    ],
)
def test_a_migration_must_leave_what_the_release_uses(after: dict[str, Column | None], found: list[str]) -> None:
    changed = {name: column for name, column in (BEFORE["invitation"] | after).items() if column}

    assert [*contractions(USED, BEFORE, {"invitation": changed, "new": {"id": NEEDED}})] == found


def test_a_table_that_the_release_uses_must_stay() -> None:
    assert [*contractions(USED, BEFORE, {})] == ["The table invitation is gone."]


def test_the_newest_recorded_release_is_the_one_before_the_release_that_is_being_made() -> None:
    recorded = f"## 0.2.0 - 2026-12-01\n\nCommit: `{'a' * 40}`\n"

    assert newest_recorded(f"## Unreleased\n\n## 0.3.0 - 2027-01-01\n\nText\n\n{recorded}") == ("0.2.0", "a" * 40)
    assert newest_recorded(f"## 0.3.0 - 2027-01-01\n\nCommit: `{'b' * 40}`\n\n{recorded}") == ("0.3.0", "b" * 40)


def test_a_clone_without_the_release_skips_the_drill_unless_it_is_required(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUIRE_RELEASE", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"The code of the last release \(000000000000\) is not available"):
        extract("0" * 40, tmp_path)
    monkeypatch.setenv("REQUIRE_RELEASE", "1")
    with pytest.raises(pytest.fail.Exception):
        extract("0" * 40, tmp_path)
