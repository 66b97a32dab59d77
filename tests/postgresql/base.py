"""Django's PostgreSQL backend for tests: a faster way to empty the tables after a test that commits, and test databases
that are copies of a migrated one.
"""

import re
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db.backends.postgresql import base, creation, operations
from psycopg import sql

from tests.support.migrated import KEY_LENGTH, CopiedDatabaseCreation, key

MIGRATED = "SELECT datname FROM pg_database WHERE datname ~ %s"


class DatabaseOperations(operations.DatabaseOperations):
    def sql_flush(
        self, style: Any, tables: Sequence[str], *, reset_sequences: bool = False, allow_cascade: bool = False
    ) -> list[str]:
        """Return DELETE statements. TRUNCATE is slower: it writes new files for each table and index, even if empty.

        The order of the tables does not matter, because Django's foreign keys are checked at the commit.
        """
        if reset_sequences or allow_cascade:
            return super().sql_flush(style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade)
        return [f"DELETE FROM {self.quote_name(table)};" for table in tables]


class DatabaseCreation(CopiedDatabaseCreation, creation.DatabaseCreation):
    @property
    def migrated_name(self) -> str:
        return f"{self.connection.settings_dict['NAME'][:40]}_{key()}"

    def is_migrated(self) -> bool:
        with self.server() as server:
            return bool(server.execute("SELECT FROM pg_database WHERE datname = %s", [self.migrated_name]).rowcount)

    def make_migrated(self) -> None:
        unfinished = f"{self.migrated_name}_unfinished"
        with self.server() as server:
            for (older,) in server.execute(MIGRATED, [f"^{re.escape(self.migrated_name[:-KEY_LENGTH])}[0-9a-f]{{12}}"]):
                server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(older)))
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
            self.migrate(unfinished)
            self.connection.close_pool()
            names = (sql.Identifier(name) for name in (unfinished, self.migrated_name))
            server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))

    def copy_migrated(self) -> None:
        self.connection.settings_dict["TEST"]["TEMPLATE"] = self.migrated_name

    def server(self) -> psycopg.Connection:
        """Connect to the database that each server has."""
        server = {name: self.connection.settings_dict[name.upper()] for name in ("host", "port", "user", "password")}
        return psycopg.connect(dbname="postgres", autocommit=True, **server)


class DatabaseWrapper(base.DatabaseWrapper):
    creation_class = DatabaseCreation
    ops_class = DatabaseOperations
