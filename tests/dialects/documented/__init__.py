"""What each vendor's document says, to the letter: one file per dialect, named like it, with its ``DOCUMENTED``."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
MOMENT: Schema = {"type": "string", "format": "date-time"}
UUID: Schema = {"type": "string", "format": "uuid"}
ADDRESS: Schema = {"type": "string", "format": "email"}


@dataclass(frozen=True, kw_only=True)
class Documented:
    """What our document of a dialect is held to.

    ``titles`` are the summaries of all operations by their ids, ``parameters`` those of the reading ones, of which
    ``required`` are required in the query. ``fields`` are those of an invitation, in their order, by dotted paths
    where ``may_be_null`` and ``may_be_missing`` name some. ``credentials`` are the kinds taken. ``says`` are words of
    the description: which document it is after, and how credentials, ids, pages and errors are there.
    """

    titles: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, Schema]]
    required: Collection[str] = ()
    fields: Schema
    may_be_null: list[str] = field(default_factory=list)
    may_be_missing: list[str] = field(default_factory=list)
    credentials: list[str]
    says: list[str]


def documented(prefix: str) -> Documented:
    """What is documented of a dialect; fails the test where nobody has written it down."""
    path = Path(__file__).with_name(f"{prefix}.py")
    if not path.exists():
        pytest.fail(f"Write down what the vendor's document says: DOCUMENTED in tests/dialects/documented/{prefix}.py.")
    found: Documented = import_module(f"{__name__}.{prefix}").DOCUMENTED
    return found
