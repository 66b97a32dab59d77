"""The database of the benchmark. It is kept between runs, because filling it takes minutes."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from perfectworks.database_roles import DatabaseRoles

SERVER = os.environ.get("BENCH_SERVER_URL", "postgres://postgres@127.0.0.1:5432/postgres")
SCALE = float(os.environ.get("BENCH_SCALE", "1"))  # 1 means a million open invitations in the largest organization
PASSWORD = "only-for-the-benchmark"  # noqa: S105 - of roles that exist only while the benchmark runs
PROJECT = Path(__file__).resolve().parent.parent


def database_name() -> str:
    """Return a name that changes with the scale, the migrations and the rows, so that an old database is not used."""
    digest = hashlib.sha256(str(SCALE).encode())
    for path in sorted([*PROJECT.glob("*/migrations/*.py"), Path(__file__).with_name("seed.py")]):
        digest.update(path.read_bytes())
    return f"perfectworks_bench_{digest.hexdigest()[:12]}"


def url_of(name: str, user: str = "", password: str = "") -> str:
    """Return the URL of a database on the server, for its superuser or for another role."""
    server = urlsplit(SERVER)
    place = f"{server.hostname}:{server.port or 5432}"
    login = f"{user}:{password}" if user else server.netloc.rpartition("@")[0]
    return urlunsplit(("postgres", f"{login}@{place}", f"/{name}", "", ""))


def create_empty(name: str) -> bool:
    """Drop the databases of earlier versions and create this one. Return False if it exists already."""
    with psycopg.connect(SERVER, autocommit=True) as server:
        found = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'perfectworks_bench_%'").fetchall()
        if (name,) in found:
            return False
        for (old,) in found:
            server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(old)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return True


def drop(name: str) -> None:
    """Drop a database and close its connections."""
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def temporary_database(purpose: str) -> Iterator[str]:
    """Create a database and return its name. Drop it at the end. Two runs use databases of their own."""
    name = f"perfectworks_{purpose}_bench_{os.getpid()}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield name
    finally:
        drop(name)


@contextmanager
def runtime_url(name: str) -> Iterator[str]:
    """Create the roles of production for this database and return the URL of the runtime role. Drop them at the end."""
    roles = DatabaseRoles(name, f"{name}_owner", "", f"{name}_runtime", PASSWORD)
    with psycopg.connect(url_of(name), autocommit=True) as superuser:
        roles.create(superuser)
    try:
        yield url_of(name, roles.runtime, PASSWORD)
    finally:
        with psycopg.connect(url_of(name), autocommit=True) as superuser:
            for role in map(sql.Identifier, (roles.owner, roles.runtime)):
                superuser.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(role))
                superuser.execute(sql.SQL("DROP OWNED BY {}").format(role))
                superuser.execute(sql.SQL("DROP ROLE {}").format(role))
