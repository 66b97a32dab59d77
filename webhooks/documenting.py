"""The description of webhooks: the section ``webhooks`` of the OpenAPI document, and the page with the examples."""

import json
from copy import deepcopy
from typing import Any

from django.utils import translation

from core.api.query import Schema
from invitations.pages.organization.event_words import WORDS
from webhooks.event_types import EVENT_TYPES, TEST_TYPE
from webhooks.examples import example_of
from webhooks.payloads import OBJECTS, VERSION

# The components of the objects, and those of the bodies.
COMPONENTS = {
    "invitation": ("Invitation", "InvitationWebhook"),
    "membership": ("Member", "MemberWebhook"),
    "role": ("Role", "RoleWebhook"),
    "unit": ("Unit", "UnitWebhook"),
    "organization": ("OrganizationDetails", "OrganizationWebhook"),
    "webhook": ("", "TestWebhook"),
}
NAMING_PEOPLE = ("invitation", "membership")
OBJECT = "The object after the event, or before it was deleted."
ERASABLE = f"{OBJECT} Null: it named a person who was erased."
TAG = "Webhooks"
HEADERS = {
    "webhook-id": "The ID of the webhook. It is the same in every attempt.",
    "webhook-timestamp": "The time of the attempt, in Unix seconds.",
    "webhook-signature": "Signatures, separated by spaces: `v1,` and the HMAC-SHA256 of the ID, the time and the body "
    "in Base64. After the secret was rotated, there are two.",
}
HEAD = """# Examples of webhooks

One example for each type. [webhooks.md](webhooks.md) explains how to receive them; the OpenAPI document describes every
field in its section `webhooks`. `make format` writes this page.
"""


def add_webhooks(document: dict[str, Any]) -> None:
    """Add the section ``webhooks`` to the OpenAPI document of the house API, whose components it uses."""
    components = document["components"]
    organization = deepcopy(components["schemas"]["Organization"])
    del organization["properties"]["role"]
    organization["required"].remove("role")
    organization["description"] = "The organization with the fields that its members see."
    components["schemas"] |= {"OrganizationDetails": organization}
    components["schemas"] |= {body: _body(topic) for topic, (_, body) in COMPONENTS.items()}
    components["parameters"] = {name: _header(name, text) for name, text in HEADERS.items()}
    document["webhooks"] = {event_type: {"post": _operation(event_type)} for event_type in (*EVENT_TYPES, TEST_TYPE)}


def examples_page() -> str:
    """Return the page with an example of each webhook, in Markdown."""
    parts = [HEAD]
    for event_type in EVENT_TYPES:
        body = json.dumps(example_of(event_type), indent=2)
        parts.append(f"## {event_type}\n\n{summary_of(event_type)}.\n\n```json\n{body}\n```\n")
    return "\n".join(parts)


def summary_of(event_type: str) -> str:
    """Return the words of the audit log for the event."""
    with translation.override("en"):
        return str(WORDS.get(event_type, "Test"))


def _operation(event_type: str) -> Schema:
    _, body = COMPONENTS[event_type.partition(".")[0]]
    return {
        "operationId": f"on_{event_type.replace('.', '_')}",
        "tags": [TAG],
        "summary": summary_of(event_type),
        "security": [],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in HEADERS],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{body}"}}},
        },
        "responses": {
            "2XX": {"description": "The endpoint has accepted the webhook."},
            "410": {"description": "The endpoint is gone. It is disabled."},
        },
    }


def _header(name: str, description: str) -> Schema:
    return {"name": name, "in": "header", "required": True, "description": description, "schema": {"type": "string"}}


def _body(topic: str) -> Schema:
    """Return the schema of the body of the webhooks about a topic."""
    sequence: Schema = {
        "type": "integer",
        "minimum": 1,
        "description": "1, 2, 3 for the webhooks of the endpoint. A gap means that one is missing.",
    }
    if topic == "webhook":
        sequence = {"type": "null", "description": "Tests are not counted."}
    types = [one for one in (*EVENT_TYPES, TEST_TYPE) if one.partition(".")[0] == topic]
    return _object(
        {
            "type": {"type": "string", "enum": types, "description": "The type."},
            "timestamp": {"type": "string", "format": "date-time", "description": "The time of the event."},
            "sequence": sequence,
            "data": _data(topic),
        },
        "The body of a webhook.",
    )


def _data(topic: str) -> Schema:
    properties: Schema = {
        "version": {"type": "integer", "const": VERSION, "description": "The version of this format."},
        "organizationId": {"type": "string", "format": "uuid", "description": "The ID of the organization."},
    }
    if topic == "webhook":
        properties["endpointId"] = {"type": "string", "format": "uuid", "description": "The ID of the endpoint."}
        return _object(properties, "Whose endpoint is tested.")
    name, _ = OBJECTS[topic]
    component, _ = COMPONENTS[topic]
    properties["event"] = {"$ref": "#/components/schemas/Event", "description": "The event."}
    properties[name] = {"$ref": f"#/components/schemas/{component}", "description": OBJECT}
    if topic in NAMING_PEOPLE:
        properties[name] = {
            "oneOf": [{"$ref": f"#/components/schemas/{component}"}, {"type": "null"}],
            "description": ERASABLE,
        }
    return _object(properties, "The event, and the object that it is about.")


def _object(properties: Schema, description: str) -> Schema:
    return {"type": "object", "description": description, "properties": properties, "required": [*properties]}
