"""Test that everything responds with 503 in words while the database or the cache does not respond."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest
from django import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import connection, transaction
from django.db.utils import ConnectionHandler
from django.test import Client
from psycopg.errors import ReadOnlySqlTransaction

from accounts.models import User
from accounts.session_store import SessionStore
from core.api.errors import problem_of
from core.database import SECONDS_FOR_CONNECTION, SECONDS_WHILE_AWAY, wait_briefly_for_connections
from perfectworks.settings import POSTGRESQL_OPTIONS
from tests.factories import UserFactory
from tests.perfectworks.test_web_server import DIALECTS
from tests.support.pages import visible_text
from tests.support.people import PASSWORD

BUSY = 503, "busy", "The service is busy. Try again in a moment."
AWAY = [
    "This isn't available right now",
    "A part of this service isn't responding. Please try again in a few minutes.",
    "Home",
]


@pytest.fixture
def client() -> Client:
    """Return a client that does not raise the errors of which it gets a response."""
    return Client(raise_request_exception=False)


def lost_connection() -> db.Error:
    return db.OperationalError("the connection is lost")


def standby_server() -> db.Error:
    error = db.InternalError("cannot execute INSERT in a read-only transaction")
    error.__cause__ = ReadOnlySqlTransaction()
    return error


@contextmanager
def no_database(error: Callable[[], db.Error] = lost_connection) -> Iterator[None]:
    """Let every statement fail, as if the connection was lost."""

    def refuse(*_: Any) -> None:
        raise error()

    with connection.execute_wrapper(refuse):
        yield


@pytest.fixture
def someone(db: None) -> User:
    return UserFactory.create(email="someone@example.com", password=PASSWORD)


@pytest.fixture
def only_reading(someone: User) -> Iterator[None]:
    """Let every write fail, as on a full disk or a standby server."""
    is_sqlite = connection.vendor == "sqlite"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON" if is_sqlite else "SET LOCAL transaction_read_only = on")
        yield
        if is_sqlite:
            cursor.execute("PRAGMA query_only = OFF")
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/invitations",
        "/invitations/01a22817-6067-7661-87b5-1e0f0ef41abc",
        "/accounts/login/",
        "/accounts/profile/",
        "/admin/",
        "/admin/orgs/organization/",
        "/nothing",
    ],
)
def test_a_page_says_that_it_is_unavailable(client, owner, path):
    client.force_login(owner)
    with no_database():
        response = client.get(path)

    assert (response.status_code, visible_text(response), response["Retry-After"]) == (503, AWAY, "2")
    assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_a_form_says_that_it_is_unavailable(client, db, path):
    with no_database():
        response = client.post(path, {"login": "a@example.com", "email": "a@example.com", "password": PASSWORD})

    assert (response.status_code, visible_text(response)) == (503, AWAY)


@pytest.mark.parametrize(("path", "error_body"), DIALECTS.items())
def test_an_api_says_so_in_its_own_format(client, owner, path, error_body):
    client.force_login(owner)
    headers = {} if "wacht" in path else {"Authorization": "Bearer token"}
    with no_database():
        response = client.get(api_path(path), headers=headers)

    assert (response.status_code, response.json(), response["Retry-After"]) == (503, error_body(*BUSY, {}), "2")


def test_an_api_that_reads_sessions_says_so(client, owner):
    client.force_login(owner)
    with no_database():
        assert client.get("/api/v0/organizations").json()["error"]["code"] == "busy"


def api_path(path: str) -> str:
    """Return the path of an operation that reads a credential from the database."""
    return {
        "/wacht/organizations": "/wacht/organizations/21711932379608678/invitations",
        "/upsun/organizations": "/upsun/organizations/01M8M1ET73ESAR37QS9X5QX398/invitations",
        "/applivery/v1/organizations": (
            "/applivery/v1/organizations/01a2281768e37655819ef94f/apps/field-app/collaborators/invitations"
        ),
    }.get(path, path)


def test_whoever_registers_does_not_wait_until_the_password_is_hashed(client, db, monkeypatch):
    hashed: list[str] = []
    monkeypatch.setattr(User, "set_password", lambda user, password: hashed.append(password))
    body = {"email": "new@example.com", "password": PASSWORD}
    with no_database():
        response = client.post("/api/v0/users/register", body, content_type="application/json")

    assert (response.status_code, response.json()["error"]["code"], hashed) == (503, "busy", [])


def test_a_token_is_not_issued(client, db):
    with no_database():
        response = client.post("/oauth2/token", {"grant_type": "client_credentials", "client_id": "a"})

    assert (response.status_code, response.json()["error"]) == (503, "server_error")


def test_the_process_is_still_live_and_not_ready(client, db):
    with no_database():
        live, ready = client.get("/healthz/live"), client.get("/healthz/ready")

    assert (live.status_code, ready.status_code, ready.json()["reason"]) == (200, 503, "database")


def test_whoever_cannot_be_signed_in_because_nothing_can_be_written_is_told(client, someone, only_reading):
    response = client.post("/accounts/login/", {"login": someone.email, "password": PASSWORD})

    assert (response.status_code, visible_text(response)) == (503, AWAY)


@pytest.mark.parametrize("error", [lost_connection, standby_server])
def test_a_session_that_cannot_be_saved_is_not_called_deleted(db, error):
    store = SessionStore()
    store.create()
    with pytest.raises(UpdateError) as raised, no_database(error):
        store.save()
    interrupted = SessionInterrupted()
    interrupted.__context__ = raised.value

    assert problem_of(raised.value).status == problem_of(interrupted).status == 503
    assert problem_of(SessionInterrupted()).status == 400


def test_a_cache_that_does_not_respond_makes_sign_in_unavailable(client, someone, settings, caplog):
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": redis}

    response = client.post("/accounts/login/", {"login": someone.email, "password": PASSWORD})

    assert (response.status_code, visible_text(response)) == (503, AWAY)
    assert [record.getMessage() for record in caplog.records if record.name == "core.api.errors"] == ["cache error"]


@pytest.mark.django_db
def test_web_processes_wait_less_than_a_second_for_a_connection_and_less_while_there_is_none(monkeypatch):
    monkeypatch.setattr("core.database.SECONDS_AFTER_FAILURE", 60)  # longer than this test takes on a slow machine
    engine = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": "1", "NAME": "none"}
    handler = ConnectionHandler({"default": {}, "away": engine | {"OPTIONS": deepcopy(POSTGRESQL_OPTIONS)}})
    wait_briefly_for_connections(handler)
    away: Any = handler["away"]
    try:
        assert away.pool.timeout == SECONDS_FOR_CONNECTION < 1
        with pytest.raises(db.OperationalError, match=r"after 0\.70 sec"):
            away.cursor()
        with pytest.raises(db.OperationalError, match=r"after 0\.10 sec"):
            away.cursor()
        assert away.pool.timeout == SECONDS_WHILE_AWAY
    finally:
        away.close_pool()


class HangingProxy(threading.Thread):
    """Forward one connection to a server until ``hangs`` is set. The connection stays open until ``released`` is."""

    def __init__(self, server: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.hangs, self.released = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))

    def run(self) -> None:
        """Forward in both directions, then forward nothing for at most ten seconds."""
        with self.listener, self.listener.accept()[0] as client, socket.create_connection(self.server) as server:
            target_of = {client: server, server: client}
            while not self.hangs.is_set():
                for source in select.select(target_of, [], [], 0.05)[0]:
                    target_of[source].sendall(source.recv(65536))
            self.released.wait(10)


@contextmanager
def another_pool(options: dict[str, Any], **address: Any) -> Iterator[Any]:
    """Return a database with a pool of its own, like that of a web process, on the server of the tests."""
    pooled = address | {"CONN_HEALTH_CHECKS": True, "OPTIONS": deepcopy(POSTGRESQL_OPTIONS) | options}
    handler = ConnectionHandler({"default": {}, "pooled": connection.settings_dict | pooled})
    wait_briefly_for_connections(handler)
    database: Any = handler["pooled"]
    try:
        yield database
    finally:
        database.close_pool()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_database_that_hangs_while_connections_are_open_holds_no_thread(monkeypatch):
    monkeypatch.setattr("core.database.SECONDS_BETWEEN_QUERIES", 0)
    server = connection.settings_dict
    proxy = HangingProxy((server["HOST"] or "127.0.0.1", int(server["PORT"] or 5432)))
    with another_pool({}, HOST="127.0.0.1", PORT=proxy.listener.getsockname()[1]) as hanging:
        proxy.start()
        try:
            hanging.cursor().execute("SELECT 1")
            hanging.close()
            proxy.hangs.set()
            with pytest.raises(db.OperationalError):
                hanging.cursor()
            assert proxy.is_alive()  # so the connection was still open
        finally:
            proxy.released.set()
            proxy.join()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_after_the_database_has_closed_all_connections_the_next_request_gets_a_new_one():
    with another_pool({"application_name": "to-be-closed"}) as database:
        database.pool.open()
        idle = [database.pool.getconn() for _ in range(4)]
        for one in idle:
            database.pool.putconn(one)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s",
                ["to-be-closed"],
            )
            assert cursor.fetchall() == [(True,)] * 4

        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_connection_with_a_statement_that_is_older_than_its_column_is_replaced():
    with another_pool({}) as database, another_pool({}) as administration, administration.cursor() as ddl:
        ddl.execute("CREATE TABLE changed (number integer)")
        try:
            with database.cursor() as cursor:
                session = cursor.connection.info.backend_pid
                for _ in range(4):
                    cursor.execute("SELECT number FROM changed")
                ddl.execute("ALTER TABLE changed ALTER number TYPE text")
                with pytest.raises(db.OperationalError) as refusal:
                    cursor.execute("SELECT number FROM changed")
            assert problem_of(refusal.value).status == 503
            database.close()

            with database.cursor() as cursor:
                cursor.execute("SELECT number FROM changed")
                assert cursor.connection.info.backend_pid != session
        finally:
            ddl.execute("DROP TABLE changed")
