"""Encrypt rows again, after a new key was put first in ``ENCRYPTION_KEYS``."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from core.encryption import SecretNotReadable

ROWS_AT_ONCE = 200


@dataclass(frozen=True)
class Reencrypted:
    """How many rows were encrypted again, had the first key already, and cannot be decrypted."""

    changed: int = 0
    unchanged: int = 0
    unreadable: int = 0

    def __add__(self, other: "Reencrypted") -> "Reencrypted":
        return Reencrypted(*map(sum, zip(self.counts(), other.counts(), strict=True)))

    def counts(self) -> tuple[int, ...]:
        """Return the three numbers."""
        return astuple(self)

    def as_dict(self) -> dict[str, int]:
        """Return the numbers by name."""
        return asdict(self)


@dataclass(frozen=True)
class Reencryption:
    """Rows that contain something encrypted.

    ``reencrypt`` sets the new values of a row and returns the names of the changed columns. It raises
    SecretNotReadable. ``is_lost_without_key`` says whether somebody misses what cannot be decrypted.
    """

    name: str
    label: str
    rows: Callable[[], QuerySet[Any, Any]]
    reencrypt: Callable[[Any], Sequence[str]]
    is_lost_without_key: bool = True

    def in_steps(self) -> Iterator[Reencrypted]:
        """Encrypt some rows in each step, which is one transaction. Yield what became of them."""
        last = None
        while step := self._next_keys(last):
            last = step[-1]
            yield self._step(step)

    def _next_keys(self, last: Any) -> list[Any]:
        rows = self.rows().order_by("pk")
        rows = rows if last is None else rows.filter(pk__gt=last)
        return list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE])

    @transaction.atomic
    def _step(self, keys: Sequence[Any]) -> Reencrypted:
        """Lock the rows, so that no change by a request is lost, and encrypt them."""
        result = Reencrypted()
        for row in self.rows().filter(pk__in=keys).order_by("pk").select_for_update(no_key=True, of=("self",)):
            result += self._row(row)
        return result

    def _row(self, row: Any) -> Reencrypted:
        try:
            changed = self.reencrypt(row)
        except SecretNotReadable:
            return Reencrypted(unreadable=1)
        if not changed:
            return Reencrypted(unchanged=1)
        row.save(update_fields=changed)
        return Reencrypted(changed=1)
