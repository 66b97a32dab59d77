"""Check responses against the OpenAPI documents."""

import json
from functools import cache
from typing import Any

from django.http import HttpResponse
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from core.api.docs import Document

FILE = {"type": "string"}  # the schema of a CSV file


@cache
def documented_answers() -> dict[str, dict[str, Any]]:
    """Map operation id and status to the schema of the response body, or to None if there is no body."""
    document = with_closed_responses(json.loads(Document("/api/v0").json))
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    return {
        operation["operationId"]: {
            status: body_schema(response, document) for status, response in operation["responses"].items()
        }
        for operation in operations
    }


def body_schema(response: dict[str, Any], document: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema with its references resolved."""
    if "content" not in response:
        return None
    if "text/csv" in response["content"]:
        return FILE
    return {**response["content"]["application/json"]["schema"], "components": document["components"]}


def closed(schema: Any) -> Any:
    """Return a copy of a schema or a document in which every object has only its documented fields.

    The published documents leave responses open, so that a new field does not break clients. The tests must still
    notice fields that are not documented.
    """
    if isinstance(schema, dict):
        inner = {name: closed(value) for name, value in schema.items()}
        is_object = inner.get("type") == "object" and "properties" in inner
        return {"additionalProperties": False} | inner if is_object else inner
    return [closed(one) for one in schema] if isinstance(schema, list) else schema


def with_closed_responses(document: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a document whose responses have only the documented fields."""
    paths = {
        path: {method: one | {"responses": closed(one["responses"])} for method, one in methods.items()}
        for path, methods in document["paths"].items()
    }
    return document | {"paths": paths, "components": closed(document["components"])}


def assert_documented(operation: str, response: HttpResponse) -> bytes:
    """Assert that the document lists the response's status for the operation, and that the body matches its schema.

    Return the body, because that of a stream can be read only once.
    """
    body: bytes = response.getvalue()
    schema = documented_answers()[operation.replace(".", "_")][str(response.status_code)]
    if schema == FILE:
        assert response["Content-Type"].partition(";")[0] == "text/csv"
        return body
    if schema is None:
        assert body == b""
        return body
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    faults = [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(json.loads(body))]
    assert not faults, (operation, response.status_code, faults)
    return body
