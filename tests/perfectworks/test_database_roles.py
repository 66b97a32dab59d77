"""Test the database roles on PostgreSQL: a production process runs with a role that cannot change the schema."""

from collections.abc import Iterator
from io import StringIO
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core import checks
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg import sql
from pytest_django import Settings

from perfectworks.checks import superuser_errors
from tests.support.project_settings import PRODUCTION
from tests.support.scratch import run_python, scratch_database

OWNER, RUNTIME = "postgres://house_owner:o-secret@db/house", "postgres://house_runtime:r-secret@db/house"
START = "import perfectworks.wsgi; from accounts.models import User; print(User.objects.count())"


@pytest.fixture
def scratch() -> Iterator[dict[str, str]]:
    """Return the variables of a production process that uses an empty database."""
    with scratch_database() as urls:
        yield {**urls, **PRODUCTION}


def attempt(url: str, statement: str) -> str:
    """Run the statement and roll it back. Return the name of the error, or ""."""
    try:
        with psycopg.connect(url) as session:
            session.execute(statement.encode())
            session.rollback()
    except psycopg.Error as error:
        return type(error).__name__
    return ""


@pytest.mark.postgresql
@pytest.mark.django_db
def test_production_runs_with_a_role_that_reads_and_writes_rows_and_nothing_else(scratch: dict[str, str]) -> None:
    with psycopg.connect(scratch["DATABASE_ADMIN_URL"]) as superuser:
        superuser.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")  # as in databases from before PostgreSQL 15
    for _ in range(2):  # running it again changes nothing
        created = run_python(scratch, "manage.py", "database_roles", "--run")
        assert created.returncode == 0, created.stderr
    owner, runtime = scratch["DATABASE_OWNER_URL"], scratch["DATABASE_URL"]
    by_runtime = run_python(scratch, "manage.py", "migrate", "-v0")
    assert by_runtime.returncode == 1
    assert by_runtime.stderr.startswith("The role in DATABASE_URL may not do this: ")
    assert by_runtime.stderr.endswith(
        "Run the command as the owner of the tables: DATABASE_URL=$DATABASE_OWNER_URL manage.py …\n"
    )
    migrated = run_python(scratch | {"DATABASE_URL": owner}, "manage.py", "migrate", "-v0")
    assert migrated.returncode == 0, migrated.stderr

    started = run_python(scratch, "-c", START)
    assert (started.returncode, started.stdout) == (0, "0\n"), started.stderr
    refused = run_python(scratch | {"DATABASE_URL": scratch["DATABASE_ADMIN_URL"]}, "-c", START)
    assert refused.returncode == 1
    assert "DATABASE_URL connects as the superuser" in refused.stderr
    worker = run_python(scratch | {"DATABASE_URL": scratch["DATABASE_ADMIN_URL"]}, "manage.py", "worker", "--once")
    assert worker.stderr.startswith("PerfectWorks does not start: DATABASE_URL connects as the superuser")

    assert attempt(runtime, "DELETE FROM events_event") == ""
    assert attempt(runtime, "SELECT nextval('django_migrations_id_seq')") == ""
    for statement in (
        "CREATE TABLE extra (id int)",
        "CREATE TEMPORARY TABLE extra (id int)",
        "CREATE SCHEMA extra",
        "DROP TABLE events_event",
        "TRUNCATE events_event",
        "ALTER TABLE events_event ADD extra int",
        "CREATE ROLE extra",
        "COPY events_event TO PROGRAM 'true'",
    ):
        assert attempt(runtime, statement) == "InsufficientPrivilege", statement
    assert attempt(owner, "CREATE TABLE extra (id int)") == ""
    assert attempt(owner, "CREATE ROLE extra") == "InsufficientPrivilege"


@pytest.mark.postgresql
@pytest.mark.django_db
@pytest.mark.parametrize("url", ["DATABASE_OWNER_URL", "DATABASE_URL"])
def test_the_command_takes_no_rights_from_a_superuser(scratch: dict[str, str], url: str) -> None:
    name = urlsplit(scratch[url]).username or ""
    with psycopg.connect(scratch["DATABASE_ADMIN_URL"], autocommit=True) as superuser:
        superuser.execute(sql.SQL("CREATE ROLE {} SUPERUSER").format(sql.Identifier(name)))
        refused = run_python(scratch, "manage.py", "database_roles", "--run")
        assert refused.returncode == 1
        assert "The owner and the runtime role must not be superusers. Choose other names." in refused.stderr
        is_super = superuser.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    assert is_super == (True,)


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_superuser_is_an_error_of_the_system_check_in_production(settings: Settings) -> None:
    assert superuser_errors("default") == []
    settings.SUPERUSER_ALLOWED = False
    user = connection.settings_dict["USER"]
    message = f"DATABASE_URL connects as the superuser {user!r}. Create restricted roles: manage.py database_roles."
    assert superuser_errors("default") == [checks.Error(message, id="perfectworks.E005")]


def printed(settings: Settings, runtime: str, owner: str) -> str:
    settings.DATABASE_URL, settings.DATABASE_OWNER_URL = runtime, owner
    call_command("database_roles", stdout=(output := StringIO()))
    return output.getvalue()


def test_the_command_prints_the_sql_without_passwords(settings: Settings) -> None:
    text = printed(settings, RUNTIME, OWNER)
    assert 'ALTER ROLE "house_runtime" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;\n' in text
    assert 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "house_runtime";\n' in text
    assert text.endswith("-- Then set the passwords, in psql: \\password house_owner and \\password house_runtime\n")
    assert "secret" not in text


@pytest.mark.parametrize(
    ("runtime", "owner", "sentence"),
    [
        ("sqlite:////tmp/db", OWNER, "must be postgres://user:password@host/database."),
        (RUNTIME, "", "must be postgres://user:password@host/database."),
        (RUNTIME, RUNTIME, "must name one database and two roles."),
        (RUNTIME, OWNER.replace("/house", "/other"), "must name one database and two roles."),
        (RUNTIME.replace("r-secret", ""), OWNER, "The password in DATABASE_URL is empty."),
        (RUNTIME, OWNER.replace("o-secret", ""), "The password in DATABASE_OWNER_URL is empty."),
    ],
)
def test_the_command_needs_two_roles_in_one_database(
    settings: Settings, runtime: str, owner: str, sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        printed(settings, runtime, owner)


def test_the_command_runs_the_sql_only_as_a_superuser(settings: Settings) -> None:
    settings.DATABASE_URL, settings.DATABASE_OWNER_URL = RUNTIME, OWNER
    with pytest.raises(CommandError, match="Set DATABASE_ADMIN_URL"):
        call_command("database_roles", "--run")
