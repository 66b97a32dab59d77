"""Logs on stdout: JSON for machines, lines for people; in both, nothing that opens a door.

Every line passes `redact`: mailed links, tokens, cookies, keys and credentials never reach a log, wherever in
the message, its arguments or a traceback they stand.
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
    # Paths that carry a secret: invitation links, address confirmations, password resets.
    re.compile(r"(?P<kept>/i/)[^/\s?#\"'&<>]+"),
    re.compile(r"(?P<kept>/(?:confirm-email|password/reset/key)/)[^/\s?#\"'&<>]+"),
    # `Authorization: Bearer x` and every other scheme; cookies to the end of their line.
    re.compile(r"(?P<kept>\b(?:proxy-)?authorization\b[\"']?\s*[:=]\s*[\"']?)[^\r\n\"']+", re.IGNORECASE),
    re.compile(r"(?P<kept>\b(?:set-)?cookie\b[\"']?\s*[:=]\s*[\"']?)[^\r\n\"']+", re.IGNORECASE),
    re.compile(r"(?P<kept>\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}", re.IGNORECASE),
    # `name=value`, `name: value` and `"name": "value"` for names that mean a secret.
    re.compile(rf"(?P<kept>\b{SENSITIVE}\b[\"']?\s*[:=]\s*){VALUE}", re.IGNORECASE),
    re.compile(r"(?P<kept>[?&](?:code|state|key|signature)=)[^\s&\"']+", re.IGNORECASE),
    # Passwords in database and mail URLs, and JWTs wherever they stand.
    re.compile(r"(?P<kept>\b[a-z][\w+.-]*://[^\s:/@]*:)[^\s/@]+(?=@)", re.IGNORECASE),
    re.compile(r"(?P<kept>\b)eyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?"),
]

# What a caller may attach with `extra=`; anything else stays out of the logs.
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
    """Return `text` with every secret replaced by `[redacted]`."""
    for secret in SECRETS:
        text = secret.sub(rf"\g<kept>{REDACTED}", text)
    return text


class RedactedFormatter(logging.Formatter):
    """One line for people, redacted, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as `logging` formats it, without secrets."""
        return redact(super().format(record))


class JSONFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, message, and the allowed extras."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON, without secrets."""
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
    """Return the `logging.config` dictionary: everything to stdout through one redacting formatter."""
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
            # Django's own handlers would print the unredacted line a second time.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "gunicorn.error": {"handlers": [], "propagate": True, "level": level},
            "gunicorn.access": {"handlers": [], "propagate": True, "level": level},
        },
    }
