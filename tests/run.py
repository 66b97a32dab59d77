"""Run the tests on SQLite and, if available, on PostgreSQL: `python -m tests.run [pytest arguments]`.

`TEST_DATABASE_URL` is the URL of the PostgreSQL server. The default is the local server on the standard port. With
`REQUIRE_POSTGRESQL=1`, a missing server is a failure. Tests that do not depend on the database run once, on SQLite.
Both databases are tested at the same time, because many tests wait for other processes. PostgreSQL, with fewer tests,
gets half of the test processes.
With `--full`, tests that depend on chance are repeated (see `repetition.py`), on one database after the other: races
and timeouts depend on how busy the machine is.
"""

import getpass
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from tempfile import TemporaryFile
from typing import IO

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
    code = run_on_all(*postgresql) if postgresql else run_on_sqlite()
    print(f"\nThe tests ran on SQLite{f' and {postgresql[0]}' if postgresql else ''}.")
    if postgresql is None:
        print("PostgreSQL is not available: SQLite only. Set TEST_DATABASE_URL to use another server.")
    if not CHROMIUM:
        print(
            "There is no Chromium: the browser tests named above were skipped (on Debian: apt install"
            " chromium-headless-shell)."
        )
    return code


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


def run_on_all(name: str, url: str) -> int:
    """Run the tests on SQLite and on PostgreSQL, and return the first exit code that is not 0.

    The tests on PostgreSQL leave out those with the same result on both databases. Their output is printed last.
    """
    with TemporaryFile() as output:
        if "--full" in sys.argv:
            first_code = run_on_sqlite()
            print(f"\n=== The tests on {name} ===", flush=True)
            second_code = subprocess.run(command("--second-database"), env=environment(url), check=False).returncode
        else:
            with start_on_postgresql(url, output) as second:
                first_code = run_on_sqlite()
                print(f"\n=== The tests on {name} ===", flush=True)
            second_code = second.returncode
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout.buffer)
    return first_code or (0 if second_code == NO_TESTS else second_code)


def start_on_postgresql(url: str, output: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start the tests on PostgreSQL, with half of the test processes. They write to ``output``."""
    return subprocess.Popen(
        [*command("--second-database"), *half_of_the_processes(sys.argv)],
        env=environment(url),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def half_of_the_processes(arguments: list[str]) -> list[str]:
    """Return the option for half as many test processes, if the arguments name a number of several."""
    number = next((after for option, after in pairwise(arguments) if option == "-n"), "")
    return ["-n", str(int(number) // 2)] if number.isdigit() and int(number) > 1 else []


def run_on_sqlite() -> int:
    """Run the tests on SQLite and return the exit code."""
    print("\n=== The tests on SQLite ===", flush=True)
    return subprocess.run(command(), env=environment(""), check=False).returncode


def command(*options: str) -> list[str]:
    """Return the command that runs pytest."""
    names = [] if CHROMIUM else ["--no-fold-skipped"]
    return [sys.executable, "-m", "pytest", *names, *options, *sys.argv[1:]]


def environment(url: str) -> dict[str, str]:
    """Return the environment for tests on one database, without PYTHONDONTWRITEBYTECODE.

    Without bytecode files, every worker and every process would compile all modules again.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"TEST_DATABASE_URL": url}


if __name__ == "__main__":
    sys.exit(main())
