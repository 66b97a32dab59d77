"""Send random requests to all five APIs: none causes a 500, and only successful writes change the database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfectworks.urls import DIALECTS
from tests.dialects.operations import FORMATS, OWN, ROUTES, dialect_of
from tests.dialects.speakers import speaker_of
from tests.dialects.world import World
from tests.repetition import times
from tests.support.operations import house_routes
from tests.support.queries import WRITE

ALL_ROUTES = {**{operation: route for operation, route in house_routes().items() if "invit" in operation}, **ROUTES}
BY_API = {
    api: sorted((route for operation, route in ALL_ROUTES.items() if route.path.split("/")[1] == api), key=str)
    for api in ("api", *DIALECTS)
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
TYPES = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]
PARAMETERS = ["page", "limit", "sort", "email", "state", "page[size]", "page[after]", "filter[state][in]", "accept"]
FIELDS = ["email", "permissions", "force", "role_id", "workspace_id", "workspace_role_id", "token", "invitationId"]

# Samples of ordinary and unusual text.
texts = st.text(max_size=40) | st.sampled_from(["", "0", "-1", str(10**40), "\x00", "\n", "x@example.com", "null"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
queries = st.binary(max_size=30).map(lambda raw: raw.decode("latin-1")) | st.lists(
    st.tuples(st.sampled_from(PARAMETERS) | texts, texts), max_size=4
).map(lambda pairs: "&".join(f"{quote(spoken(name))}={quote(spoken(value))}" for name, value in pairs))
bodies = st.binary(max_size=60) | st.dictionaries(st.sampled_from(FIELDS) | texts, values, max_size=4).map(
    lambda fields: json.dumps(fields).encode()
)


def spoken(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def mostly(usual: Any, otherwise: Any) -> Any:
    return st.one_of(*[st.just(usual)] * 4, otherwise)


@st.composite
def requests(draw: Any, api: str) -> dict[str, Any]:
    """Generate requests. Most have existing ids, the right method, an accepted credential and a JSON body."""
    route = draw(st.sampled_from(BY_API[api]))
    formats = FORMATS.get(api) or dict.fromkeys(route.names, str)
    named = {
        name: draw(mostly(formats[name](OWN[name]), texts.map(lambda text: quote(spoken(text), safe=""))))
        for name in sorted(route.names)
    }
    behind = draw(mostly("", texts.map(lambda text: quote(spoken(text)))))
    return {
        "method": draw(mostly(route.method.upper(), st.sampled_from(METHODS))),
        "path": route.path.format(**named) + behind,
        "query": draw(queries),
        "body": draw(bodies),
        "kind": draw(mostly("application/json", st.sampled_from(TYPES))),
        "who": draw(mostly(speaker_of(api).reader, st.sampled_from(["anonymous", "invitee", "member"]))),
    }


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_every_operation_about_invitations_is_tried():
    assert {dialect_of(operation) for operation in ROUTES} < set(BY_API)
    assert all(BY_API.values())


@pytest.mark.parametrize("api", BY_API)
def test_every_request_gets_a_response_and_only_successes_write(world: World, api: str):
    @settings(max_examples=times(50, in_full=200), suppress_health_check=list(HealthCheck), derandomize=True)
    @given(request=requests(api))
    def tried(request: dict[str, Any]) -> None:
        client = Client(headers=speaker_of(api).headers(world, request["who"]))
        with undone(), CaptureQueriesContext(connection) as captured:
            response = client.generic(
                request["method"],
                request["path"],
                request["body"],
                request["kind"],
                QUERY_STRING=request["query"],
            )
        writes = [query["sql"] for query in captured if WRITE.match(query["sql"])]

        assert response.status_code < 500
        assert request["method"] == "HEAD" or not response.content or response["Content-Type"] == "application/json"
        assert not writes or (response.status_code < 300 and request["method"] not in ("GET", "HEAD", "OPTIONS"))

    tried()
