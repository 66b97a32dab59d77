"""Test that the documents describe the webhooks that are sent."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from perfectworks.urls import DOCUMENTS
from tests.support.openapi import closed
from webhooks.documenting import examples_page
from webhooks.event_types import EVENT_TYPES, TEST_TYPE
from webhooks.examples import example_of

CONTENT = json.loads(DOCUMENTS["house"].json)
EVERY = pytest.mark.parametrize("event_type", EVENT_TYPES)


def faults_of(body: dict[str, Any]) -> list[str]:
    """Return how a body differs from what the document says about its type."""
    webhook = CONTENT["webhooks"][body["type"]]["post"]
    schema = webhook["requestBody"]["content"]["application/json"]["schema"] | {
        "components": closed(CONTENT["components"])
    }
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(body)]


def test_the_document_has_every_type():
    assert [*CONTENT["webhooks"]] == [*EVENT_TYPES, TEST_TYPE]


@EVERY
def test_an_example_is_what_the_document_says(event_type: str):
    assert faults_of(example_of(event_type)) == []


@EVERY
def test_an_unknown_field_is_noticed(event_type: str):
    body = example_of(event_type)
    body["data"]["event"]["name"] = "Ann Lee"

    assert len(faults_of(body)) == 1


def test_the_page_with_the_examples_is_up_to_date():
    page = Path(settings.BASE_DIR) / "docs" / "webhook-examples.md"

    assert page.read_text() == examples_page(), "run `make format`"
