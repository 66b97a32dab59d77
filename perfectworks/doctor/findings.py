"""What an examination finds, and what to do about it."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db import Error as AnyDatabaseError

from core.logs import redact

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


def examine(examinations: dict[str, Examination], need_database: Collection[str] = ()) -> Iterator[NamedDiagnosis]:
    """Run the examinations in their order. An error of one is a diagnosis, and the others run.

    When the database does not answer, those that need it are left out. Each would wait for it again.
    """
    is_away = False
    for name, examination in examinations.items():
        if is_away and name in need_database:
            found = [unknown("Not examined, because the database does not answer.", "First correct that.")]
        else:
            try:
                found = list(examination())
            except AnyDatabaseError as error:
                is_away = True
                found = [database_away(error)]
            except Exception as error:
                logger.debug("examination failed", exc_info=True)
                found = [stopped(error)]
        yield from (NamedDiagnosis(name, one) for one in found)


def database_away(error: AnyDatabaseError) -> Diagnosis:
    """Return the diagnosis for an error of the database."""
    reason = redact(str(error).strip().partition("\n")[0]) or type(error).__name__
    text = f"The database does not answer: {reason}"
    return failure(text, "Start it, and compare DATABASE_URL with its address, database, role and password.")


def stopped(error: Exception) -> Diagnosis:
    """Return the diagnosis for an examination that could not end."""
    text = f"The examination stopped with {type(error).__name__}."
    return failure(text, "Run it again with LOG_LEVEL=DEBUG to see why.")
