"""Fetching an issuer's keys, also from a web server that is slow, is down or sends wrong data."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import RSAAlgorithm

from accounts.jwt import jwks
from accounts.jwt.jwks import KeySource, KeysUnavailable, parse_keys
from tests.accounts import issuing
from tests.accounts.issuing import certificate, jwk, private_key, serving_keys


class Clock:
    """A monotonic clock that tests can move forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(jwks, "time", clock)
    return clock


def numbers(key):
    return key.public_numbers()


def test_a_jwks_is_fetched_once_and_remembered(key_server):
    source = KeySource(key_server.url)

    first, second = source.key("first"), source.key("first")

    assert numbers(first) == numbers(private_key("first").public_key())
    assert second is first
    assert key_server.requests == 1


def test_a_map_of_certificates_is_read_too():
    with serving_keys({"first": certificate("first"), "second": certificate("second")}) as server:
        source = KeySource(server.url)

        assert numbers(source.key("second")) == numbers(private_key("second").public_key())
        assert numbers(source.key("first")) == numbers(private_key("first").public_key())
        assert server.requests == 1


def test_unknown_keys_cause_one_fetch_in_ten_seconds(key_server, clock):
    source = KeySource(key_server.url)
    source.key("first")

    assert [source.key(f"unknown-{i}") for i in range(50)] == [None] * 50
    assert key_server.requests == 1

    clock.ahead = jwks.SECONDS_BETWEEN_FETCHES
    assert [source.key(f"unknown-{i}") for i in range(50)] == [None] * 50
    assert key_server.requests == 2


def test_a_rotated_key_is_found_after_that_time(key_server, clock):
    source = KeySource(key_server.url)
    source.key("first")
    key_server.document = issuing.jwks("second")

    clock.ahead = jwks.SECONDS_BETWEEN_FETCHES

    assert numbers(source.key("second")) == numbers(private_key("second").public_key())
    assert source.key("first") is None


def test_many_at_once_with_unknown_keys_share_one_fetch(key_server):
    source = KeySource(key_server.url)
    gate = threading.Barrier(16)

    def ask(number):
        gate.wait()
        return source.key(f"unknown-{number}")

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(ask, range(16))) == [None] * 16

    assert key_server.requests == 1


def test_keys_are_fetched_again_after_an_hour(key_server, clock):
    source = KeySource(key_server.url)
    source.key("first")

    clock.ahead = jwks.FRESH_SECONDS - 1
    source.key("first")
    assert key_server.requests == 1

    clock.ahead = jwks.FRESH_SECONDS + 1
    source.key("first")
    assert key_server.requests == 2


@pytest.mark.parametrize("trouble", [issuing.fail, issuing.hang_up, issuing.speak_gibberish])
def test_old_keys_are_used_when_a_fetch_fails(key_server, clock, trouble):
    source = KeySource(key_server.url)
    known = source.key("first")
    key_server.serve = trouble
    clock.ahead = jwks.FRESH_SECONDS + 1

    assert source.key("first") is known
    assert source.key("first") is known
    assert source.key("unknown") is None
    assert key_server.requests == 2


@pytest.mark.parametrize("document", [None, [], "keys", {}, {"keys": []}, {"keys": "none"}, {"keys": [1]}, {"a": "b"}])
def test_a_response_without_keys_removes_no_key(key_server, clock, document):
    source = KeySource(key_server.url)
    known = source.key("first")
    key_server.document = document
    clock.ahead = jwks.FRESH_SECONDS + 1

    assert source.key("first") is known
    assert key_server.requests == 2


def test_without_any_response_the_error_has_a_retry_after(key_server, clock):
    source = KeySource(key_server.url)
    key_server.serve = issuing.fail

    for _ in range(3):
        with pytest.raises(KeysUnavailable) as refusal:
            source.key("first")
        assert refusal.value.retry_after == 10
    assert key_server.requests == 1

    key_server.serve = issuing.serve_document
    clock.ahead = jwks.SECONDS_BETWEEN_FETCHES
    assert source.key("first") is not None


def test_nobody_listens():
    with serving_keys({}) as server:
        url = server.url

    with pytest.raises(KeysUnavailable):
        KeySource(url).key("first")


def test_a_redirect_is_not_followed(key_server):
    key_server.serve = issuing.redirect

    with pytest.raises(KeysUnavailable):
        KeySource(key_server.url).key("first")
    assert key_server.requests == 1


@pytest.mark.parametrize("slowness", [issuing.stall, issuing.drip])
def test_a_slow_server_is_given_up(key_server, monkeypatch, slowness):
    monkeypatch.setattr(jwks, "TIMEOUT_SECONDS", 0.3)
    key_server.serve = slowness
    start = time.monotonic()

    with pytest.raises(KeysUnavailable):
        KeySource(key_server.url).key("first")

    assert 0.25 < time.monotonic() - start < 3


def test_a_request_with_an_old_key_does_not_wait_for_the_fetch(key_server, clock):
    source = KeySource(key_server.url)
    known = source.key("first")
    asked = threading.Event()

    def stall(handler):
        asked.set()
        issuing.stall(handler)

    key_server.serve = stall
    clock.ahead = jwks.FRESH_SECONDS + 1
    refreshing = threading.Thread(target=source.key, args=["first"])
    refreshing.start()
    assert asked.wait(10)

    start = time.monotonic()
    assert source.key("first") is known
    assert time.monotonic() - start < 1
    key_server.released.set()
    refreshing.join()


def test_an_endless_response_is_aborted(key_server, monkeypatch):
    monkeypatch.setattr(jwks, "MAX_RESPONSE_BYTES", 100)

    with pytest.raises(KeysUnavailable):
        KeySource(key_server.url).key("first")


def test_a_document_nested_without_end_is_given_up(key_server):
    def nest(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"[" * 200_000)

    key_server.serve = nest

    with pytest.raises(KeysUnavailable):
        KeySource(key_server.url).key("first")


def test_strange_entries_do_not_take_the_others_away():
    other_curve = jwk("x", kty="EC", crv="P-0")
    strange = [
        None,
        1,
        {},
        {"kid": "x"},
        {"kid": 5, "kty": "RSA"},
        {"kid": ["x"], "kty": "RSA"},
        {"kid": "x", "kty": "RSA", "n": 5, "e": "AQAB"},
        {"kid": "x", "kty": "OKP", "crv": "Ed25519", "x": "!!"},
        other_curve,
    ]

    assert list(parse_keys({"keys": [*strange, jwk("first")]})) == ["first"]
    assert list(parse_keys({"first": certificate("first"), "x": "no certificate", "y": 5, "z": None})) == ["first"]


@pytest.mark.parametrize(
    "entry",
    [
        {"kid": "x", "kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
        jwk("first", use="enc"),
        {**RSAAlgorithm.to_jwk(private_key("first"), as_dict=True), "kid": "x"},
        {name: value for name, value in jwk("first").items() if name != "kid"},
    ],
    ids=["a shared secret", "for encryption", "a private key", "without a name"],
)
def test_keys_that_are_not_for_this(entry):
    with pytest.raises(ValueError, match="no usable key"):
        parse_keys({"keys": [entry]})


def test_elliptic_curves_are_read():
    p256 = {
        "kid": "p",
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    ed25519_key = {"kid": "e", "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

    keys = parse_keys({"keys": [p256, ed25519_key]})

    assert isinstance(keys["p"], ec.EllipticCurvePublicKey)
    assert isinstance(keys["e"], ed25519.Ed25519PublicKey)
