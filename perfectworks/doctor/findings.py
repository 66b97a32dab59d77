"""What an examination finds, and what to do about it."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db import Error as AnyDatabaseError

logger = logging.getLogger(__name__)


class Severity(StrEnum):
    """How serious a finding is. A failure stops people or emails now; ``unknown`` means that it cannot be seen."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Diagnosis:
    """One sentence about the service. ``advice`` says what to do, and is empty if all is well."""

    level: Severity
    text: str
    advice: str = ""


@dataclass(frozen=True)
class NamedDiagnosis:
    """A finding, and the name of the examination."""

    examination: str
    diagnosis: Diagnosis


Examination = Callable[[], Iterable[Diagnosis]]


def ok(text: str) -> Diagnosis:
    """Return a finding that needs nothing."""
    return Diagnosis(Severity.OK, text)


def warning(text: str, advice: str) -> Diagnosis:
    """Return a finding that will cause trouble."""
    return Diagnosis(Severity.WARNING, text, advice)


def failure(text: str, advice: str) -> Diagnosis:
    """Return a finding that causes trouble now."""
    return Diagnosis(Severity.FAILURE, text, advice)


def unknown(text: str, advice: str) -> Diagnosis:
    """Return that something cannot be seen from here."""
    return Diagnosis(Severity.UNKNOWN, text, advice)


def examine(examinations: dict[str, Examination]) -> Iterator[NamedDiagnosis]:
    """Run the examinations in their order. An error of one is a finding, and the others run."""
    for name, examination in examinations.items():
        for finding in _run(examination):
            yield NamedDiagnosis(name, finding)


def _run(examination: Examination) -> Iterable[Diagnosis]:
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
