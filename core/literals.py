"""Literals in the text of queries."""

from django.db.models.expressions import RawSQL


def literal(value: str) -> RawSQL:
    """Return a value of the code as a literal of SQL, so that PostgreSQL plans a query for this value.

    It plans a prepared statement with parameters for values of average frequency, which suits no rare value.
    """
    return RawSQL("'{}'".format(value.replace("'", "''")), ())  # noqa: S611 - no value of a request
