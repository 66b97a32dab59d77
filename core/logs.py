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
MAX_LENGTH = 32_768

# Each pattern takes linear time. A match can start at only one place in a run of characters that it repeats, because it
# starts with fixed text or after a character that it does not repeat. `++` and `*+` never try a shorter repetition.
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
    re.compile(r"(?P<kept>(?<![\w-])(?:(?!\beyJ)[\w-])*+)eyJ[\w-]{4,}+\.[\w-]++(?:\.[\w-]*+)?"),
]

# The fields of `extra=` that are logged. Other fields are left out.
EXTRA_FIELDS = (
    "status_code",
    "organization_id",
    "invitation_id",
    "email_id",
    "webhook_id",
    "event_id",
    "user_id",
    "attempt",
    "task",
    "duration_ms",
)


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
