"""Test that the OpenAPI document matches the declared operations and their behavior."""

import json

import pytest
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from core.api.docs import Document
from core.api.text_patterns import VISIBLE_LINE

from .notes import write_notes

pytestmark = pytest.mark.urls("tests.core.api.urls")

ERROR = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}


@pytest.fixture(scope="module")
def written():
    """The OpenAPI document of the notes API."""
    document = Document("/api/v0", {"TITLE": "Notes"})
    return lambda: json.loads(document.json)


def test_the_document_is_valid_openapi_3_1(written):
    schema = written()
    assert schema["openapi"].startswith("3.1.")
    validate_schema(schema)


def test_the_document_covers_its_prefix_and_nothing_else(written):
    assert {path: sorted(methods) for path, methods in written()["paths"].items()} == {
        "/api/v0/echo": ["get", "post"],
        "/api/v0/every": ["get"],
        "/api/v0/feed": ["get"],
        "/api/v0/guarded": ["get"],
        "/api/v0/listed": ["get"],
        "/api/v0/notes": ["get", "post"],
        "/api/v0/notes/{id}": ["delete", "get", "patch"],
        "/api/v0/public": ["get"],
        "/api/v0/shelves/{shelf}/feed": ["get"],
    }


def test_an_operation_tells_its_summary_parameters_and_pages(written):
    operation = written()["paths"]["/api/v0/notes"]["get"]
    assert operation["operationId"] == "notes_list"
    assert operation["summary"] == "List notes"
    assert operation["description"] == "The newest first, unless asked otherwise."
    assert operation["parameters"] == [
        {
            "in": "query",
            "name": "limit",
            "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10},
            "description": "The number of rows on a page.",
        },
        {
            "in": "query",
            "name": "page",
            "schema": {"type": "integer", "minimum": 1, "maximum": 2147483647, "default": 1},
            "description": "The number of the page.",
        },
        {
            "in": "query",
            "name": "sort",
            "schema": {
                "type": "string",
                "enum": ["writtenAt:asc", "writtenAt:desc", "title:asc", "title:desc"],
                "default": "writtenAt:desc",
            },
        },
        {
            "in": "query",
            "name": "title",
            "schema": {"type": "string", "minLength": 1, "maxLength": 64},
            "description": "The exact title.",
        },
    ]
    assert undescribed(success_of(written(), "/api/v0/notes", "get", "200")) == {
        "type": "object",
        "properties": {
            "success": {"type": "boolean", "const": True},
            "message": {"type": "string", "examples": ["Notes retrieved successfully"]},
            "data": {"type": "array", "items": {"$ref": "#/components/schemas/NoteRow"}},
            "pagination": {
                "type": "object",
                "properties": {
                    "page": {"type": "integer", "minimum": 0},
                    "limit": {"type": "integer", "minimum": 0},
                    "total": {"type": "integer", "minimum": 0},
                    "pages": {"type": "integer", "minimum": 0},
                    "hasNext": {"type": "boolean"},
                    "hasPrev": {"type": "boolean"},
                },
                "required": ["page", "limit", "total", "pages", "hasNext", "hasPrev"],
            },
        },
        "required": ["success", "message", "data", "pagination"],
    }


def test_every_kind_of_filter_is_described_with_its_default(written):
    parameters = {one["name"]: one["schema"] for one in written()["paths"]["/api/v0/every"]["get"]["parameters"]}
    assert {name: schema for name, schema in parameters.items() if name not in ("page", "limit")} == {
        "flag": {"type": "boolean"},
        "color": {"type": "string", "enum": ["red", "green"], "default": "red"},
        "colors": {"type": "string", "pattern": "^(red|green)(,(red|green))*$"},
        "id": {"type": "string", "format": "uuid"},
        "aName": {"type": "string", "minLength": 1, "maxLength": 8, "pattern": "^(?:[a-z]+)$"},
        "sort": {"type": "string", "enum": ["title:asc", "title:desc"], "default": "title:asc"},
    }


def test_a_single_parameter_and_a_header_are_described_by_their_fields(written):
    parameters = written()["paths"]["/api/v0/echo"]["get"]["parameters"]
    assert {(one["in"], one["name"]): (one["schema"], one.get("required", False)) for one in parameters} == {
        ("header", "X-Shelf-Id"): ({"type": "string", "format": "uuid"}, False),
        ("query", "flag"): ({"type": "boolean"}, False),
        ("query", "count"): ({"type": "integer", "minimum": 1, "maximum": 9}, False),
        ("query", "id"): ({"type": "string", "format": "uuid"}, False),
        ("query", "needed"): ({"type": "string", "minLength": 1, "maxLength": 8}, True),
    }


def undescribed(schema):
    """Return the schema without descriptions."""
    if isinstance(schema, dict):
        return {
            name: undescribed(one) for name, one in schema.items() if not isinstance(one, str) or name != "description"
        }
    return [undescribed(one) for one in schema] if isinstance(schema, list) else schema


def success_of(schema, path, method, status):
    return schema["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"]


def test_a_body_is_described_in_camel_case(written):
    assert written()["components"]["schemas"]["NoteBody"] == {
        "type": "object",
        "description": "The body of a new note.",
        "properties": {
            "title": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": VISIBLE_LINE},
            "shortText": {"type": "string", "minLength": 1, "maxLength": 8, "pattern": VISIBLE_LINE},
            "pageCount": {"type": "integer", "maximum": 1000, "minimum": 0},
        },
        "required": ["title"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/api/v0/notes", "get", ["200", "400", "401", "403", "414", "431", "503"]),
        ("/api/v0/notes", "post", ["201", "400", "401", "403", "409", "413", "414", "415", "431", "503"]),
        ("/api/v0/notes/{id}", "delete", ["204", "400", "401", "403", "404", "414", "431", "503"]),
        ("/api/v0/public", "get", ["200", "400", "414", "431", "503"]),
    ],
)
def test_an_operation_tells_how_it_can_end(written, path, method, statuses):
    assert list(written()["paths"][path][method]["responses"]) == statuses


def test_every_failure_has_the_shape_of_the_house(written):
    responses = written()["paths"]["/api/v0/notes"]["post"]["responses"]
    assert {status: response["content"] for status, response in responses.items() if status >= "400"} == dict.fromkeys(
        ["400", "401", "403", "409", "413", "414", "415", "431", "503"], ERROR["content"]
    )


def test_an_operation_without_body_or_response_has_neither(written):
    burnt = written()["paths"]["/api/v0/notes/{id}"]["delete"]
    assert "requestBody" not in burnt
    assert burnt["responses"]["204"] == {"description": "Note burnt"}
    assert success_of(written(), "/api/v0/echo", "post", "200")["properties"]["data"]["type"] == "null"


def test_responses_match_the_document(written, api, notes):
    write_notes(3)
    schema = written()
    pairs = [
        (api.get("/api/v0/notes?limit=2"), success_of(schema, "/api/v0/notes", "get", "200")),
        (api.get("/api/v0/feed?limit=2"), success_of(schema, "/api/v0/feed", "get", "200")),
        (api.get("/api/v0/notes?limit=0"), ERROR["content"]["application/json"]["schema"]),
    ]
    assert [response.status_code for response, _ in pairs] == [200, 200, 400]
    for response, described in pairs:
        Draft202012Validator(described | {"components": schema["components"]}).validate(response.json())


def test_the_authenticator_without_a_scheme_is_the_only_complaint(capsys):
    assert Document("/api/v0").json
    complaints = [line for line in capsys.readouterr().err.splitlines() if line]
    assert complaints
    assert [line for line in complaints if "TokenAuthentication" not in line] == []


def test_a_list_tells_that_it_has_links_and_one_of_two_kinds_of_pages(written):
    page = written()["paths"]["/api/v0/listed"]["get"]["responses"]["200"]
    assert page["headers"]["Link"]["description"] == "RFC 8288: next, prev."
    block = page["content"]["application/json"]["schema"]["properties"]["pagination"]
    assert set(block["properties"]) == {*PAGE_NUMBERS, "limit", "before", "after", "hasNext", "hasPrev"}
    assert sorted(block["required"]) == ["hasNext", "hasPrev", "limit"]


PAGE_NUMBERS = ("page", "pages", "total")
