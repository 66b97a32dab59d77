"""Test that each OpenAPI document is valid, free of warnings, up to date, and limited to the paths of its API."""

import json
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator

from perfectworks.api_descriptions import DESCRIPTIONS
from perfectworks.urls import DOCUMENTS
from tests.dialects.exchanges import exchanges
from tests.dialects.test_schemas import filled_in

# RFC 6749, section 3.2: a token endpoint ignores parameters that it does not know.
IGNORES_UNKNOWN = "get-access-token"
VIEWERS = ["docs", "redoc", "openapi.json"]


@pytest.fixture(params=DOCUMENTS)
def document(request):
    return DOCUMENTS[request.param]


def test_a_document_is_about_its_own_paths(document):
    content = json.loads(document.json)
    assert content["openapi"] == "3.1.1"
    assert {path.startswith(f"{document.prefix}/") for path in content["paths"]} == {True}


def faults(content):
    return [error.message for error in OpenAPIV31SpecValidator(content).iter_errors()]


def test_a_document_is_strictly_valid(document):
    assert faults(json.loads(document.json)) == []


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (
            {"type": ["string", "null", "null"]},
            "['string', 'null', 'null'] is not valid under any of the given schemas",
        ),
        ({"type": "string", "minLength": -1}, "-1 is less than the minimum of 0"),
        ({"type": "integer", "default": "ten"}, "'ten' is not of type 'integer'"),
    ],
)
def test_strict_validation_looks_into_schemas(schema, fault):
    answer = {"description": "OK", "content": {"application/json": {"schema": {"properties": {"at": schema}}}}}
    paths = {"/at": {"get": {"responses": {"200": answer}}}}
    assert faults({"openapi": "3.1.1", "info": {"title": "At", "version": "1"}, "paths": paths}) == [fault]


def objects(schema, components):
    """Yield every object schema in a schema, and in the components that it refers to."""
    if isinstance(schema, list):
        schema = dict(enumerate(schema))
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("$ref"), str):
        yield from objects(components[schema["$ref"].rpartition("/")[2]], components)
    if schema.get("type") == "object" and "properties" in schema:
        yield schema
    for value in schema.values():
        yield from objects(value, components)


def test_requests_refuse_unknown_fields_and_responses_may_get_more_fields(document):
    content = json.loads(document.json)
    components = content["components"]["schemas"]
    operations = [operation for methods in content["paths"].values() for operation in methods.values()]
    bodies = [
        one["requestBody"] for one in operations if "requestBody" in one and one["operationId"] != IGNORES_UNKNOWN
    ]
    requests = [one for body in bodies for one in objects(body, components)]
    responses = [one for operation in operations for one in objects(operation["responses"], components)]

    assert [one for one in requests if one.get("additionalProperties") is not False] == []
    assert [one for one in responses if one.get("additionalProperties", True) is not True] == []


def test_every_array_says_what_is_in_it(document):
    """Some generators of clients drop an operation's response if an array in it has no `items`."""
    content = json.loads(document.json)
    arrays = [one for one in dicts(content) if "array" in one.get("type", "")]
    assert arrays
    assert [one for one in arrays if "items" not in one] == []


def dicts(value):
    """Yield every object in a document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from dicts(inner)


def test_every_operation_belongs_to_one_resource_that_is_described(document):
    content = json.loads(document.json)
    tags = [operation["tags"] for methods in content["paths"].values() for operation in methods.values()]
    assert list(dict.fromkeys(name for names in tags for name in names)) == [tag["name"] for tag in content["tags"]]
    assert {len(names) for names in tags} == {1}
    assert all(tag["description"] for tag in content["tags"])


def test_every_property_is_described(document):
    content = json.loads(document.json)
    components = content["components"]["schemas"]
    properties = [
        (name, components[one["$ref"].rpartition("/")[2]] if "$ref" in one else one)
        for found in objects([content["paths"], components], components)
        for name, one in found["properties"].items()
    ]
    assert [(name, one) for name, one in properties if not one.get("description")] == []


def test_every_shared_description_is_used():
    texts = {str(one.get("description")) for document in DOCUMENTS.values() for one in dicts(json.loads(document.json))}
    assert {name for name, text in DESCRIPTIONS.items() if text not in texts} == set()


def test_every_body_has_an_example_that_its_schema_allows(document):
    content = json.loads(document.json)
    for methods in content["paths"].values():
        for operation in methods.values():
            for body in operation.get("requestBody", {"content": {}})["content"].values():
                schema = body["schema"] | {"components": content["components"]}
                examples = [example["value"] for example in body.get("examples", {}).values()]
                assert examples, operation["operationId"]
                for example in examples:
                    Draft202012Validator(schema, format_checker=FormatChecker()).validate(example)


@pytest.mark.parametrize(
    ("api", "rows"),
    [
        (
            "house",
            [
                "| `last_owner` | 409 | The change would leave the organization without an active owner. |",
                "| `malformed_body` | 400 | The body is not an unambiguous JSON object in UTF-8. |",
                "| `unit_not_found` | 404 | The organization has no such workspace or application. |",
                "| `uri_too_long` | 414 | The URL is too long. |",
                "| `busy` | 503 | The service is busy. Try again in a moment. |",
            ],
        ),
        ("wacht", ["| `LAST_OWNER` | 409 | The change would leave the organization without an active owner. |"]),
    ],
)
def test_a_document_lists_the_error_codes(api, rows):
    lines = json.loads(DOCUMENTS[api].json)["info"]["description"].splitlines()
    assert [row for row in rows if row not in lines] == []


def test_every_code_in_a_golden_file_is_listed():
    lines = json.loads(DOCUMENTS["wacht"].json)["info"]["description"].splitlines()
    rows = [one.split(" | ") for one in lines if one.startswith("| `")]
    listed = {(int(status), code.strip("|` ")) for code, status, *_ in rows}
    shown = {
        (exchange.status, one["code"])
        for exchange in exchanges("wacht")
        if exchange.status >= 400
        for one in json.loads(filled_in(exchange.response.partition("\n\n")[2]))["errors"]
    }
    assert len(shown) > 10
    assert shown - listed == set()


def test_no_document_lists_codes_that_its_errors_do_not_have():
    listing = {
        name for name, one in DOCUMENTS.items() if "# Error codes" in json.loads(one.json)["info"]["description"]
    }
    assert listing == {"house", "wacht"}


def test_every_operation_says_who_may_call_and_what_it_does(document):
    for path, methods in json.loads(document.json)["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation["security"], (method, path)


@pytest.mark.parametrize("viewer", VIEWERS)
def test_a_document_is_shown_to_anybody(client, document, viewer):
    assert client.get(f"{document.prefix}/{viewer}").status_code == 200


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """Return a folder with the documents as the code says. They are written once, because that takes seconds."""
    folder = tmp_path_factory.mktemp("written") / "openapi"
    call_command("openapi", "--folder", str(folder))
    return folder


def test_what_is_committed_is_what_the_code_says(written, settings):
    committed = Path(settings.BASE_DIR, "docs", "openapi")
    assert texts_in(committed) == texts_in(written)
    assert texts_in(written).keys() == {f"{name}.yaml" for name in DOCUMENTS}


def texts_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_document_that_is_not_what_the_code_says_is_named(written, tmp_path):
    folder = shutil.copytree(written, tmp_path / "openapi")
    (folder / "zenml.yaml").write_text("openapi: 3.1.1\n")
    (folder / "upsun.yaml").unlink()

    with pytest.raises(CommandError, match=r"Out of date: zenml\.yaml, upsun\.yaml\."):
        call_command("openapi", "--check", "--folder", str(folder))
