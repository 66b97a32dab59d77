"""Django's SQLite backend, whose test databases are copies of a migrated file."""

import shutil
from pathlib import Path

from django.conf import settings
from django.db.backends.sqlite3 import base, creation

from tests.support.migrated import CopiedDatabaseCreation, key


def migrated_file() -> Path:
    return Path(settings.VAR_DIR) / f"test-migrated-{key()}.sqlite3"


class DatabaseCreation(CopiedDatabaseCreation, creation.DatabaseCreation):
    copies_itself = True

    def is_migrated(self) -> bool:
        return migrated_file().exists()

    def make_migrated(self) -> None:
        for older in settings.VAR_DIR.glob("test-migrated-*.sqlite3*"):
            older.unlink()
        unfinished = migrated_file().with_name("test-migrated-unfinished.sqlite3")
        self.migrate(str(unfinished))
        unfinished.rename(migrated_file())

    def copy_migrated(self) -> None:
        name = self.connection.settings_dict["TEST"]["NAME"]
        for suffix in ("-wal", "-shm"):  # of a process that was killed: SQLite would apply them to the copy
            Path(f"{name}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(migrated_file(), name)


class DatabaseWrapper(base.DatabaseWrapper):
    creation_class = DatabaseCreation
