"""Test databases that are copies of a migrated one. Migrating an empty database takes nine seconds of CPU time.

The migrated database is kept for the next run with the same code and requirements: on SQLite as a file in `var/`, on
PostgreSQL as a database whose name starts with that of the database in `TEST_DATABASE_URL`.
"""

import fcntl
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from importlib.metadata import distributions

from django.conf import settings
from django.core.management import call_command
from django.db.backends.base.creation import BaseDatabaseCreation

CODE = ("accounts", "core", "events", "invitations", "orgs", "outbox", "perfectworks", "webhooks")
KEY_LENGTH = 12


@cache
def key() -> str:
    """Return a name for the code and the requirements. Migrations may use both, and signals after them do."""
    content = sha256()
    for path in sorted(path for app in CODE for path in (settings.BASE_DIR / app).rglob("*.py")):
        content.update(f"{path.relative_to(settings.BASE_DIR)}\n".encode() + path.read_bytes())
    content.update("".join(sorted(f"{one.name} {one.version}\n" for one in distributions())).encode())
    return content.hexdigest()[:KEY_LENGTH]


@contextmanager
def one_process_at_a_time() -> Iterator[None]:
    """Let other processes that want to make a migrated database wait for this one."""
    settings.VAR_DIR.mkdir(exist_ok=True)
    with (settings.VAR_DIR / "test-migrated.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class CopiedDatabaseCreation(BaseDatabaseCreation):
    """Creates the test database as a copy. Django then runs `migrate`, which finds nothing to do."""

    copies_itself = False  # whether `copy_migrated` has created the test database

    def create_test_db(
        self, verbosity: int = 1, autoclobber: bool = False, serialize: bool | None = True, keepdb: bool = False
    ) -> str:
        with one_process_at_a_time():
            if not self.is_migrated():
                self.make_migrated()
        self.copy_migrated()
        return super().create_test_db(verbosity, autoclobber, serialize, keepdb or self.copies_itself)

    def migrate(self, name: str) -> None:
        """Migrate the empty database with this name."""
        before = self.connection.settings_dict["NAME"]
        self.connection.settings_dict["NAME"] = name
        try:
            call_command("migrate", verbosity=0, interactive=False, database=self.connection.alias, run_syncdb=True)
        finally:
            self.connection.close()
            self.connection.settings_dict["NAME"] = before

    @abstractmethod
    def is_migrated(self) -> bool:
        """Return whether the migrated database exists."""

    @abstractmethod
    def make_migrated(self) -> None:
        """Make the migrated database and delete those of older code. If it fails, the database does not exist."""

    @abstractmethod
    def copy_migrated(self) -> None:
        """Copy the migrated database to the test database, or let Django do so when it creates the test database."""
