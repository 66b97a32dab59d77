"""The request that this thread works for. Log lines, events, emails and webhooks name it.

The web server's threads set it for each request. A worker sets the request that caused the delivery, so that the log
lines and events of the delivery name it too. Elsewhere there is none, and the id is "".
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.ids import uuid7

MAX_REQUEST_ID = 64
MAX_TRACEPARENT = 55
HEADER = "X-Request-ID"
UNMATCHED = "unmatched"  # the route of a path that no view has
#: The key in the WSGI environment with the context of the request, for the web server's own log.
CONTEXT_KEY = "perfectworks.request_context"
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
# W3C Trace Context: the version, the trace, the span of the caller, and flags. Ids of zeros are not valid.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)


@dataclass(slots=True)
class RequestContext:
    """A request: its id and, if its client sent one, its ``traceparent``. Then what the service has learned about it.

    ``principal`` is the kind of credential, and ``organization_id`` the organization that the request is about.
    ``route`` is the template of the path. ``statements`` and ``database_seconds`` are what the request has taken of the
    database.
    """

    request_id: str = ""
    traceparent: str = ""
    principal: str = ""
    organization_id: UUID | None = None
    route: str = UNMATCHED
    statements: int = 0
    database_seconds: float = 0.0

    @property
    def trace_id(self) -> str:
        """The id of the trace, with which log lines are found in other systems."""
        return self.traceparent[3:35]


_current: ContextVar[RequestContext | None] = ContextVar("_current", default=None)


def new_context(environ: Mapping[str, Any]) -> RequestContext:
    """Return the context of a request with this WSGI environment.

    An id in the header ``X-Request-ID`` is taken if it has 8 to 64 letters, digits, dots, hyphens and underscores.
    Otherwise, a new id is made. A malformed ``traceparent`` is ignored.
    """
    request_id, traceparent = environ.get("HTTP_X_REQUEST_ID", ""), environ.get("HTTP_TRACEPARENT", "")
    return RequestContext(
        request_id if request_id and is_request_id(request_id) else uuid7().hex,
        traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else "",
    )


def is_request_id(text: str) -> bool:
    """Return whether the text is a well-formed id of a request."""
    return _REQUEST_ID.fullmatch(text) is not None


def enter(context: RequestContext | None) -> Token[RequestContext | None]:
    """Set the context of this thread, until the next call."""
    return _current.set(context)


@contextmanager
def within(context: RequestContext) -> Iterator[None]:
    """Set the context of this thread for a block."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def current_context() -> RequestContext | None:
    """Return the context of this thread."""
    return _current.get()


def current_request_id() -> str:
    """Return the id of the request, or "". This is the default of columns."""
    context = _current.get()
    return context.request_id if context else ""


def current_traceparent() -> str:
    """Return the ``traceparent`` of the request, or "". This is the default of columns."""
    context = _current.get()
    return context.traceparent if context else ""


def note_principal(method: str) -> None:
    """Note the kind of credential of the request."""
    context = _current.get()
    if context is not None:
        context.principal = method


def note_organization(organization_id: UUID) -> None:
    """Note the organization that the request is about."""
    context = _current.get()
    if context is not None:
        context.organization_id = organization_id
