"""Logs on stdout, as JSON or as plain lines, without secrets.

Every line passes through `redact`. It removes invitation links, tokens, cookies, keys and other credentials from the
message, its arguments and tracebacks.
"""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

REDACTED = "[redacted]"

SENSITIVE = r"[\w-]*(?:authorization|cookie|csrf\w*|token|secret|passw(?:or)?d|session_?(?:id|key)|api[_-]?key)"
VALUE = r"(?:\"[^\"]*\"|'[^']*'|[^\s&,;\"'})]+)"
SECRETS = [
    # Paths that contain a secret: invitation links, address confirmations, password resets.
    re.compile(r"(?P<kept>/i/)[^/\s?#\"'&<>]+"),
    re.compile(r"(?P<kept>/(?:confirm-email|password/reset/key)/)[^/\s?#\"'&<>]+"),
    # `Authorization` headers with any scheme, and cookies up to the end of the line.
    re.compile(r"(?P<kept>\b(?:proxy-)?authorization\b[\"']?\s*[:=]\s*[\"']?)[^\r\n\"']+", re.IGNORECASE),
    re.compile(r"(?P<kept>\b(?:set-)?cookie\b[\"']?\s*[:=]\s*[\"']?)[^\r\n\"']+", re.IGNORECASE),
    re.compile(r"(?P<kept>\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}", re.IGNORECASE),
    # `name=value`, `name: value` and `"name": "value"`, if the name indicates a secret.
    re.compile(rf"(?P<kept>\b{SENSITIVE}\b[\"']?\s*[:=]\s*){VALUE}", re.IGNORECASE),
    re.compile(r"(?P<kept>[?&](?:code|state|key|signature)=)[^\s&\"']+", re.IGNORECASE),
    # Passwords in database and email URLs, and JWTs anywhere.
    re.compile(r"(?P<kept>\b[a-z][\w+.-]*://[^\s:/@]*:)[^\s/@]+(?=@)", re.IGNORECASE),
    re.compile(r"(?P<kept>\b)eyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?"),
]

# The fields of `extra=` that are logged. Other fields are left out.
EXTRA_FIELDS = (
    "status_code",
    "organization_id",
    "invitation_id",
    "email_id",
    "event_id",
    "user_id",
    "attempt",
    "task",
    "duration_ms",
)


def redact(text: str) -> str:
    """Replace every secret in `text` with `[redacted]`."""
    for secret in SECRETS:
        text = secret.sub(rf"\g<kept>{REDACTED}", text)
    return text


class RedactedFormatter(logging.Formatter):
    """Format records as plain text. Remove secrets from messages and tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        return redact(super().format(record))


class JSONFormatter(logging.Formatter):
    """Format records as one JSON object per line: time, level, logger, message and allowed `extra` fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        line |= {name: getattr(record, name) for name in EXTRA_FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


def logging_settings(level: str, *, as_json: bool) -> dict[str, Any]:
    """Return the `logging.config` dictionary: all loggers write to stdout through one redacting formatter."""
    plain = {"()": RedactedFormatter, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"redacted": {"()": JSONFormatter} if as_json else plain},
        "handlers": {
            "stdout": {
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
