"""Logs on stdout, as JSON or as readable lines, without secrets.

A record is an event phrase and fields: ``logger.info("email sent", extra={"email_id": …})``. structlog formats the
records of our code and of all libraries. Every text passes through `redact`. It removes invitation links, tokens,
cookies, keys and other credentials from the phrase, the fields and tracebacks.
"""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from structlog.dev import ConsoleRenderer
from structlog.processors import format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict

from core.request_context import current_context

REDACTED = "[redacted]"
MAX_LENGTH = 32_768

# Each pattern takes linear time. A match can start at only one place in a run of characters that it repeats, because it
# starts with fixed text or after a character that it does not repeat. `++` and `*+` never try a shorter repetition.
# No group is repeated that way, because such a pattern does not match in Python 3.11.2 (Debian 12).
SENSITIVE = r"(?:authorization|cookie|csrf\w{0,32}|token|secret|passw(?:or)?d|session_?(?:id|key)|api[_-]?key)"
VALUE = r"(?:\"[^\"]*+\"|'[^']*+'|[\"'][^\r\n]*+|[^\s&,;\"'})]++)"
SECRETS = [
    # Paths that contain a secret: invitation links, address confirmations, password resets.
    # Repeated slashes belong to the secret, because `core.neighbor_paths` accepts such paths.
    re.compile(r"(?P<kept>/i/)/*+[^/\s?#\"'&<>]++"),
    re.compile(r"(?P<kept>/(?:confirm-email|password/+reset/+key)/)/*+[^/\s?#\"'&<>]++"),
    # `Authorization` headers with any scheme, and cookies up to the end of the line.
    re.compile(r"(?P<kept>\bauthorization\b[\"']?\s*+[:=]\s*+[\"']?+)[^\r\n\"']++", re.IGNORECASE),
    re.compile(r"(?P<kept>\bcookie\b[\"']?\s*+[:=]\s*+[\"']?+)[^\r\n\"']++", re.IGNORECASE),
    re.compile(r"(?P<kept>\b(?:bearer|basic)\s++)[\w.~+/=-]{6,}+", re.IGNORECASE),
    # `name=value`, `name: value` and `"name": "value"`, if the end of the name indicates a secret.
    re.compile(rf"(?P<kept>{SENSITIVE}\b[\"']?\s*+[:=]\s*+){VALUE}", re.IGNORECASE),
    re.compile(r"(?P<kept>[?&](?:code|state|key|signature)=)[^\s&\"']++", re.IGNORECASE),
    # Passwords in database and email URLs, and JWTs anywhere.
    re.compile(r"(?P<kept>://[^\s:/@]*+:)[^\s/@]++(?=@)"),
    re.compile(r"(?P<kept>(?<![\w-])(?:(?!\beyJ)[\w-])*)\beyJ[\w-]{4,}+\.[\w-]++(?:\.[\w-]*+)?"),
]

# The fields of `extra=` that are logged. Other fields are left out.
EXTRA_FIELDS = (
    *("method", "route", "path", "status", "status_code", "bytes", "duration_ms", "database_ms", "statements", "cut"),
    *("organization_id", "invitation_id", "email_id", "webhook_id", "event_id", "user_id"),
    *(
        "state",
        "attempt",
        "task",
        "kind",
        "purpose",
        "limit",
        "reason",
        "error",
        "response",
        "issuer",
        "fields",
        "place",
    ),
    *("worker", "release", "credential"),
)
# What `core.request_context` knows about the request. It is in each line that is logged for the request.
CONTEXT_FIELDS = ("request_id", "trace_id", "principal", "organization_id")
# Fields that are not redacted, because that takes most of the time of a line. Nobody else chooses their values, or they
# are checked by `core.request_context`.
SAFE_FIELDS = frozenset({"time", "level", "logger", "method", "route", *CONTEXT_FIELDS})
FIRST_FIELDS = ("time", "level", "logger", "event", *CONTEXT_FIELDS)


def redact(text: str) -> str:
    """Replace every secret in `text` with `[redacted]`.

    Long texts are shortened to about ``MAX_LENGTH`` characters, so that nobody can make the service spend time on logs.
    """
    text = shorten(text)
    for secret in SECRETS:
        text = secret.sub(rf"\g<kept>{REDACTED}", text)
    return text


def shorten(text: str) -> str:
    """Return the beginning and the end of a long text.

    The beginning stops at a space and the end starts with a new line, so that no secret loses the name before it.
    """
    if len(text) <= MAX_LENGTH:
        return text
    beginning = text[: MAX_LENGTH // 2].rpartition(" ")[0]
    end = text[-MAX_LENGTH // 2 :].partition("\n")[2]
    return f"{beginning}\n[{len(text) - len(beginning) - len(end)} characters left out]\n{end}".rstrip("\n")


class ClientMistakes(logging.Filter):
    """Leave out the traceback of a request that is refused, for example with an unknown Host header.

    The message says what is wrong, and the traceback would only show Django's own code.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True, so that the record is logged."""
        refused = record.name == "django.request" and getattr(record, "status_code", 500) < 500
        if refused or record.name.startswith("django.security."):
            record.exc_info = record.exc_text = None
        return True


def add_facts(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Add the time, the level, the logger and the request of the record."""
    record: logging.LogRecord = event["_record"]
    event["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    event["level"], event["logger"] = record.levelname, record.name
    context = current_context()
    if context is not None:
        for name in CONTEXT_FIELDS:
            value = getattr(context, name)
            if value:
                event.setdefault(name, value)
    return event


def redact_values(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Remove secrets from all texts of the record, except those of which our code knows all values."""
    return {
        name: redact(value) if isinstance(value, str) and name not in SAFE_FIELDS else value
        for name, value in event.items()
    }


def ids_as_text(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Write ids as texts, not as Python objects."""
    return {name: str(value) if isinstance(value, UUID) else value for name, value in event.items()}


def redact_line(_logger: Any, _method: str, line: str) -> str:
    """Remove secrets from a readable line."""
    return redact(line)


def to_json(_logger: Any, _method: str, event: EventDict) -> str:
    """Return the record as one line of JSON. What people look for comes first."""
    first = {name: event[name] for name in FIRST_FIELDS if name in event}
    return json.dumps({**first, **event}, default=str)


def formatter(*, as_json: bool) -> ProcessorFormatter:
    """Return what formats all records: as JSON in production, and as readable lines in development."""
    before: list[Any] = [add_facts, ExtraAdder(EXTRA_FIELDS)]
    prepared: list[Any] = [ProcessorFormatter.remove_processors_meta, ids_as_text, format_exc_info]
    readable = ConsoleRenderer(colors=False, timestamp_key="time", pad_event_to=0, pad_level=False)
    rendered: list[Any] = [redact_values, to_json] if as_json else [readable, redact_line]
    return ProcessorFormatter(processors=[*prepared, *rendered], foreign_pre_chain=before)


def logging_settings(level: str, *, as_json: bool) -> dict[str, Any]:
    """Return the `logging.config` dictionary: all loggers write to stdout through one redacting formatter."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"redacted": {"()": formatter, "as_json": as_json}},
        "filters": {"client_mistakes": {"()": ClientMistakes}},
        "handlers": {
            "stdout": {
                "filters": ["client_mistakes"],
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "redacted",
            },
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            # No handlers, because Django's own handlers would print each line again without redaction.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "gunicorn.error": {"handlers": [], "propagate": True, "level": level},
            # Whenever all threads are busy, waitress would log a warning for each further request.
            "waitress.queue": {"level": "ERROR"},
        },
    }
