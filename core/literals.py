"""Literals in the text of queries."""

from django.db.models.expressions import RawSQL


def literal(value: str) -> RawSQL:
    """Return a constant of the code as a literal of SQL, so that PostgreSQL plans the query for this value.

    PostgreSQL may plan a prepared statement for parameters of average frequency. That plan is slow for a rare value.
    Never pass a value of a request.
    """
    return RawSQL("'{}'".format(value.replace("'", "''")), ())  # noqa: S611 - no value of a request
