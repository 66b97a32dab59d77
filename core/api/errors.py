"""The HTTP status of every error. Only `ERROR_TABLE` maps exceptions to statuses.

Every exception is converted to a `Problem`. The API dialect of the request converts the `Problem` to a body.
"""

import logging
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import responses
from typing import Any, NamedTuple

from django import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core import exceptions as django
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.settings import api_settings

from core import errors as domain
from core.metrics import count_limit

from .names import AsSent

logger = logging.getLogger(__name__)


class ErrorRow(NamedTuple):
    """A status, a code and a message. If one of them is None, the exception's own value is used."""

    status: int | None
    code: str | None = None
    message: str | None = None


CRASH = ErrorRow(500, "internal_error", "Something went wrong on our side. The error was logged.")
TAKEN = ErrorRow(409, "conflict", "This already exists.")
BUSY = ErrorRow(503, "busy", "The service is busy. Try again in a moment.")
UNSTORABLE = ErrorRow(400, "invalid", "A value cannot be stored.")
INVALID_FIELDS = ErrorRow(400, "invalid", "Some fields are not valid.")

# The row of the exception's nearest base class is used, so the order of the rows does not matter.
ERROR_TABLE: Mapping[type[BaseException], ErrorRow] = {
    # Domain errors have their own code and message.
    domain.Invalid: ErrorRow(400),
    domain.Unauthenticated: ErrorRow(401),
    domain.Denied: ErrorRow(403),
    domain.NotFound: ErrorRow(404),
    domain.Conflict: ErrorRow(409),
    domain.Gone: ErrorRow(410),
    domain.PreconditionFailed: ErrorRow(412),
    domain.Unprocessable: ErrorRow(422),
    domain.LimitReached: ErrorRow(429),
    domain.Unavailable: ErrorRow(503),
    # REST framework's errors.
    drf.ValidationError: INVALID_FIELDS,
    drf.ParseError: ErrorRow(400, "malformed_body"),
    drf.NotAuthenticated: ErrorRow(401, "unauthenticated"),
    drf.AuthenticationFailed: ErrorRow(401, "invalid_credentials"),
    drf.PermissionDenied: ErrorRow(403, "denied"),
    drf.NotFound: ErrorRow(404, "not_found"),
    drf.MethodNotAllowed: ErrorRow(405, "method_not_allowed"),
    drf.NotAcceptable: ErrorRow(406, "not_acceptable"),
    drf.UnsupportedMediaType: ErrorRow(415, "unsupported_media_type"),
    drf.Throttled: ErrorRow(429, "limit_reached"),
    drf.APIException: ErrorRow(None),
    # Django's errors.
    django.ValidationError: INVALID_FIELDS,
    django.BadRequest: ErrorRow(400, "bad_request", "The request is malformed."),
    django.SuspiciousOperation: ErrorRow(400, "bad_request", "The request is malformed."),
    MultiPartParserError: ErrorRow(400, "malformed_body", "The body is malformed."),
    UnreadablePostError: ErrorRow(400, "malformed_body", "The body ended early."),
    django.PermissionDenied: ErrorRow(403, "denied", "You may not do this."),
    Http404: ErrorRow(404, "not_found", "Not found."),
    django.RequestDataTooBig: ErrorRow(413, "too_large", "The body is too large."),
    # Database errors. UNSTORABLE means input that our own checks did not reject.
    UnicodeError: UNSTORABLE,
    OverflowError: UNSTORABLE,
    db.DataError: UNSTORABLE,
    db.IntegrityError: TAKEN,  # only if a concurrent request saved the same unique value, see is_crash
    db.OperationalError: BUSY,  # locks, serialization failures, timeouts, lost connections, see is_crash
    db.InterfaceError: BUSY,  # the connection was lost before the statement
    db.InternalError: BUSY,  # see BUSY_STATES and is_crash
    # Anything else is a bug.
    BaseException: CRASH,
}
# Errors of a shared cache, by name: only services that use one import its client, which takes long.
CACHE_IS_AWAY = {"redis.exceptions.ConnectionError", "redis.exceptions.TimeoutError"}
LOGGED_AS_WARNING = (UNSTORABLE, TAKEN, BUSY)
RETRY_AFTER_BUSY = 2
# PostgreSQL's codes: the server permits only reading, for example on standby; a transaction stood still for too long.
BUSY_STATES = {"25006", "25P03"}
ROW_OF_STATUS = {
    row.status: row
    for row in (
        ERROR_TABLE[django.BadRequest],
        ERROR_TABLE[django.PermissionDenied],
        ERROR_TABLE[Http404],
        ERROR_TABLE[django.RequestDataTooBig],
        ErrorRow(414, "uri_too_long", "The URL is too long."),
        ErrorRow(431, "headers_too_large", "The headers are too large."),
        CRASH,
    )
}


@dataclass(frozen=True)
class Problem:
    """An error to report. Names are in snake_case. `fields` maps dotted paths to messages."""

    status: int
    code: str
    message: str
    fields: Mapping[str, list[str]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The message, followed by the messages of all fields. Dialects use it if their errors are one string."""
        named = [f"{name}: {' '.join(messages)}" for name, messages in self.fields.items()]
        return " ".join([self.message, *named])


#: A function that returns the JSON body for a problem and a request. Each dialect has such a function.
ErrorBody = Callable[[Problem, HttpRequest], Any]


def problem_of(exc: BaseException) -> Problem:
    """Return the problem for an exception. Log a crash, and an error of the database or of the cache."""
    exc = unmasked(exc)
    row = row_of(exc)
    if isinstance(exc, domain.LimitReached | domain.QuotaMixin):
        count_limit(error_code(exc, row))
    if row is CRASH:
        logger.exception("unhandled exception", extra={"error": type(exc).__name__}, exc_info=exc)
    elif row in LOGGED_AS_WARNING:
        event = "cache error" if is_of_cache(exc) else "database error"
        logger.warning(event, extra={"error": type(exc).__name__}, exc_info=exc)
    return Problem(
        status=row.status or int(getattr(exc, "status_code", 500)),
        code=error_code(exc, row),
        message=message_of(exc, row),
        fields=field_errors(exc),
        details=exc.details if isinstance(exc, domain.DomainError) else {},
        headers=headers_of(exc, row),
    )


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Return the response for an exception. REST framework calls this function.

    The view's `error_body` creates the body.
    """
    # REST framework imports this module while it imports its views.
    from rest_framework.views import set_rollback

    view, request = context["view"], context["request"]
    problem = problem_of(exc)
    set_rollback()
    if problem.status == CRASH.status:
        got_request_exception.send(sender=None, request=request)
    headers = dict(problem.headers)
    if problem.status == 401:
        headers.setdefault("WWW-Authenticate", view.get_authenticate_header(request) or "Bearer")
    return Response(view.error_body(problem, request), status=problem.status, headers=headers)


def row_of(exc: BaseException) -> ErrorRow:
    """Return the row of the exception's nearest base class, or CRASH if `is_crash` is true."""
    exc = unmasked(exc)
    if is_crash(exc):
        return CRASH
    if is_of_cache(exc):
        return BUSY
    return next(ERROR_TABLE[kind] for kind in type(exc).__mro__ if kind in ERROR_TABLE)


def is_of_cache(exc: BaseException) -> bool:
    """Return whether the shared cache did not respond."""
    return any(f"{kind.__module__}.{kind.__name__}" in CACHE_IS_AWAY for kind in type(exc).__mro__)


def unmasked(exc: BaseException) -> BaseException:
    """Return the database error because of which a session was not saved, else the exception itself.

    Django's sessions report every such error as a session that was deleted, which would be the client's fault.
    """
    cause: BaseException | None = exc
    while isinstance(cause, UpdateError | SessionInterrupted):
        cause = cause.__context__
    return cause if isinstance(cause, db.OperationalError | db.InterfaceError | db.InternalError) else exc


def is_crash(exc: BaseException) -> bool:
    """Return whether an exception is a database error that only a bug can cause.

    Examples are a wrong SQL statement, and a violation of a constraint that is not a unique constraint.
    """
    cause = exc.__cause__
    if isinstance(exc, db.OperationalError):
        return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    if isinstance(exc, db.InternalError):
        return getattr(cause, "sqlstate", None) not in BUSY_STATES
    if isinstance(exc, db.IntegrityError):
        taken = ("23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
        return getattr(cause, "sqlstate", getattr(cause, "sqlite_errorname", None)) not in taken
    return False


def error_code(exc: BaseException, row: ErrorRow) -> str:
    """Return the exception's own code. If it has only the default code of its class, or none, return the row's code."""
    if isinstance(exc, domain.DomainError):
        return exc.code
    codes = exc.get_codes() if isinstance(exc, drf.APIException) else None
    if not isinstance(codes, str):
        return "error" if row.code is None else row.code
    was_chosen = codes != getattr(exc, "default_code", None)
    return codes if was_chosen or row.code is None else row.code


def message_of(exc: BaseException, row: ErrorRow) -> str:
    """Return the message for the caller. Never return the message of an internal exception."""
    if isinstance(exc, domain.DomainError):
        return exc.message
    if row.message is None:
        return str(getattr(exc, "detail", exc))
    return general_message_of(exc) or row.message


def headers_of(exc: BaseException, row: ErrorRow) -> dict[str, str]:
    """Return the header `Retry-After` (RFC 9110, 10.2.3) in whole seconds, or {} if the error has no waiting time."""
    wait: float | None = RETRY_AFTER_BUSY if row is BUSY else None
    if isinstance(exc, domain.LimitReached | domain.Unavailable):
        wait = exc.retry_after
    elif isinstance(exc, drf.Throttled):
        wait = getattr(exc, "wait", None)
    return {"Retry-After": str(math.ceil(wait))} if wait is not None else {}


def problem_of_status(status: int) -> Problem:
    """Return the problem for a status when only the status is known."""
    row = ROW_OF_STATUS.get(status)
    if row is not None:
        return Problem(status, str(row.code), str(row.message))
    phrase = responses.get(status, "Error")
    return Problem(status, phrase.lower().replace(" ", "_"), f"{phrase}.")


# Messages by field.

NON_FIELD_KEYS = {django.NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY}
NO_FIELD = ""


def field_errors(exc: BaseException) -> dict[str, list[str]]:
    """Return the messages by dotted field name: `{"owner.name": ["..."], "items.0": ["..."]}`."""
    return {name: messages for name, messages in messages_by_field(exc).items() if name != NO_FIELD}


def general_message_of(exc: BaseException) -> str:
    """Return the messages about the input as a whole. The result is empty if all messages are about fields."""
    return " ".join(messages_by_field(exc).get(NO_FIELD, []))


def messages_by_field(exc: BaseException) -> dict[str, list[str]]:
    """Return all messages of an exception by dotted field name.

    The key `NO_FIELD` has the messages about the input as a whole.
    """
    if isinstance(exc, domain.DomainError):
        return {name: list(messages) for name, messages in exc.fields.items()}
    if isinstance(exc, drf.ValidationError):
        return grouped_by_field(exc.detail)
    if isinstance(exc, django.ValidationError):
        return grouped_by_field(exc.message_dict if hasattr(exc, "error_dict") else exc.messages)
    return {}


def grouped_by_field(detail: Any) -> dict[str, list[str]]:
    """Return nested errors as messages by dotted field name."""
    found: dict[str, list[str]] = {}
    for name, message in flattened(detail, NO_FIELD):
        found.setdefault(name, []).append(message)
    return found


def flattened(detail: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the message of each nested error. A non-field error gets the path of its object."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from flattened(inner, path if name in NON_FIELD_KEYS else joined(path, name))
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            yield from flattened(inner, joined(path, index) if isinstance(inner, dict | list) else path)
    else:
        yield path, str(detail)


def joined(path: str, name: str | int) -> str:
    """Append a name to a dotted path. If the name is an `AsSent`, return an `AsSent`."""
    dotted = f"{path}.{name}" if path else str(name)
    return AsSent(dotted) if isinstance(name, AsSent) else dotted
