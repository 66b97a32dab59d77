"""Run the tests on SQLite and, if available, on PostgreSQL: `python -m tests.run [pytest arguments]`.

`TEST_DATABASE_URL` is the URL of the PostgreSQL server. The default is the local server on the standard port. With
`REQUIRE_POSTGRESQL=1`, a missing server is a failure. Tests that do not depend on the database run once, on SQLite.
With `--full`, tests that depend on chance are repeated (see `repetition.py`).
"""

import getpass
import os
import subprocess
import sys

import psycopg
import pytest

from tests.support.chromium import CHROMIUM

USERS = dict.fromkeys(("postgres", getpass.getuser()))
NO_TESTS = pytest.ExitCode.NO_TESTS_COLLECTED
LOCAL_SERVERS = [f"postgres://{user}@127.0.0.1:5432/perfectworks" for user in USERS]


def main() -> int:
    """Run the tests on each database, print the names of the databases, and return the exit code."""
    postgresql = available_server()
    if postgresql is None and os.environ.get("REQUIRE_POSTGRESQL") == "1":
        print("PostgreSQL is not available, but REQUIRE_POSTGRESQL=1 requires it. Set TEST_DATABASE_URL.")
        return 1
    codes = [run_tests("SQLite", "")]
    if postgresql:
        name, url = postgresql
        codes.append(run_again(name, url))
    print(f"\nThe tests ran on SQLite{f' and {name}' if postgresql else ''}.")
    if postgresql is None:
        print("PostgreSQL is not available: SQLite only. Set TEST_DATABASE_URL to use another server.")
    if not CHROMIUM:
        print(
            "There is no Chromium: the browser tests named above were skipped (on Debian: apt install"
            " chromium-headless-shell)."
        )
    return max(codes)


def available_server() -> tuple[str, str] | None:
    """Return the name and URL of the first available PostgreSQL server, or None."""
    named = os.environ.get("TEST_DATABASE_URL")
    for url in [named] if named else LOCAL_SERVERS:
        try:
            # Connect to the database "postgres", because the test database does not exist yet.
            with psycopg.connect(url, dbname="postgres", connect_timeout=5) as connection:
                return f"PostgreSQL {connection.info.server_version // 10_000}", url
        except psycopg.Error:
            continue
    return None


def run_again(name: str, url: str) -> int:
    """Run pytest on a second database and return the exit code. Leave out tests with the same result on both."""
    code = run_tests(name, url, "--second-database")
    return 0 if code == NO_TESTS else code


def run_tests(name: str, url: str, *options: str) -> int:
    """Run pytest on one database and return its exit code."""
    print(f"\n=== The tests on {name} ===", flush=True)
    names = [] if CHROMIUM else ["--no-fold-skipped"]
    command = [sys.executable, "-m", "pytest", *names, *options, *sys.argv[1:]]
    return subprocess.run(command, env=environment() | {"TEST_DATABASE_URL": url}, check=False).returncode


def environment() -> dict[str, str]:
    """Return the environment without PYTHONDONTWRITEBYTECODE.

    Without bytecode files, every worker and every process would compile all modules again.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


if __name__ == "__main__":
    sys.exit(main())
