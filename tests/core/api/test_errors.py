"""Test which problem each exception becomes."""

import math
import sqlite3
import uuid

import pytest
import redis.exceptions as cache
from django import db
from django.core import exceptions as django
from django.db import connection, transaction
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions as drf

from core import errors as domain
from core.api.errors import ERROR_TABLE, Problem, problem_of, problem_of_status

from .notes import NEW_YEAR, Note


class SeatsUsedUp(domain.Conflict):
    """A domain error that only these tests use."""

    message = "Every seat is taken."


class Teapot(drf.APIException):
    """A REST framework exception that is not in our error table."""

    status_code = 418
    default_detail = "Short and stout."
    default_code = "teapot"


INVALID = "Some fields are not valid."
MALFORMED = "The request is malformed."
UNSTORABLE = "A value cannot be stored."
BUSY = Problem(503, "busy", "The service is busy. Try again in a moment.", headers={"Retry-After": "2"})
TAKEN = Problem(409, "conflict", "This already exists.")
CRASH = Problem(500, "internal_error", "Something went wrong on our side. The error was logged.")

TABLE = [
    (domain.Invalid(), Problem(400, "invalid", "The input is not valid.")),
    (domain.Unauthenticated(), Problem(401, "unauthenticated", "Authentication is required.")),
    (domain.Denied("Not you."), Problem(403, "denied", "Not you.")),
    (domain.NotFound(), Problem(404, "not_found", "Not found.")),
    (domain.Gone(), Problem(410, "gone", "This is no longer available.")),
    (domain.PreconditionFailed(), Problem(412, "precondition_failed", "This is not in the expected state.")),
    (domain.Unprocessable("No fit."), Problem(422, "unprocessable", "No fit.")),
    (
        SeatsUsedUp(fields={"seat_limit": ["Raise it."]}, seats=5),
        Problem(409, "seats_used_up", "Every seat is taken.", {"seat_limit": ["Raise it."]}, {"seats": 5}),
    ),
    (
        domain.LimitReached("Slowly.", retry_after=30),
        Problem(429, "limit_reached", "Slowly.", headers={"Retry-After": "30"}),
    ),
    (
        domain.Unavailable("Away.", retry_after=7),
        Problem(503, "unavailable", "Away.", headers={"Retry-After": "7"}),
    ),
    (drf.ParseError("Broken."), Problem(400, "malformed_body", "Broken.")),
    (drf.NotAuthenticated("Who?"), Problem(401, "unauthenticated", "Who?")),
    (drf.AuthenticationFailed("Bad."), Problem(401, "invalid_credentials", "Bad.")),
    (drf.PermissionDenied("No."), Problem(403, "denied", "No.")),
    (drf.PermissionDenied("No.", code="machine"), Problem(403, "machine", "No.")),
    (drf.NotFound(), Problem(404, "not_found", "Not found.")),
    (drf.MethodNotAllowed("PUT"), Problem(405, "method_not_allowed", 'Method "PUT" not allowed.')),
    (drf.NotAcceptable("Only JSON."), Problem(406, "not_acceptable", "Only JSON.")),
    (
        drf.UnsupportedMediaType("text/plain"),
        Problem(415, "unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
    ),
    (
        drf.Throttled(wait=1.2, detail="Wait."),
        Problem(
            429,
            "limit_reached",
            "Wait. Expected available in 2 seconds.",
            headers={"Retry-After": "2"},
        ),
    ),
    (drf.Throttled(detail="Wait."), Problem(429, "limit_reached", "Wait.")),
    (Teapot(), Problem(418, "teapot", "Short and stout.")),
    (drf.ValidationError("All of it."), Problem(400, "invalid", "All of it.")),
    (
        drf.ValidationError({"name": ["Too long.", "Too odd."]}),
        Problem(400, "invalid", INVALID, {"name": ["Too long.", "Too odd."]}),
    ),
    (django.ValidationError("All of it."), Problem(400, "invalid", "All of it.")),
    (
        django.ValidationError({"logo_url": ["No URL."], "__all__": ["Odd."]}),
        Problem(400, "invalid", "Odd.", {"logo_url": ["No URL."]}),
    ),
    (django.BadRequest("secret"), Problem(400, "bad_request", MALFORMED)),
    (django.SuspiciousOperation("secret"), Problem(400, "bad_request", MALFORMED)),
    (django.TooManyFieldsSent("secret"), Problem(400, "bad_request", MALFORMED)),
    (django.RequestDataTooBig("secret"), Problem(413, "too_large", "The body is too large.")),
    (MultiPartParserError("secret"), Problem(400, "malformed_body", "The body is malformed.")),
    (UnreadablePostError("secret"), Problem(400, "malformed_body", "The body ended early.")),
    (django.PermissionDenied("secret"), Problem(403, "denied", "You may not do this.")),
    (Http404("secret"), Problem(404, "not_found", "Not found.")),
    (db.DataError("secret"), Problem(400, "invalid", UNSTORABLE)),
    (OverflowError("secret"), Problem(400, "invalid", UNSTORABLE)),
    (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "secret"), Problem(400, "invalid", UNSTORABLE)),
    (db.InterfaceError("secret"), BUSY),
    (db.InternalError("secret"), CRASH),
    (cache.ConnectionError("secret"), BUSY),
    (cache.TimeoutError("secret"), BUSY),
    (db.IntegrityError("secret"), CRASH),
    (db.ProgrammingError("secret"), CRASH),
    (django.ObjectDoesNotExist("secret"), CRASH),
    (ZeroDivisionError("secret"), CRASH),
    (KeyboardInterrupt("secret"), CRASH),
]


@pytest.mark.parametrize(("exc", "problem"), TABLE, ids=lambda value: type(value).__name__)
def test_every_failure_has_its_status(exc, problem):
    assert problem_of(exc) == problem


def test_every_row_of_the_table_is_tried():
    beside = {db.OperationalError}  # tested below with real database errors
    tried = {kind for exc, _ in TABLE for kind in type(exc).__mro__ if kind in ERROR_TABLE}
    assert set(ERROR_TABLE) - tried == beside


def test_a_crash_is_logged_with_its_traceback(caplog):
    problem_of(ZeroDivisionError("the cause"))
    [record] = caplog.records
    facts = (record.levelname, record.message, vars(record)["error"])
    assert facts == ("ERROR", "unhandled exception", "ZeroDivisionError")
    assert "the cause" in caplog.text


def test_what_the_caller_did_wrong_is_not_logged(caplog):
    problem_of(domain.Invalid())
    problem_of(Http404())
    assert caplog.records == []


def test_a_problem_can_be_told_in_one_sentence():
    problem = Problem(400, "invalid", "Not valid.", {"page": ["Too small."], "sort": ["Unknown.", "Odd."]})
    assert problem.sentence == "Not valid. page: Too small. sort: Unknown. Odd."


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (400, Problem(400, "bad_request", MALFORMED)),
        (403, Problem(403, "denied", "You may not do this.")),
        (404, Problem(404, "not_found", "Not found.")),
        (405, Problem(405, "method_not_allowed", "Method Not Allowed.")),
        (500, CRASH),
        (503, Problem(503, "service_unavailable", "Service Unavailable.")),
        (499, Problem(499, "error", "Error.")),
    ],
)
def test_a_bare_status_becomes_a_problem(status, problem):
    assert problem_of_status(status) == problem


def problem_in_the_database(act):
    """Run `act`, which must cause a database error. Return the problem of that error."""
    with pytest.raises(db.Error) as raised, transaction.atomic():
        act()
    return problem_of(raised.value)


def note(**values):
    return Note.objects.create(**{"id": uuid.UUID(int=1), "written_at": NEW_YEAR, "title": "note", **values})


def test_a_value_that_a_concurrent_request_took_is_a_conflict(notes):
    note()
    assert problem_in_the_database(note) == TAKEN


def test_a_broken_rule_that_is_no_race_is_a_crash(notes):
    assert problem_in_the_database(lambda: note(title=None)) == CRASH


def test_a_wrong_statement_is_a_crash(db):
    assert problem_in_the_database(lambda: connection.cursor().execute("SELECT nothing FROM nowhere")) == CRASH


@pytest.mark.postgresql
def test_nul_that_reaches_postgresql_is_the_callers_fault(notes):
    problem = problem_in_the_database(lambda: note(title="\x00"))
    assert problem == Problem(400, "invalid", UNSTORABLE)


@pytest.mark.postgresql
def test_a_server_that_only_permits_reading_is_to_be_tried_again(notes):
    def write() -> None:
        connection.cursor().execute("SET LOCAL transaction_read_only = on")
        note()

    assert problem_in_the_database(write) == BUSY


@pytest.mark.postgresql
def test_a_statement_that_takes_too_long_is_to_be_tried_again(db):
    connection.cursor().execute("SET LOCAL statement_timeout = 1")
    assert problem_in_the_database(lambda: connection.cursor().execute("SELECT pg_sleep(60)")) == BUSY


def test_a_locked_sqlite_database_is_to_be_tried_again(tmp_path):
    writer, waiter = (sqlite3.connect(tmp_path / "notes", timeout=0, isolation_level=None) for _ in range(2))
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as locked:
        waiter.execute("BEGIN IMMEDIATE")
    writer.close()
    waiter.close()
    wrapped = db.OperationalError(*locked.value.args)
    wrapped.__cause__ = locked.value
    assert problem_of(wrapped) == BUSY


def test_waiting_is_told_in_whole_seconds_and_never_too_short():
    wait = problem_of(drf.Throttled(wait=0.01)).headers["Retry-After"]
    assert int(wait) == math.ceil(0.01)
