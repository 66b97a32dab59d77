"""Test the general limit of requests per credential, in all five APIs: bodies, headers, what counts together."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from operator import attrgetter
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from prometheus_client import REGISTRY

from accounts import request_limit
from core.api.viewsets import ApiViewSet
from core.redis_counter import RedisCounter
from perfectworks.environment import RequestLimit
from perfectworks.urls import DOCUMENTS
from tests.dialects.speakers import SPEAKERS, Speaker, said
from tests.dialects.world import World, key_of_the_owner
from tests.support.redis_server import RedisServer, needs_redis, running_redis

pytestmark = [needs_redis, pytest.mark.any_database]

MESSAGE = "There were too many requests with this credential. Wait as many seconds as Retry-After says."
PATH = "/api/v0/organizations/01900000-0010-7000-8000-000000000010"
LIMIT = RequestLimit(requests=2, seconds=3600)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def limited(redis: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> RedisServer:
    """Limit each credential to two requests in an hour, as the settings do."""
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": redis.url}}
    cache.clear()
    settings.REQUEST_LIMIT_PER_CREDENTIAL = LIMIT
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "accounts.request_limit.RequestLimitMiddleware"]
    monkeypatch.setattr(ApiViewSet, "throttle_classes", [request_limit.CredentialThrottle])
    monkeypatch.setattr(request_limit, "counter", RedisCounter())
    return redis


def ask(path: str = PATH, **headers: str) -> Any:
    return Client().get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def rate_limit(response: Any) -> tuple[str, int, int]:
    """Return the policy, what is left, and the seconds until the window ends."""
    found = re.fullmatch(r'"credential";r=(\d+);t=(\d+)', response["RateLimit"])
    assert found
    return response["RateLimit-Policy"], int(found[1]), int(found[2])


def remaining(response: Any) -> int:
    return rate_limit(response)[1]


@pytest.mark.parametrize("speaker", SPEAKERS, ids=attrgetter("name"))
def test_each_api_refuses_what_is_above_the_limit_in_its_own_words(world: World, limited, speaker: Speaker):
    responses = [speaker.ask(world) for _ in range(4)]

    assert [response.status_code for response in responses] == [200, 200, 429, 429]
    assert [rate_limit(response)[:2] for response in responses] == [
        ('"credential";q=2;w=3600', left) for left in (1, 0, 0, 0)
    ]
    refused = responses[-1]
    status, body = speaker.refusal(429, "request_limit_reached", MESSAGE)
    if speaker.name.startswith("house"):
        body["error"]["details"] = {"limit": 2}
    assert said(refused) == (status, body)
    assert 3590 < int(refused["Retry-After"]) == rate_limit(refused)[2] <= 3600


@pytest.mark.parametrize("speaker", SPEAKERS, ids=attrgetter("name"))
def test_without_the_setting_there_is_no_header(world: World, speaker: Speaker):
    assert not {"RateLimit", "RateLimit-Policy"} & set(speaker.ask(world).headers)


def test_requests_without_a_valid_credential_have_no_limit(world: World, limited):
    for headers in ({}, bearer("unknown"), {"X-API-Key": "unknown"}):
        responses = [ask(**headers) for _ in range(4)]
        assert {response.status_code for response in responses} == {401}
        assert not any("RateLimit" in response for response in responses)


def test_pages_and_documents_have_no_limit(world: World, limited):
    client = Client()
    client.force_login(world.people["owner"])
    for path in ("/", "/invitations", "/api/v0/docs"):
        responses = [client.get(path) for _ in range(4)]
        assert {response.status_code for response in responses} == {200}
        assert not any("RateLimit" in response for response in responses)


def test_whatever_the_response_is_the_request_counts(world: World, limited, settings):
    settings.REQUEST_LIMIT_PER_CREDENTIAL = RequestLimit(10, 3600)
    owner = bearer(world.credentials["owner"]["token"])
    found = [
        ask(**owner),
        ask(f"{PATH}/webhooks?unknown=1", **owner),
        ask("/api/v0/organizations/01900000-0098-7000-8000-000000000098", **owner),
        Client().delete(f"{PATH}/permanent", headers=owner),  # needs a recent sign-in
        Client().patch(f"{PATH}/permanent", headers=owner),
        Client().post(f"{PATH}/roles", b"{", content_type="application/json", headers=owner),
    ]

    assert [one.status_code for one in found] == [200, 400, 404, 403, 405, 400]
    assert [remaining(one) for one in found] == [9, 8, 7, 6, 5, 4]


def test_a_new_token_of_the_same_application_and_person_has_the_same_limit(world: World, limited):
    owner, admin = world.people["owner"], world.people["admin"]
    tokens = [world.token_of(owner), world.token_of(owner, timedelta(hours=2)), world.token_of(admin)]

    assert [remaining(ask(**bearer(token))) for token in tokens] == [1, 0, 1]


def test_a_person_who_signs_in_again_has_the_same_limit(world: World, limited):
    def ask_in_a_new_session() -> Any:
        client = Client()
        client.force_login(world.people["owner"])
        return client.get(PATH)

    assert [remaining(ask_in_a_new_session()) for _ in range(2)] == [1, 0]
    assert ask_in_a_new_session().status_code == 429


def test_a_key_that_is_exchanged_for_a_token_has_the_same_limit(world: World, limited):
    with key_of_the_owner(world):
        key = world.credentials["owner"]["key"]
        form = {"grant_type": "api_token", "api_token": key}
        token = Client().post("/upsun/oauth2/token", form).json()["access_token"]

        assert [remaining(ask(X_API_Key=key)), remaining(ask(**bearer(token)))] == [1, 0]
        with key_of_the_owner(world):
            assert remaining(ask(X_API_Key=world.credentials["owner"]["key"])) == 1


def test_each_kind_of_credential_has_its_own_limit(world: World, limited):
    own = world.credentials["owner"]
    found = [ask(**bearer(own["token"])), ask(**bearer(own["jwt"])), ask(Cookie=f"session_id={own['session']}")]
    program = ask(**bearer(world.credentials["program"]["token"]))

    assert [remaining(response) for response in (*found, program)] == [1, 1, 1, 1]


def test_counting_takes_no_statement(world: World, limited, django_assert_num_queries):
    with django_assert_num_queries(2):
        ask(**bearer(world.credentials["owner"]["token"]))


def test_the_counter_takes_one_command_and_expires(world: World, limited):
    client = request_limit.counter.client
    client.config_resetstat()
    response = ask(**bearer(world.credentials["owner"]["token"]))

    commands = client.info("commandstats")
    assert commands["cmdstat_eval"]["calls"] == 1
    assert {name for name in commands if name != "cmdstat_eval"} <= {
        *("cmdstat_incr", "cmdstat_pttl", "cmdstat_pexpire"),  # within the script
        *("cmdstat_info", "cmdstat_config|resetstat", "cmdstat_hello", "cmdstat_client|setinfo", "cmdstat_select"),
    }
    [key] = client.scan_iter()
    assert 0 < client.pttl(key) <= 3_600_000
    client.persist(key)
    assert rate_limit(ask(**bearer(world.credentials["owner"]["token"])))[1:] == (0, 3600)
    assert 0 < client.pttl(key) <= 3_600_000
    assert remaining(response) == 1


def test_a_new_window_begins_when_the_old_one_has_ended(world: World, limited):
    token = bearer(world.credentials["owner"]["token"])
    assert [ask(**token).status_code for _ in range(3)] == [200, 200, 429]
    client = request_limit.counter.client
    for key in client.scan_iter():
        client.pexpire(key, 0)

    assert rate_limit(ask(**token))[1:] == (1, 3600)


def uncounted() -> float:
    return REGISTRY.get_sample_value("perfectworks_request_limit_skipped_total") or 0


def met() -> float:
    return REGISTRY.get_sample_value("perfectworks_limits_met_total", {"limit": "request_limit_reached"}) or 0


def test_who_meets_the_limit_is_counted(world: World, limited):
    before = met()
    for _ in range(5):
        ask(**bearer(world.credentials["owner"]["token"]))
    assert met() == before + 3


def test_while_redis_is_away_requests_pass_without_a_limit(world: World, limited, caplog, monkeypatch):
    token = bearer(world.credentials["owner"]["token"])
    assert remaining(ask(**token)) == 1
    before = uncounted()

    limited.stop()
    try:
        away = [ask(**token) for _ in range(4)]
    finally:
        limited.start()

    assert [response.status_code for response in away] == [200] * 4
    assert not any("RateLimit" in response for response in away)
    assert uncounted() == before + 4
    assert [record.message for record in caplog.records].count("redis does not count") == 1
    assert "RateLimit" not in ask(**token)  # nobody asks yet

    monkeypatch.setattr("core.redis_counter.SECONDS_BETWEEN_ATTEMPTS", 0)
    request_limit.counter.away_until = 0.0
    assert [remaining(ask(**token)) for _ in range(2)] == [1, 0]
    assert ask(**token).status_code == 429


def test_a_restart_of_redis_that_no_request_meets_is_not_noticed(world: World, limited, caplog):
    token = bearer(world.credentials["owner"]["token"])
    assert remaining(ask(**token)) == 1
    limited.stop()
    limited.start()

    assert remaining(ask(**token)) == 1
    assert "redis does not count" not in caplog.text


@pytest.mark.parametrize("prefix", DOCUMENTS)
def test_the_documents_of_a_service_with_a_limit_have_its_headers(limited, prefix):
    document = DOCUMENTS[prefix]
    document = type(document)(document.prefix, document.settings, document.paths)
    described: list[dict[str, Any]] = [
        operation["responses"]
        for path, methods in json.loads(document.json)["paths"].items()
        for operation in methods.values()
        if path not in document.paths
    ]

    assert described
    for responses in described:
        limited_ones = {status for status, one in responses.items() if "RateLimit" in one.get("headers", {})}
        assert limited_ones == {status for status in responses if status < "400"} | {"429"}
        assert set(responses["429"]["headers"]) == {"Retry-After", "RateLimit", "RateLimit-Policy"}
