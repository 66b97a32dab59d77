"""Which HTTP status for which failure? `ERROR_TABLE`, below, and nowhere else.

Any exception becomes a `Problem`; the dialect that was spoken to gives the problem a body.
"""

import logging
import math
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import responses
from typing import Any, NamedTuple

from django import db
from django.core import exceptions as django
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions as drf
from rest_framework.response import Response

from core import errors as domain

from .fields import fields_of, general_message_of

logger = logging.getLogger(__name__)


class ErrorRow(NamedTuple):
    """A status, and the code and message where the exception's own are not for the public (None: its own)."""

    status: int | None
    code: str | None = None
    message: str | None = None


CRASH = ErrorRow(500, "internal_error", "Something went wrong on our side. It has been recorded.")
TAKEN = ErrorRow(409, "conflict", "Something like this exists already.")
BUSY = ErrorRow(503, "busy", "The service is busy. Try again in a moment.")
UNSTORABLE = ErrorRow(400, "invalid", "Some value cannot be stored.")
INVALID_FIELDS = ErrorRow(400, "invalid", "Some fields are not valid.")

# The nearest class among an exception's bases decides, so the order of the rows does not matter.
ERROR_TABLE: Mapping[type[BaseException], ErrorRow] = {
    # The domain's kinds bring their own code and message.
    domain.Invalid: ErrorRow(400),
    domain.Unauthenticated: ErrorRow(401),
    domain.Denied: ErrorRow(403),
    domain.NotFound: ErrorRow(404),
    domain.Conflict: ErrorRow(409),
    domain.Gone: ErrorRow(410),
    domain.Unprocessable: ErrorRow(422),
    domain.LimitReached: ErrorRow(429),
    domain.Unavailable: ErrorRow(503),
    # What REST framework finds wrong.
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
    # What Django finds wrong.
    django.ValidationError: INVALID_FIELDS,
    django.BadRequest: ErrorRow(400, "bad_request", "The request is malformed."),
    django.SuspiciousOperation: ErrorRow(400, "bad_request", "The request is malformed."),
    MultiPartParserError: ErrorRow(400, "malformed_body", "The body is malformed."),
    UnreadablePostError: ErrorRow(400, "malformed_body", "The body ended early."),
    django.PermissionDenied: ErrorRow(403, "denied", "You may not do this."),
    Http404: ErrorRow(404, "not_found", "Not found."),
    django.RequestDataTooBig: ErrorRow(413, "too_large", "The body is too large."),
    # What is left to the database, where no rule of ours said it earlier.
    UnicodeError: UNSTORABLE,
    OverflowError: UNSTORABLE,
    db.DataError: UNSTORABLE,
    db.IntegrityError: TAKEN,  # only a uniqueness that a concurrent request took; see is_crash
    db.OperationalError: BUSY,  # locks, serialization, time-outs, lost connections; see is_crash
    db.InterfaceError: BUSY,  # a connection that was lost before the statement
    # Anything else is our mistake.
    BaseException: CRASH,
}
WORTH_A_LOOK = (UNSTORABLE, TAKEN, BUSY)
RETRY_AFTER_BUSY = 2
ROW_OF_STATUS = {
    answer.status: answer
    for answer in (ERROR_TABLE[django.BadRequest], ERROR_TABLE[django.PermissionDenied], ERROR_TABLE[Http404], CRASH)
}


@dataclass(frozen=True)
class Problem:
    """What went wrong, in words of the domain: names are snake_case, `fields` are dotted paths to messages."""

    status: int
    code: str
    message: str
    fields: Mapping[str, list[str]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The message with every field spelled out, for dialects whose errors are one string."""
        named = [f"{name}: {' '.join(messages)}" for name, messages in self.fields.items()]
        return " ".join([self.message, *named])


#: What a dialect gives: the JSON value that says this problem, for this request.
ErrorBody = Callable[[Problem, HttpRequest], Any]


def problem_of(exc: BaseException) -> Problem:
    """Turn any exception into the problem to answer with. Crashes and database refusals are logged."""
    answer = row_of(exc)
    if answer is CRASH:
        logger.exception("Unhandled %s", type(exc).__name__, exc_info=exc)
    elif answer in WORTH_A_LOOK:
        logger.warning("The database refused: %s", type(exc).__name__, exc_info=exc)
    return Problem(
        status=answer.status or int(getattr(exc, "status_code", 500)),
        code=reply_code(exc, answer),
        message=message_of(exc, answer),
        fields=fields_of(exc),
        details=exc.details if isinstance(exc, domain.DomainError) else {},
        headers=headers_of(exc, answer),
    )


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's hook: answer with the problem, in the words of the view's `error_body(problem, request)`."""
    # REST framework loads this package while it loads its views.
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
    """Find the row of the nearest class; some errors of the database are crashes all the same."""
    if is_crash(exc):
        return CRASH
    return next(ERROR_TABLE[kind] for kind in type(exc).__mro__ if kind in ERROR_TABLE)


def is_crash(exc: BaseException) -> bool:
    """Tell a wrong statement from a busy database, and a broken rule from a lost race for a unique value."""
    cause = exc.__cause__
    if isinstance(exc, db.OperationalError):
        return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    if isinstance(exc, db.IntegrityError):
        taken = ("23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
        return getattr(cause, "sqlstate", getattr(cause, "sqlite_errorname", None)) not in taken
    return False


def reply_code(exc: BaseException, answer: ErrorRow) -> str:
    """Prefer the code that the raiser chose over the table's."""
    if isinstance(exc, domain.DomainError):
        return exc.code
    codes = exc.get_codes() if isinstance(exc, drf.APIException) else None
    if not isinstance(codes, str):
        return "error" if answer.code is None else answer.code
    was_chosen = codes != getattr(exc, "default_code", None)
    return codes if was_chosen or answer.code is None else answer.code


def message_of(exc: BaseException, answer: ErrorRow) -> str:
    """What to tell the caller: never the text of an exception that was not written for them."""
    if isinstance(exc, domain.DomainError):
        return exc.message
    if answer.message is None:
        return str(getattr(exc, "detail", exc))
    return general_message_of(exc) or answer.message


def headers_of(exc: BaseException, answer: ErrorRow) -> dict[str, str]:
    """When to come back (RFC 9110, 10.2.3), in whole seconds."""
    wait: float | None = RETRY_AFTER_BUSY if answer is BUSY else None
    if isinstance(exc, domain.LimitReached | domain.Unavailable):
        wait = exc.retry_after
    elif isinstance(exc, drf.Throttled):
        wait = getattr(exc, "wait", None)
    return {"Retry-After": str(math.ceil(wait))} if wait is not None else {}


def problem_of_status(status: int) -> Problem:
    """The problem behind a bare status, where all that is known of a failure is its number."""
    answer = ROW_OF_STATUS.get(status)
    if answer is not None:
        return Problem(status, str(answer.code), str(answer.message))
    phrase = responses.get(status, "Error")
    return Problem(status, phrase.lower().replace(" ", "_"), f"{phrase}.")
