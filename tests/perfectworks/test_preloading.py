"""Test that web processes can be forked after the application is loaded: they share no connection and no thread."""

import gc
import json
import os
import runpy
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

LOAD_AND_LIST = """
import json, os, threading
import perfectworks.wsgi
from django.db import connection

def sockets():
    return sum(os.path.realpath(f"/proc/self/fd/{number}").rpartition("/")[2].startswith("socket:")
        for number in os.listdir("/proc/self/fd"))

print(json.dumps([threading.active_count(), sockets(), list(getattr(connection, "_connection_pools", ()))]))
connection.ensure_connection()
print(json.dumps([connection.is_usable(), sockets() > 0]))
"""


def database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    login = f"{database['USER']}:{database['PASSWORD']}"
    return f"postgres://{login}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"


@pytest.mark.django_db(transaction=True)
def test_the_loaded_application_has_no_connection_and_no_thread_until_it_is_used() -> None:
    environment = {"PATH": os.environ["PATH"], "DEBUG": "1", "DATABASE_URL": database_url(), "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-c", LOAD_AND_LIST]
    lines = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, check=True).stdout
    loaded, used = map(json.loads, lines.splitlines())
    assert loaded == [1, 0, []]
    assert used == [True, connection.vendor == "postgresql"]


def test_gunicorn_loads_the_application_before_it_forks_and_collects_garbage_only_afterwards() -> None:
    try:
        configuration = runpy.run_path(str(settings.BASE_DIR / "gunicorn.conf.py"))
        assert configuration["preload_app"] is True
        assert not gc.isenabled()
        configuration["post_fork"](None, None)
        assert gc.isenabled()
    finally:
        gc.enable()


def test_the_application_does_not_load_the_client_of_a_cache_that_it_does_not_use() -> None:
    environment = {"PATH": os.environ["PATH"], "DEBUG": "1", "LOG_LEVEL": "ERROR", "DATABASE_URL": "sqlite:///:memory:"}
    listed = "import sys; import perfectworks.wsgi; print('redis' in sys.modules)"
    command = [sys.executable, "-c", listed]
    found = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, check=True).stdout
    assert found == b"False\n"
