"""Test how times are read from PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, connection

from core.postgresql import IsoTimeLoader

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def read(literal):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT timestamptz '{literal}'")
        return cursor.fetchone()[0]


def test_every_connection_uses_the_fast_loader():
    connection.ensure_connection()
    loaders = connection.connection.adapters
    assert loaders.get_loader(1184, 0) is IsoTimeLoader


@pytest.mark.parametrize(
    ("literal", "time"),
    [
        ("2026-11-30 09:12:50.582+00", datetime(2026, 11, 30, 9, 12, 50, 582_000, tzinfo=UTC)),
        ("2026-11-30 09:12:50+02", datetime(2026, 11, 30, 7, 12, 50, tzinfo=UTC)),
        ("0001-01-01 00:00:00+00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31 23:59:59.999999+00", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_utc(literal, time):
    assert (read(literal), read(literal).utcoffset()) == (time, timedelta(0))


def test_a_time_that_python_does_not_have_is_an_error():
    with pytest.raises(DataError, match="too large"):
        read("infinity")
