"""What an examination finds, and what to do about it."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db import Error as AnyDatabaseError

logger = logging.getLogger(__name__)


class Level(StrEnum):
    """How serious a finding is. A failure stops people or emails now; ``unknown`` means that it cannot be seen."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One sentence about the service. ``advice`` says what to do, and is empty if all is well."""

    level: Level
    text: str
    advice: str = ""


@dataclass(frozen=True)
class CheckedFinding:
    """A finding, and the name of the examination."""

    examination: str
    finding: Finding


Examination = Callable[[], Iterable[Finding]]


def ok(text: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(Level.OK, text)


def warning(text: str, advice: str) -> Finding:
    """Return a finding that will cause trouble."""
    return Finding(Level.WARNING, text, advice)


def failure(text: str, advice: str) -> Finding:
    """Return a finding that causes trouble now."""
    return Finding(Level.FAILURE, text, advice)


def unknown(text: str, advice: str) -> Finding:
    """Return that something cannot be seen from here."""
    return Finding(Level.UNKNOWN, text, advice)


def examine(examinations: dict[str, Examination]) -> Iterator[CheckedFinding]:
    """Run the examinations in their order. An error of one is a finding, and the others run."""
    for name, examination in examinations.items():
        for finding in _run(examination):
            yield CheckedFinding(name, finding)


def _run(examination: Examination) -> Iterable[Finding]:
    try:
        return list(examination())
    except AnyDatabaseError as error:
        logger.debug("examination failed", exc_info=True)
        return [failure(f"The database does not answer ({type(error).__name__}).", "See the finding “database”.")]
    except Exception as error:
        logger.debug("examination failed", exc_info=True)
        return [
            failure(
                f"The examination stopped with {type(error).__name__}.", "Run it again with LOG_LEVEL=DEBUG to see why."
            )
        ]
