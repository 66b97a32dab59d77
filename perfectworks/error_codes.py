"""The table of error codes in the OpenAPI documents, generated from the exception classes and from ``ERROR_TABLE``."""

import inspect
from collections.abc import Callable, Iterator
from http.client import responses
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from core.api.errors import ERROR_TABLE, problem_of_status
from core.errors import DomainError

PACKAGES = ("core", "events", "outbox", "accounts", "orgs", "invitations", "webhooks")
# Statuses of failures outside of views, where only the status is known.
STATUSES_WITHOUT_EXCEPTION = (404, 405, 411, 413, 414, 431, 500)

Row = tuple[int, str, str]

# Codes that are given where an exception of REST framework is raised.
CODES_OF_REST_FRAMEWORK: list[Row] = [
    (403, "csrf_failed", "A write request with a session has no CSRF token, or comes from another site."),
]


def error_table(spelling: Callable[[str], str] = str) -> str:
    """Return all error codes as a Markdown table. `spelling` converts a code to the form that an API uses."""
    rows = [f"| `{spelling(code)}` | {status} | {meaning} |" for status, code, meaning in error_codes()]
    return "\n".join(["| code | status | meaning |", "|---|---|---|", *rows])


def error_codes() -> list[Row]:
    """Return the status, the code and the meaning of every error, sorted by status and code."""
    found: dict[tuple[int, str], str] = {}
    codes = (*codes_of_domain(), *CODES_OF_REST_FRAMEWORK, *codes_of_table(), *codes_of_statuses())
    for status, code, meaning in codes:
        found.setdefault((status, code), meaning)
    return sorted((status, code, meaning) for (status, code), meaning in found.items())


def codes_of_domain() -> Iterator[Row]:
    """Yield the code of every domain error of the installed apps. The meaning is the first line of the docstring."""
    names = set(module_names())
    for name in names:
        import_module(name)  # otherwise the table would depend on the modules that happen to be loaded
    for kind in subclasses_of(DomainError):
        # The errors of a dialect have their own form.
        if kind.__module__ in names and ".dialects." not in kind.__module__:
            status = next(ERROR_TABLE[base].status for base in kind.__mro__ if base in ERROR_TABLE)
            meaning = inspect.cleandoc(kind.__doc__ or "").partition("\n")[0].replace("``", "`")
            yield int(status or 500), kind.code, meaning


def module_names() -> Iterator[str]:
    """Yield the names of all modules in `PACKAGES`."""
    for package in PACKAGES:
        yield from (found.name for found in walk_packages(import_module(package).__path__, f"{package}."))


def subclasses_of(kind: type[Any]) -> Iterator[type[Any]]:
    """Yield all direct and indirect subclasses of a class."""
    for one in kind.__subclasses__():
        yield one
        yield from subclasses_of(one)


def codes_of_table() -> Iterator[Row]:
    """Yield the codes of the exceptions that are not domain errors."""
    for row in ERROR_TABLE.values():
        if row.status and row.code:
            yield row.status, row.code, row.message or f"{responses[row.status]}."


def codes_of_statuses() -> Iterator[Row]:
    """Yield the codes of the failures outside of views."""
    for status in STATUSES_WITHOUT_EXCEPTION:
        problem = problem_of_status(status)
        yield status, problem.code, problem.message
