"""The processes that tests start: the URL of their database, and the server that forks workers.

``tests/conftest.py`` imports these fixtures for all tests. Imported into several files, each would exist several times.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.conf import settings as project
from django.db import connection

from tests.outbox.kill_points import MANY, UNLIMITED
from tests.outbox.scripted_server import DEADLINE
from tests.support.database_roles import runtime_role


@pytest.fixture(scope="session")
def production_url(django_db_setup: None) -> Iterator[str]:
    """Return the URL of the test database for other processes: on PostgreSQL, with the role that production uses."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        yield f"sqlite:///{database['NAME']}"
        return
    with runtime_role(database) as runtime:
        user, password = (quote(runtime[name], safe="") for name in ("USER", "PASSWORD"))
        yield f"postgres://{user}:{password}@{runtime['HOST']}:{runtime['PORT'] or 5432}/{runtime['NAME']}"


@pytest.fixture(scope="session")
def fork_server_process(production_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the fork server. Kill it and its child processes at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.outbox.fork_server"],
        cwd=project.BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "perfectworks.settings",
            "LOG_LEVEL": "CRITICAL",
            "DEBUG": "1",
            "DATABASE_URL": production_url,
            "EMAIL_URL": "smtp://127.0.0.1",
            "WEBHOOK_ALLOW_PRIVATE": "1",
            **dict.fromkeys(UNLIMITED, str(MANY)),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        process_group=0,
    )
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=DEADLINE)
