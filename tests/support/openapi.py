"""Check responses against the OpenAPI document of the house API."""

import json
from functools import cache
from typing import Any

from django.http import HttpResponse
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from core.api.docs import Document


@cache
def documented_answers() -> dict[str, dict[str, Any]]:
    """Map operation id and status to the schema of the response body, or to None if there is no body."""
    document = json.loads(Document("/api/v0").json)
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
    return {**response["content"]["application/json"]["schema"], "components": document["components"]}


def assert_documented(operation: str, response: HttpResponse) -> None:
    """Assert that the document lists the response's status for the operation, and that the body matches its schema."""
    schema = documented_answers()[operation.replace(".", "_")][str(response.status_code)]
    if schema is None:
        assert response.content == b""
        return
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    faults = [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(json.loads(response.content))]
    assert not faults, (operation, response.status_code, faults)
