"""Whether an answer is what the house's OpenAPI document says it may be."""

import json
from functools import cache
from typing import Any

from django.http import HttpResponse
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from core.api.docs import Document


@cache
def documented_answers() -> dict[str, dict[str, Any]]:
    """Operation id to status to the schema of the body; None where there is no body."""
    document = json.loads(Document("/api/v0").json)
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    return {
        operation["operationId"]: {
            status: body_schema(answer, document) for status, answer in operation["responses"].items()
        }
        for operation in operations
    }


def body_schema(answer: dict[str, Any], document: dict[str, Any]) -> dict[str, Any] | None:
    """The schema with all it refers to."""
    if "content" not in answer:
        return None
    return {**answer["content"]["application/json"]["schema"], "components": document["components"]}


def assert_documented(operation: str, response: HttpResponse) -> None:
    """Assert that the operation's document has this status, and this body for it."""
    schema = documented_answers()[operation.replace(".", "_")][str(response.status_code)]
    if schema is None:
        assert response.content == b""
        return
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    faults = [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(json.loads(response.content))]
    assert not faults, (operation, response.status_code, faults)
