"""Count the statements of each request, and how long it waits for them. Its log line and the metrics have both."""

import time
from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from core.request_context import current_context


def count_statements() -> None:
    """Count the statements of all connections that this process opens from now on."""
    connection_created.connect(watch_connection, dispatch_uid="core.statement_clock")


def watch_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Count the statements of a connection that was just opened."""
    if run_counted not in connection.execute_wrappers:
        connection.execute_wrappers.append(run_counted)


def run_counted(execute: Callable[..., Any], *statement: Any) -> Any:
    """Run a statement, and add it to the request of this thread."""
    context = current_context()
    if context is None:
        return execute(*statement)
    started = time.perf_counter()
    try:
        return execute(*statement)
    finally:
        context.statements += 1
        context.database_seconds += time.perf_counter() - started
