"""Run the tests on SQLite and, if available, on PostgreSQL: `python tests/run.py [pytest arguments]`.

`TEST_DATABASE_URL` is the PostgreSQL server; the default is the local one on the standard port. With
`REQUIRE_POSTGRESQL=1`, a missing server is a failure.
"""

import getpass
import os
import shutil
import subprocess
import sys

import psycopg

USERS = dict.fromkeys(("postgres", getpass.getuser()))
CHROMIUM = shutil.which("chromium")
LOCAL_SERVERS = [f"postgres://{user}@127.0.0.1:5432/perfectworks" for user in USERS]


def main() -> int:
    """Run the tests on each database, print which ran, and return the exit code."""
    postgresql = available_server()
    if postgresql is None and os.environ.get("REQUIRE_POSTGRESQL") == "1":
        print("PostgreSQL is not available, but REQUIRE_POSTGRESQL=1 requires it. Set TEST_DATABASE_URL.")
        return 1
    runs = [("SQLite", "")] if postgresql is None else [("SQLite", ""), postgresql]
    codes = [run_tests(name, url) for name, url in runs]
    print(f"\nThe tests ran on {' and '.join(name for name, _ in runs)}.")
    if postgresql is None:
        print("PostgreSQL is not available: SQLite only. Set TEST_DATABASE_URL to use another server.")
    if not CHROMIUM:
        print("There is no Chromium: the browser tests named above were skipped (on Debian: apt install chromium).")
    return max(codes)


def available_server() -> tuple[str, str] | None:
    """Return the name and URL of the first available PostgreSQL server, or None."""
    named = os.environ.get("TEST_DATABASE_URL")
    for url in [named] if named else LOCAL_SERVERS:
        try:
            # The test database does not exist yet.
            with psycopg.connect(url, dbname="postgres", connect_timeout=5) as connection:
                return f"PostgreSQL {connection.info.server_version // 10_000}", url
        except psycopg.Error:
            continue
    return None


def run_tests(name: str, url: str) -> int:
    """Run pytest on one database and return its exit code."""
    print(f"\n=== The tests on {name} ===", flush=True)
    names = [] if CHROMIUM else ["--no-fold-skipped"]
    command = [sys.executable, "-m", "pytest", *names, *sys.argv[1:]]
    return subprocess.run(command, env=os.environ | {"TEST_DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
