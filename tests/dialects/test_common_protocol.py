"""Test HTTP in all five APIs: invalid credentials, unsupported methods, and every kind of error."""

from operator import attrgetter
from urllib.parse import urlsplit

import pytest

from tests.dialects.speakers import SPEAKERS, Speaker, said
from tests.dialects.world import World, crash, database_that_is_gone, throttle_in_front
from tests.support.changes import track_changes
from tests.support.request_ids import headers_without_request_id

NAME = attrgetter("name")
INVALID = (401, "invalid_credentials", "This credential is not valid.")
TWO = (
    400,
    "two_credentials",
    "Send only one credential: a bearer token, an API key or a session.",
)
MALFORMED = [
    "",
    " ",
    "Bearer",
    "Bearer ",
    "Bearer  {token}",
    "Bearer {token} ",
    "Bearer {token} {token}",
    "Bearer {token},Bearer {token}",
    "Bearer {token}, Basic dTpw",
    "Bearer\t{token}",
    "Bearer:{token}",
    "Bearer {token}x",
    "Basic {token}",
    "Basic dXNlcjpwYXNz",
    "Token {token}",
    "{token}",
    "\uff22earer {token}",
    "Bearer é",
    "Bearer \x00",
    "Bearer a.b.c",
    "Bearer " + "x" * 10_000,
]

every_speaker = pytest.mark.parametrize("speaker", SPEAKERS, ids=NAME)
every_writer = pytest.mark.parametrize(
    "speaker", [one for one in SPEAKERS if one.name in ("house, sent", "wacht", "upsun")], ids=NAME
)


@every_speaker
def test_a_malformed_authorization_never_falls_back_to_a_session(world: World, speaker: Speaker):
    own = world.credentials[speaker.reader]
    cookie = {"Cookie": f"session_id={own['session']}"}
    beside_a_session = TWO if speaker.name in ("house, sent", "house, received", "wacht") else INVALID

    for text in MALFORMED:
        header = {"Authorization": text.format(token=own["token"])}
        assert said(speaker.ask(world, who="anonymous", headers=header)) == speaker.refusal(*INVALID), text
        assert said(speaker.ask(world, who="anonymous", headers=header | cookie)) == speaker.refusal(*beside_a_session)


@every_speaker
@pytest.mark.parametrize("who", ["anonymous", "stranger", "reader"])
def test_head_equals_get_without_the_body(world: World, speaker: Speaker, who: str):
    who = speaker.reader if who == "reader" else who
    got = speaker.ask(world, who=who)

    response = speaker.ask(world, who=who, method="HEAD")

    assert (response.status_code, response.content) == (got.status_code, b"")
    assert headers_without_request_id(response) == headers_without_request_id(got)


@every_speaker
@pytest.mark.parametrize("who", ["anonymous", "reader"])
def test_an_unsupported_method_is_refused_and_changes_nothing(world: World, speaker: Speaker, who: str):
    for method in ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "BREW"):
        with track_changes() as changes:
            response = speaker.ask(world, who=speaker.reader if who == "reader" else who, method=method)
        assert said(response) == speaker.refusal(405, "method_not_allowed", f'Method "{method}" not allowed.')
        assert {"GET", "HEAD", "OPTIONS"} <= set(response["Allow"].split(", "))
        assert changes.nothing


@every_speaker
def test_a_preflight_request_changes_nothing(world: World, speaker: Speaker, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}

    response = speaker.ask(world, who="anonymous", method="OPTIONS", headers=asked)

    assert (response.status_code, response.content) == (200, b"")
    assert response["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert "Access-Control-Allow-Credentials" not in response


# Errors


@every_speaker
def test_an_unknown_path(world: World, speaker: Speaker):
    for below in ("/nothing/at/all", "/a/%0A", "/%00", "//"):
        response = speaker.ask(world, path=speaker.list() + below)
        assert said(response) == speaker.refusal(404, "not_found", "Not found.")


@every_speaker
def test_a_slash_too_many_is_redirected_for_reads_only(world: World, speaker: Speaker):
    response = speaker.ask(world, path=f"{speaker.list()}/")
    assert (response.status_code, urlsplit(response["Location"]).path) == (302, speaker.list())
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = speaker.ask(world, path=f"{speaker.list()}/", method=method)
        assert said(response) == speaker.refusal(404, "not_found", "Not found.")


@every_speaker
def test_a_request_for_another_format_than_json(world: World, speaker: Speaker):
    for accepted in ("text/html", "application/xml", "nonsense"):
        response = speaker.ask(world, headers={"Accept": accepted})
        assert said(response) == speaker.refusal(406, "not_acceptable", "Could not satisfy the request Accept header.")


@every_speaker
def test_too_many_requests(world: World, speaker: Speaker):
    with throttle_in_front(world):
        response = speaker.ask(world)

    throttled = "Request was throttled. Expected available in 30 seconds."
    assert said(response) == speaker.refusal(429, "limit_reached", throttled)
    assert response["Retry-After"] == "30"


@every_speaker
def test_an_internal_error(world: World, speaker: Speaker):
    with crash(world):
        response = speaker.ask(world)

    words = "Something went wrong on our side. The error was logged."
    assert said(response) == speaker.refusal(500, "internal_error", words)


@every_speaker
def test_an_unavailable_database(world: World, speaker: Speaker):
    with database_that_is_gone(world):
        response = speaker.ask(world)

    assert said(response) == speaker.refusal(503, "busy", "The service is busy. Try again in a moment.")
    assert response.headers["Retry-After"] == "2"


MALFORMED_BODIES = {
    b"[]": "The body must be a JSON object.",
    b"null": "The body must be a JSON object.",
    b'{"email": ': "Malformed JSON: Expecting value, line 1, column 11.",
    b'{"email": "\xff"}': "The body must be valid UTF-8.",
    b'{"email": NaN}': "NaN is not a JSON value.",
    b'{"email":' + b"[" * 100_000: "The body is nested deeper than 32 levels.",
}
FAULTY_BODIES = {
    b'{"email": "a@example.com", "email": "b@example.com"}': "This name occurs more than once.",
    b'{"email": "\\ud800@example.com"}': "The character U+D800 is not allowed.",
    b'{"email": "\\u0000@example.com"}': "The character U+0000 is not allowed.",
}


@every_writer
def test_a_malformed_body(world: World, speaker: Speaker):
    with track_changes() as changes:
        for body, fault in MALFORMED_BODIES.items():
            response = speaker.ask(world, method="POST", data=body, content_type="application/json")
            assert said(response) == speaker.refusal(400, "malformed_body", fault)

    assert changes.nothing


@every_writer
def test_ambiguous_bodies_and_those_that_cannot_be_stored(world: World, speaker: Speaker):
    with track_changes() as changes:
        for body, fault in FAULTY_BODIES.items():
            response = speaker.ask(world, method="POST", data=body, content_type="application/json")
            assert said(response) == speaker.refusal(400, "malformed_body", "The body is not valid.", email=fault)

    assert changes.nothing


@every_writer
def test_an_unsupported_media_type(world: World, speaker: Speaker):
    with track_changes() as changes:
        for kind in ("text/plain", "application/xml", "nonsense", ""):
            response = speaker.ask(world, method="POST", data=b'{"email": "new@example.com"}', content_type=kind)
            unsupported = f'Unsupported media type "{kind}" in request.'
            assert said(response) == speaker.refusal(415, "unsupported_media_type", unsupported)

    assert changes.nothing


@every_speaker
@pytest.mark.parametrize("who", ["reader", "anonymous"])
def test_responses_are_not_cached(world: World, speaker: Speaker, who: str):
    response = speaker.ask(world, who=speaker.reader if who == "reader" else who)

    assert response["Cache-Control"] == "no-store"


@every_speaker
def test_an_unknown_host_is_refused_in_the_dialects_format(world: World, speaker: Speaker):
    response = speaker.ask(world, headers={"Host": "evil.example"})

    assert said(response) == speaker.refusal(400, "bad_request", "The request is malformed.")
