"""Test that invitations have exactly the fields that the vendors' documents list, in the same order."""

from collections.abc import Iterator
from typing import Any

import pytest

from perfectworks.urls import DIALECTS
from tests.dialects.documented import documented
from tests.dialects.test_schemas import document


def item(prefix: str) -> dict[str, Any]:
    schema: dict[str, Any] = document(prefix)["components"]["schemas"]["Invitation"]
    return schema


def plain(prefix: str, schema: dict[str, Any]) -> tuple[Any, bool]:
    """Return the schema without references and descriptions, and whether the value may be null."""
    alternatives = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf") or [schema]
    null = {"type": "null"} in alternatives or "null" in schema.get("type", "")
    [schema] = [one for one in alternatives if one != {"type": "null"}]
    if "$ref" in schema:
        schema = document(prefix)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "properties" in schema:
        return {name: plain(prefix, value)[0] for name, value in schema["properties"].items()}, null
    if schema.get("type") == "array" and "$ref" in schema["items"]:
        return [plain(prefix, schema["items"])[0]], null
    kind = "string" if schema.get("type") == ["string", "null"] else schema.get("type", "string")
    kept = ("format", "pattern", "enum", "items", "minLength", "maxLength")
    return {"type": kind, **{name: schema[name] for name in kept if name in schema}}, null


def paths(prefix: str, schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, bool, bool]]:
    """Map the dotted path of each field to whether it may be null and whether it may be missing."""
    for name, value in schema["properties"].items():
        fields, null = plain(prefix, value)
        yield path + name, null, name not in schema["required"]
        references = [one.get("$ref") for one in value.get("oneOf") or value.get("allOf") or [value]]
        if isinstance(fields, dict) and any(references):
            [inner] = [one.rpartition("/")[2] for one in references if one]
            yield from paths(prefix, document(prefix)["components"]["schemas"][inner], f"{path}{name}.")


@pytest.mark.parametrize("prefix", DIALECTS)
def test_the_fields_are_the_documented_ones_in_their_order(prefix: str):
    fields, _ = plain(prefix, item(prefix))

    assert fields == documented(prefix).fields
    assert list(fields) == list(documented(prefix).fields)


@pytest.mark.parametrize("prefix", DIALECTS)
def test_only_documented_fields_are_null_or_missing(prefix: str):
    fields = list(paths(prefix, item(prefix)))

    assert [path for path, null, _ in fields if null] == documented(prefix).may_be_null
    assert [path for path, _, missing in fields if missing] == documented(prefix).may_be_missing
