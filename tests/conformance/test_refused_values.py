"""Test that the documents refuse what the server refuses, one property or parameter at a time.

Each request is the example of the operation with one changed value. Tests with generated requests seldom find a value
that is valid by the schema and refused by a validator of the server.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.db import transaction
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from perfectworks.urls import DOCUMENTS
from tests.conformance.asking import Cast
from tests.conformance.test_examples import examples, send, shown, with_own_ids

LONG = "x" * 3000
TEXTS = ("", " ", LONG, "a\x07b", "a\r\nb", " a ")
TIMES = ("2026-W53-7", "2031-01-02", "2031-01-02T03:04:05", "2031-01-02t03:04:05.6z")
# Values by the type or the format that the document names.
VALUES: dict[str, tuple[Any, ...]] = {
    "string": (*TEXTS, None, 7),
    "integer": (0, -1, 1.5, 7.0, 10**9, None, "7", True),
    "boolean": (None, "true", 1),
    "array": ([], [None], [""], ["x"], [LONG], ["a\x07b"], ["x"] * 200, None, "x"),
    "date-time": TIMES,
    "email": ("Ann Lee <ann@b\xfccher.example>", "\tann@example.com\u200b", "ann@example.com\x07", "ann@exam ple.com"),
    "uri": ("https://example.com/\x07", "https://example.com/a b", "javascript:alert(1)"),
    "password": ("seven77",),
}
PARAMETERS = (*TEXTS, *TIMES, "-1", "0", "1", "1.5", "99999999999")
REFUSED = (400, 422)
# Rules that a schema cannot express.
NOT_IN_A_SCHEMA = {
    ("users_register", "email"): "required without a credential",
    ("users_register", "password"): "required without a credential",
    ("users_register", ""): "required without a credential",
}
ROLE_NAMES = ("role", "unitRole", "defaultRole")  # 422 for a name that the organization does not have
MORE_EXAMPLES = {
    "oauth_applications_create": [{"kind": "client", "name": "Reader", "redirectUris": ["https://example.com/back"]}]
}

Body = dict[str, Any]


class Document:
    """The OpenAPI document of an API, and the server. `cast` has the credentials and ids for its requests."""

    def __init__(self, api: str, cast: Cast) -> None:
        self.api, self.cast = api, cast
        self.content = json.loads(DOCUMENTS[api].json)
        self.tried: set[str] = set()

    def is_new(self, name: str, described: Any) -> bool:
        """Return whether no property with the same rules was tried before."""
        rules = {key: value for key, value in described.items() if key not in ("description", "default", "examples")}
        written = f"{name if name in VALUES else ''} {rules}"
        known = written in self.tried
        self.tried.add(written)
        return not known

    def resolved(self, schema: Any) -> Any:
        """Return the schema that a reference names."""
        return self.content["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def allows(self, schema: Any, value: Any) -> bool:
        """Return whether the value is valid by the schema."""
        whole = schema | {"components": self.content["components"]}
        valid: bool = Draft202012Validator(whole, format_checker=FormatChecker()).is_valid(value)
        return valid

    def status(self, path: str, method: str, operation: Any, body: Body, query: Body | None = None) -> int:
        """Return the status of the server's response. Undo what the request changed."""
        names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "path"]
        address = path.format(**self.cast.named(self.api, path, names)) + (f"?{urlencode(query)}" if query else "")
        with transaction.atomic():
            response = send(self.api, address, method, "application/json", body, shown(operation, self.cast))
            transaction.set_rollback(True)
        cache.clear()
        return int(response.status_code)


@pytest.mark.any_database
@pytest.mark.parametrize("api", ["house", "wacht", "upsun"])
def test_a_value_in_a_body_is_refused_by_both_or_by_none(api: str, cast: Cast):
    assert [one for one in wrong_bodies(Document(api, cast)) if not is_beyond_schemas(*one)] == []


@pytest.mark.any_database
@pytest.mark.parametrize("api", DOCUMENTS)
def test_a_parameter_is_refused_by_both_or_by_none(api: str, cast: Cast):
    assert list(wrong_parameters(Document(api, cast))) == []


def is_beyond_schemas(operation: str, changed: str, value: Any, status: int) -> bool:
    """Return whether a schema cannot express the rule by which the server refused the value."""
    is_unknown_role = changed in ROLE_NAMES and status == 422
    return is_unknown_role or (value is None and (operation, changed) in NOT_IN_A_SCHEMA)


def wrong_bodies(document: Document) -> Iterator[tuple[Any, ...]]:
    """Yield each value that only one of the server and the document refuses."""
    for path, method, operation, kind, example in examples(document.api):
        name, schema = operation["operationId"], operation["requestBody"]["content"][kind]["schema"]
        if "json" not in kind:
            continue
        for body in (*MORE_EXAMPLES.get(name, ()), example):
            for changed, sent in variants(document, schema, with_own_ids(body, document.cast)):
                status = document.status(path, method, operation, sent)
                if disagree(status, document.allows(schema, sent)):
                    yield name, changed, sent.get(changed), status


def variants(document: Document, schema: Any, example: Body) -> Iterator[tuple[str, Body]]:
    """Yield bodies that differ from the example in one property, each with the name of the property.

    Leave out the values of a property that has the same rules as one that was tried before.
    """
    for name, described in document.resolved(schema)["properties"].items():
        if document.is_new(name, described):
            for value in values_for(name, described):
                yield name, example | {name: value}
        if name in example:
            yield name, {other: value for other, value in example.items() if other != name}
    yield "unknown", example | {"unknown": "x"}
    yield "", {}


def values_for(name: str, described: Any) -> list[Any]:
    """Return values for a property, and its permitted words in another letter case."""
    kinds = {kind for one in described.get("anyOf", [described]) for kind in (*types(one), one.get("format"), name)}
    words = [word for word in described.get("enum", []) if word]
    values = [value for kind in VALUES if kind in kinds for value in VALUES[kind]]
    return values + [word.upper() for word in words]


def wrong_parameters(document: Document) -> Iterator[tuple[Any, ...]]:
    """Yield each text in a query string that only one of the server and the document refuses."""
    for path, methods in document.content["paths"].items():
        for one in methods.get("get", {}).get("parameters", []):
            schema = document.resolved(one["schema"])
            if one["in"] != "query" or not document.is_new("", schema):
                continue
            for text in PARAMETERS:
                status = document.status(path, "get", methods["get"], {}, {one["name"]: text})
                if disagree(status, document.allows(schema, as_json(text, schema))):
                    yield methods["get"]["operationId"], one["name"], text, status


def as_json(text: str, schema: Any) -> Any:
    """Return the value of a parameter, as its schema describes it."""
    return int(text) if "integer" in types(schema) and text.removeprefix("-").isdigit() else text


def types(schema: Any) -> list[str]:
    """Return the types that a schema names."""
    named = schema.get("type", [])
    return named if isinstance(named, list) else [named]


def disagree(status: int, is_allowed: bool) -> bool:
    """Return whether only one of the server and the document refuses. Other errors, such as 404, do not count."""
    return is_allowed if status in REFUSED else status < 300 and not is_allowed
