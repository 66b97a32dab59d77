"""Assertions about the SQL queries of a block. Each query is compared by its verb and table."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

TRANSACTION = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")
WRITE = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) \"(\w+)\"")
READ = re.compile(r"\(?SELECT (COUNT)?.*? FROM \"(\w+)\"", re.DOTALL)
INNERMOST = re.compile(r"\([^()]*\)")


@contextmanager
def assert_queries(**expected: str) -> Iterator[None]:
    """Assert that the block runs exactly these queries, in order. Example: ``members="SELECT orgs_membership"``."""
    with CaptureQueriesContext(connection) as captured:
        yield
    found = query_summaries(captured)
    assert found == list(expected.values()), f"These were made: {found}"


def query_summaries(captured: CaptureQueriesContext) -> list[str]:
    """Return the verb and table of each statement. Skip statements that begin or end a transaction."""
    statements = [query["sql"] for query in captured.captured_queries]
    return [summary(sql) for sql in statements if not sql.startswith(TRANSACTION)]


def summary(sql: str) -> str:
    written = WRITE.match(sql)
    if written:
        return f"{written[1].split()[0]} {written[2]}"
    read = READ.match(without_parentheses(sql)) or READ.match(sql)
    assert read, sql
    return f"{'COUNT' if read[1] else 'SELECT'} {read[2]}"


def without_parentheses(sql: str) -> str:
    """Return the statement without the parts in parentheses: subqueries and arguments."""
    while INNERMOST.search(sql):
        sql = INNERMOST.sub("", sql)
    return sql
