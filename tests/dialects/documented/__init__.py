"""Facts copied from each vendor's API documentation. Each dialect has a file that defines ``DOCUMENTED``."""

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
    """What our OpenAPI document of a dialect must contain.

    ``titles`` maps operation ids to summaries. ``parameters`` has the query parameters of the GET operations, and
    ``required`` names the required parameters. ``fields`` has the fields of an invitation, in order.
    ``may_be_null`` and ``may_be_missing`` are dotted paths of fields. ``credentials`` are the accepted kinds of
    credentials. ``says`` lists words that the description must contain. The description names the vendor's document
    and explains credentials, ids, pages and errors.
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
    """Return the documented facts of a dialect. Fail the test if the dialect has no file."""
    path = Path(__file__).with_name(f"{prefix}.py")
    if not path.exists():
        pytest.fail(f"Write down what the vendor's document says: DOCUMENTED in tests/dialects/documented/{prefix}.py.")
    found: Documented = import_module(f"{__name__}.{prefix}").DOCUMENTED
    return found
