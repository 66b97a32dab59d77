"""A condition for a long list of values, which PostgreSQL gets as one array."""

from typing import Any

from django.db.models.lookups import In


class AnyOf(In):
    """Whether a column has one of these texts, for example ``filter(AnyOf(F("email"), addresses))``.

    ``IN`` with thousands of parameters takes PostgreSQL longer to parse than to execute.
    """

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Return ``column = ANY(array)``."""
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*parameters, list(self.rhs)]
