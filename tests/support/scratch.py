"""Another database on the PostgreSQL server of the tests, and processes that use it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote
from uuid import uuid4

import psycopg
from django.conf import settings as project
from django.db import connection
from psycopg import sql


def superuser_url(database: str) -> str:
    """Return the URL of a database for the superuser that runs the tests."""
    server = connection.settings_dict
    user, password = (quote(server[name], safe="") for name in ("USER", "PASSWORD"))
    return f"postgres://{user}:{password}@{server['HOST'] or '127.0.0.1'}:{server['PORT'] or 5432}/{database}"


@contextmanager
def scratch_database() -> Iterator[dict[str, str]]:
    """Create an empty database. Give the variables with its URLs. At the end, drop it and the two roles."""
    name = f"pw_scratch_{uuid4().hex[:12]}"
    roles = {part: f"{name}_{part}" for part in ("owner", "runtime")}
    admin = superuser_url(name)
    address = admin.rpartition("@")[2]
    with psycopg.connect(admin, dbname="postgres", autocommit=True) as superuser:
        superuser.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield {
                "PATH": os.environ["PATH"],
                "DATABASE_ADMIN_URL": admin,
                "DATABASE_OWNER_URL": f"postgres://{roles['owner']}:o-secret@{address}",
                "DATABASE_URL": f"postgres://{roles['runtime']}:r-secret@{address}",
            }
        finally:
            superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            for role in roles.values():
                superuser.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def run_python(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the folder of the project, with these variables alone."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env=environment, cwd=project.BASE_DIR, capture_output=True, text=True, check=False, timeout=120
    )
