"""Test that each dialect's OpenAPI document matches its golden files, and that each documented status has a file."""

import json
import re
from functools import cache

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from perfectworks.urls import DIALECTS, DOCUMENTS
from tests.dialects.documented import documented
from tests.dialects.exchanges import exchanges
from tests.support.openapi import closed

# Statuses that every path can return. The documents do not list them for each operation.
ANYWHERE = {405, 406, 411, 500}
# Golden files with this "Given" line show the error body of a 429 response. Only the tests add this throttle.
THROTTLE = "a throttle is put in front that lets nobody through"
# The web server returns these before a request reaches the dialect. tests/perfectworks/test_web_server.py tests them.
BY_THE_WEB_SERVER = {414, 431}
SHOWN_ONCE = {503}  # one golden file per dialect is enough, because an unavailable database affects all operations


@cache
def document(prefix):
    return json.loads(DOCUMENTS[prefix].json)


def operations(prefix):
    """Yield the method, the path segments and the operation for each operation of the document."""
    for path, methods in document(prefix)["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path.split("/"), operation


def fits(template, parts):
    return len(template) == len(parts) and all(
        own.startswith("{") or own == other for own, other in zip(template, parts, strict=True)
    )


def operations_at(exchange):
    """Return the operations with the path of the exchange, by method."""
    parts = exchange.target.partition("?")[0].split("/")
    # "/organizations/invitations/accept" also matches "/organizations/{id}/...". Prefer the path with fewer parameters.
    found = sorted(
        (one for one in operations(exchange.dialect) if fits(one[1], parts)),
        key=lambda one: sum(part.startswith("{") for part in one[1]),
        reverse=True,
    )
    return {method: operation for method, _, operation in found}


def operation_of(exchange):
    return operations_at(exchange).get(exchange.method)


def error_schema_of(exchange):
    """Return the schema of every error at the path of the exchange."""
    for operation in operations_at(exchange).values():
        return operation["responses"]["401"]["content"]["application/json"]["schema"]
    return {"$ref": "#/components/schemas/Error"}


def schema_of(exchange):
    """Return the operation's schema of the response body, or the schema of all errors at its path."""
    operation = operation_of(exchange)
    if THROTTLE in exchange.given:
        return error_schema_of(exchange)
    if operation is None or exchange.status in ANYWHERE:
        assert exchange.status in ANYWHERE | {404}
        return error_schema_of(exchange)
    response = operation["responses"][str(exchange.status)]
    return response.get("content", {}).get(exchange.media_type, {}).get("schema")


def filled_in(text):
    """Replace each placeholder in the text with a value."""
    examples = {
        r"\{new \d as uuid\}": "01900000-0099-7000-8000-000000000099",
        r"\{new \d as decimal digits\}": "2076918743600632542919675432538374553",
        r"\{[\w ]+, milliseconds\}": "2026-01-22T10:30:00.678Z",
        r"\{[\w ]+, seconds\}": "2026-01-22T10:30:00Z",
    }
    for pattern, example in examples.items():
        text = re.sub(pattern, example, text)
    return text


def answered(prefix):
    """Yield the exchanges whose response is not a redirect. Redirects correct the path, and have no body."""
    return (exchange for exchange in exchanges(prefix) if not 300 <= exchange.status < 400)


VENDORS = [exchange for prefix in DIALECTS for exchange in answered(prefix)]


@pytest.mark.parametrize("exchange", VENDORS, ids=lambda exchange: f"{exchange.dialect}/{exchange.path.stem}")
def test_the_body_matches_the_schema(exchange):
    schema = schema_of(exchange)
    if schema is None:
        assert exchange.status == 204
    else:
        whole = closed({**schema, "components": document(exchange.dialect)["components"]})
        body = json.loads(filled_in(exchange.response.partition("\n\n")[2]))
        Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(body)


@pytest.mark.parametrize("prefix", DIALECTS)
def test_every_documented_status_has_a_golden_file(prefix):
    promised = {
        (operation["operationId"], int(status))
        for *_, operation in operations(prefix)
        for status in operation["responses"]
        if (prefix, status) != ("zenml", "400")  # only the web server, because the vendor's framework uses 422
    }
    shown = {
        ((operation_of(exchange) or {}).get("operationId"), exchange.status)
        for exchange in answered(prefix)
        if THROTTLE not in exchange.given
    }

    assert {
        (name, status) for name, status in promised - shown if status not in SHOWN_ONCE | BY_THE_WEB_SERVER
    } == set()
    assert {status for _, status in shown & promised} >= SHOWN_ONCE
    assert {status for _, status in shown - promised} == ANYWHERE | {404}


# The vendors' documents


@pytest.mark.parametrize("prefix", DIALECTS)
def test_the_parameters_are_the_documented_ones(prefix):
    vendor = documented(prefix)
    found = {operation["operationId"]: operation.get("parameters", []) for *_, operation in operations(prefix)}

    for name, schemas in vendor.parameters.items():
        assert {parameter["name"]: parameter["schema"] for parameter in found[name]} == schemas
        for parameter in found[name]:
            required = parameter["in"] == "path" or parameter["name"] in vendor.required
            assert parameter.get("required", False) == required


@pytest.mark.parametrize("prefix", DIALECTS)
def test_the_operations_have_the_vendor_s_names(prefix):
    assert {found["operationId"]: found["summary"] for *_, found in operations(prefix)} == documented(prefix).titles


@pytest.mark.parametrize("prefix", DIALECTS)
def test_a_document_explains_its_source_credentials_ids_pages_and_errors(prefix):
    description = document(prefix)["info"]["description"]

    assert [words for words in documented(prefix).says if words not in description] == []


@pytest.mark.parametrize("prefix", DIALECTS)
def test_a_document_declares_the_documented_credentials_and_each_that_an_operation_takes(prefix):
    declared = document(prefix)["components"]["securitySchemes"]
    taken = {name for *_, operation in operations(prefix) for kind in operation["security"] for name in kind}

    assert list(declared) == documented(prefix).credentials
    assert set(declared) == taken


def test_tokens_of_our_authorization_server_come_by_two_flows():
    declared = document("zenml")["components"]["securitySchemes"]
    person, program = declared["oauth2"]["flows"], declared["oauth2Client"]["flows"]

    assert list(person) == ["authorizationCode"]
    assert list(program) == ["clientCredentials"]
    scopes = person["authorizationCode"]["scopes"]
    assert scopes["invitations"] == "See the invitations sent to you, and accept or decline them"
    assert person["authorizationCode"] == {
        "authorizationUrl": "/oauth2/authorize",
        "tokenUrl": "/oauth2/token",
        "refreshUrl": "/oauth2/token",
        "scopes": scopes,
    }
    assert program["clientCredentials"] == {"tokenUrl": "/oauth2/token", "scopes": scopes}
    assert document("zenml")["paths"]["/zenml/invitations"]["get"]["security"] == [
        {"jwt": []},
        {"oauth2": ["invitations"]},
        {"oauth2Client": ["invitations"]},
    ]
