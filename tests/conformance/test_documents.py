"""Test that the server conforms to its five OpenAPI documents. schemathesis generates requests and checks responses.

schemathesis checks that there is no server error, that status, content type, headers and all fields of the body are
documented, that invalid requests are rejected, that valid requests are not rejected as malformed, and that no request
succeeds without a credential.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.test import Client
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, Config, GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth

from perfectworks.urls import DOCUMENTS
from tests.conformance.asking import Cast, Shown
from tests.repetition import times
from tests.support.openapi import with_closed_responses

application = get_wsgi_application()
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"}
# A request that is valid by the schema may still be rejected: because of stored data, a rate limit, or a rule that the
# schema cannot express (400), such as "no invisible characters" or "not this well-known password".
# So may one whose entity tag is known (304) or stale (412).
EXPECTED = ["2xx", "304", "400", "401", "403", "404", "409", "410", "412", "422", "429"]
CONFIG = Config.from_dict(
    {
        "checks": {"positive_data_acceptance": {"expected-statuses": EXPECTED}},
        "generation": {"with-security-parameters": False},  # this module adds the credentials itself
    }
)
# The house API has ten times as many operations as a dialect.
SHARES = {"house": 0.6, "wacht": 0.1, "zenml": 0.1, "upsun": 0.1, "applivery": 0.1}


class Document:
    """The OpenAPI document of an API. `cast` has the credentials and ids for its requests."""

    def __init__(self, api: str, cast: Cast) -> None:
        self.api, self.cast = api, cast
        document = with_closed_responses(json.loads(DOCUMENTS[api].json))
        read: Any = schemathesis.openapi.from_dict(document, config=CONFIG)
        read.app = application
        self.operations: list[Any] = [operation.ok() for operation in read.get_all_operations()]

    def named(self, operation: Any) -> dict[str, str]:
        """Return the values of the operation's path parameters."""
        names = [parameter.name for parameter in operation.path_parameters]
        return self.cast.named(self.api, operation.path, names)


def mostly() -> st.SearchStrategy[bool]:
    return st.sampled_from([True, True, True, True, False])


@st.composite
def requests(draw: Any, document: Document) -> tuple[Case, Shown]:
    """Generate a request. Most requests refer to existing objects, and most have a credential."""
    operation, mode = draw(st.sampled_from(document.operations)), draw(st.sampled_from(GenerationMode))
    named = document.named(operation) if draw(mostly()) else None
    case = draw(operation.as_strategy(generation_mode=mode, path_parameters=named))
    schemes = [scheme for requirement in operation.definition.raw["security"] for scheme in requirement]
    if schemes and draw(mostly()):
        return case, document.cast.shown(operation.path, draw(st.sampled_from(schemes)))
    return case, {}


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()  # reset the rate limits of registrations


@pytest.mark.any_database
@pytest.mark.parametrize("api", DOCUMENTS)
def test_the_server_keeps_to_the_document(api: str, cast: Cast):
    document = Document(api, cast)
    count = round(SHARES[api] * times(200, in_full=10_000))  # in full: 20,000 different requests on two databases
    statuses: Counter[int] = Counter()

    @seed(connection.vendor)
    @settings(max_examples=count, suppress_health_check=list(HealthCheck), database=None)
    @given(request=requests(document))
    def kept(request: tuple[Case, Shown]) -> None:
        case, shown = request
        # schemathesis cannot distinguish a real cookie from a generated one.
        excluded = [ignored_auth] if "cookies" in shown else []
        with undone():
            response = case.call_and_validate(excluded_checks=excluded, **shown)
        statuses[response.status_code] += 1

    kept()
    successes = sum(number for status, number in statuses.items() if status < 300)
    assert successes > count / 20, f"Too few requests got through to say much: {statuses}"


@pytest.mark.parametrize("api", DOCUMENTS)
def test_a_method_that_is_not_documented_is_refused_with_those_that_are(api: str, cast: Cast):
    document = Document(api, cast)
    documented: dict[str, set[str]] = {}
    for operation in document.operations:
        path = operation.path.format(**document.named(operation))
        documented.setdefault(path, set()).add(operation.method.upper())

    for path, methods in documented.items():
        for method in METHODS - methods:
            response: Any = Client().generic(method, path)
            allowed = set(response.headers.get("Allow", "").split(", ")) - {"HEAD", "OPTIONS"}
            assert (response.status_code, allowed) == (405, methods), f"{method} {path}"
