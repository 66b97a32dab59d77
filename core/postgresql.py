"""Faster reading of what PostgreSQL returns."""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import BaseTzLoader, get_adapters_template


class IsoTimeLoader(BaseTzLoader):
    """Read a `timestamptz` of a connection in UTC, ten times as fast as psycopg's loader, which knows all formats."""

    timezone = UTC

    def load(self, data: Any) -> datetime:
        """Return the time. Values that are not in ISO 8601, such as a year before Christ, go to psycopg's loader."""
        try:
            return datetime.fromisoformat(bytes(data).decode())
        except ValueError:
            return super().load(data)


def read_times_fast() -> None:
    """Let all connections that will be opened read times with `IsoTimeLoader`."""
    get_adapters_template(True, UTC).register_loader("timestamptz", IsoTimeLoader)
