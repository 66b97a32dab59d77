"""Trusted issuers: configured issuers, a Firebase project, the development issuer."""

import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest

from accounts.jwt import issuers
from accounts.jwt.issuers import development_jwt, firebase
from accounts.jwt.tokens import InvalidCredentials, read_jwt
from accounts.models import User
from perfectworks.environment import ADDRESS_TRUST
from tests.accounts.issuing import NAME, certificate, private_key, serving_keys, token

PROJECT = "riverside-demo"
FIREBASE: dict[str, Any] = {"iss": f"https://securetoken.google.com/{PROJECT}", "aud": PROJECT}


def refused(text):
    try:
        read_jwt(text)
    except InvalidCredentials:
        return True
    return False


@pytest.fixture
def development(settings, tmp_path):
    """The development issuer, with its key in a temporary folder."""
    settings.DEBUG, settings.VAR_DIR = True, tmp_path / "var"
    issuers._development.cache_clear()
    yield tmp_path / "var" / "development-issuer.pem"
    issuers._development.cache_clear()


@pytest.fixture
def project(settings, monkeypatch):
    """A Firebase project with keys from a map of certificates."""
    with serving_keys({"first": certificate("first")}) as server:
        monkeypatch.setattr(issuers, "FIREBASE_KEYS", server.url)
        settings.FIREBASE_PROJECT_ID = PROJECT
        issuers._configured.cache_clear()
        yield server
    issuers._configured.cache_clear()


def person():
    return User(email="owner@example.com", first_name="Demo", last_name="Owner")


# Configured issuers


@pytest.mark.usefixtures("trusted")
def test_every_issuer_is_asked_for_its_own_keys(settings):
    with serving_keys({"keys": []}) as other:
        settings.JWT_ISSUERS = [
            *settings.JWT_ISSUERS,
            {"issuer": "https://other.example.com", "audience": "perfectworks", "jwks_url": other.url},
        ]
        issuers._configured.cache_clear()
        other.document = {"keys": []}

        assert not refused(token())
        assert other.requests == 0


@pytest.mark.usefixtures("trusted")
def test_the_key_of_one_issuer_does_not_sign_for_another(settings):
    with serving_keys({"second": certificate("second")}) as other:
        settings.JWT_ISSUERS = [
            *settings.JWT_ISSUERS,
            {"issuer": "https://other.example.com", "audience": "perfectworks", "jwks_url": other.url},
        ]
        issuers._configured.cache_clear()

        assert not refused(token("second", iss="https://other.example.com"))
        assert refused(token("second", iss=NAME))
        assert refused(token("first", iss="https://other.example.com"))


def test_without_configuration_nobody_is_trusted():
    assert refused(token())


# Firebase, "Verify ID tokens using a third-party JWT library"


@pytest.mark.usefixtures("project")
def test_a_firebase_user():
    claims = read_jwt(token(**FIREBASE))

    assert (claims.issuer, claims.subject) == (FIREBASE["iss"], "subject-1")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-project"},
        {"iss": "https://securetoken.google.com/another-project"},
        {"iss": f"http://securetoken.google.com/{PROJECT}"},
        {"sub": ""},
        {"sub": None},
        {"auth_time": None},
        {"auth_time": 99_999_999_999},
        {"exp": 1},
        {"iat": 99_999_999_999},
        {"headers": {"kid": "second"}},
    ],
    ids=str,
)
def test_each_firebase_rule_holds(changes):
    assert refused(token(**FIREBASE | changes))


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_firebase_signs_in_one_way(algorithm):
    now = int(time.time())
    claims = {**FIREBASE, "sub": "subject-1", "iat": now, "auth_time": now, "exp": now + 60}

    assert refused(jwt.encode(claims, private_key("first"), algorithm, headers={"kid": "first"}))
    assert not refused(jwt.encode(claims, private_key("first"), "RS256", headers={"kid": "first"}))


def test_firebase_keys_come_from_google():
    assert firebase(PROJECT).keys.url == (  # type: ignore[attr-defined]
        "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
    )


# The development issuer


def test_while_developing_we_speak_for_everybody(development, settings):
    user = person()

    claims = read_jwt(development_jwt(user))

    assert (claims.issuer, claims.subject) == (f"{settings.PUBLIC_BASE_URL}/development", str(user.pk))
    assert (claims.verified_address, claims.first_name, claims.last_name) == ("owner@example.com", "Demo", "Owner")
    assert claims.authenticated_at is not None


def test_its_key_is_made_once_and_for_its_owner_alone(development):
    development_jwt(person())
    first = development.read_bytes()
    development_jwt(person())

    assert development.read_bytes() == first
    assert stat.S_IMODE(development.stat().st_mode) == 0o600
    assert [path.name for path in development.parent.iterdir()] == ["development-issuer.pem"]


def test_many_who_come_first_share_one_key(development):
    gate = threading.Barrier(4)

    def make(_):
        gate.wait()
        return development_jwt(person())

    with ThreadPoolExecutor(4) as threads:
        tokens = list(threads.map(make, range(4)))

    issuers._read_or_make.cache_clear()
    assert [refused(text) for text in tokens] == [False] * 4


def test_outside_debug_it_neither_speaks_nor_is_believed(development, settings):
    said = development_jwt(person())
    settings.DEBUG = False

    with pytest.raises(RuntimeError, match="only while DEBUG is on"):
        development_jwt(person())
    assert refused(said)


def test_its_tokens_of_another_address_are_foreign(development, settings):
    said = development_jwt(person())
    settings.PUBLIC_BASE_URL = "https://other.example.com"

    assert refused(said)


def test_a_file_that_holds_another_kind_of_key_is_no_key(development):
    development.parent.mkdir()
    development.write_text("-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----\n")

    with pytest.raises(ValueError, match=r"."):
        development_jwt(person())


def test_the_setting_accepts_what_the_issuers_know():
    assert tuple(issuers.AddressTrust) == ADDRESS_TRUST
