"""Run processes on the test database with the role that production uses, which cannot change the schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from perfectworks.database_roles import DatabaseRoles

PASSWORD = "only-for-tests"


@contextmanager
def runtime_role(database: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Create the roles in a PostgreSQL database and return its settings for the runtime role. Drop them at the end."""
    roles = DatabaseRoles(database["NAME"], f"{database['NAME']}_owner", "", f"{database['NAME']}_runtime", PASSWORD)
    with superuser_of(database) as superuser:
        roles.create(superuser)
    yield {**database, "USER": roles.runtime, "PASSWORD": PASSWORD, "SUPERUSER": database}
    with superuser_of(database) as superuser:
        for role in map(sql.Identifier, (roles.owner, roles.runtime)):
            superuser.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(role))
            superuser.execute(sql.SQL("DROP OWNED BY {}").format(role))
            superuser.execute(sql.SQL("DROP ROLE {}").format(role))


def superuser_of(database: dict[str, Any]) -> psycopg.Connection:
    """Connect as the superuser that runs the tests, also if the settings are those of the runtime role."""
    found = database.get("SUPERUSER", database)
    return psycopg.connect(
        host=found["HOST"],
        port=found["PORT"] or 5432,
        dbname=found["NAME"],
        user=found["USER"],
        password=found["PASSWORD"],
        autocommit=True,
    )
