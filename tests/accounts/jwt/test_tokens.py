"""Verification of JSON Web Tokens: only valid tokens of trusted issuers are accepted, and no token causes a crash."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.jwt import issuers
from accounts.jwt.tokens import Claims, InvalidCredentials, read_jwt
from core.addresses import normalize_address
from tests.accounts.issuing import NAME, claims, jwk, private_key, public_pem, token

ANY_KEYS = pytest.mark.usefixtures("trusted")
pytestmark = ANY_KEYS


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: dict[str, Any], payload: Any) -> str:
    """Return a token with this header and payload, signed with our key."""
    text = f"{encoded(header)}.{encoded(payload)}"
    signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(
        text.encode(), private_key("first")
    )
    return f"{text}.{encoded(signature)}"


RS256 = {"alg": "RS256", "kid": "first", "typ": "JWT"}


def refused(text: str) -> bool:
    try:
        read_jwt(text)
    except InvalidCredentials:
        return True
    return False


def test_a_good_token_is_understood():
    now = int(time.time())

    assert read_jwt(token(auth_time=now - 60, iat=now - 5)) == Claims(
        issuer=NAME,
        subject="subject-1",
        verified_address=normalize_address("newcomer@example.com"),
        first_name="New",
        last_name="Comer",
        authenticated_at=datetime.fromtimestamp(now - 60, UTC),
        issued_at=now - 5,
    )


def test_our_way_of_signing_anything_makes_good_tokens_of_good_claims():
    assert not refused(signed(RS256, claims()))


def test_a_refreshed_token_does_not_say_when_somebody_signed_in():
    assert read_jwt(token(auth_time=None)).authenticated_at is None


def test_one_of_several_audiences_may_be_ours():
    assert not refused(token(aud=["account", "perfectworks"]))


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({"email": "New.Comer@EXAMPLE.com"}, "new.comer@example.com"),
        ({"email": "x@bücher.example"}, "x@xn--bcher-kva.example"),
        ({"email_verified": False}, None),
        ({"email_verified": None}, None),
        ({"email_verified": "true"}, None),
        ({"email_verified": 1}, None),
        ({"email": None}, None),
        ({"email": 5}, None),
        ({"email": ["newcomer@example.com"]}, None),
        ({"email": "nobody"}, None),
        ({"email": "ſ@example.com"}, None),
        ({"email": "a@\ud800.example.com"}, None),
        ({"email": "a\x00@example.com"}, None),
    ],
)
def test_only_an_address_that_the_issuer_has_verified_counts(changes, address):
    assert read_jwt(signed(RS256, claims(**changes))).verified_address == address


OTHER_VALUES: list[Any] = [False, "false", "True", "", 1, 0, [], {}, ["true"]]


@pytest.mark.parametrize(
    ("stated", "counting"),
    [
        ({"email_verified": True}, {"verified", "verified_text", "all"}),
        ({"email_verified": "true"}, {"verified_text", "all"}),
        ({"email_verified": None}, {"all"}),
        *(({"email_verified": other}, set()) for other in OTHER_VALUES),
    ],
)
@pytest.mark.parametrize("trust", ["verified", "verified_text", "all", "none", None])
def test_the_setting_of_the_issuer_says_which_addresses_count(settings, stated, counting, trust):
    [issuer] = settings.JWT_ISSUERS
    settings.JWT_ISSUERS = [issuer | ({"addresses": trust} if trust else {})]
    issuers._configured.cache_clear()

    read = read_jwt(token(**stated))

    counts = (trust or "verified") in counting
    assert (read.verified_address, read.ignored_address is None) == ("newcomer@example.com" if counts else None, counts)


@pytest.mark.parametrize(
    ("changes", "ignored"),
    [
        ({"email_verified": None}, ("not_stated", "newcomer@example.com")),
        ({"email_verified": "true"}, ("text", "newcomer@example.com")),
        ({"email_verified": False}, ("not_verified", "newcomer@example.com")),
        ({"email_verified": False, "email": "nobody"}, ("not_verified", None)),
        ({"email": "nobody"}, ("malformed", None)),
        ({"email": 5}, ("malformed", None)),
    ],
)
def test_an_address_that_does_not_count_has_a_reason(changes, ignored):
    found = read_jwt(token(**changes)).ignored_address

    assert found
    assert (found.reason, found.address) == ignored


@pytest.mark.parametrize("changes", [{}, {"email": None}, {"email": ""}, {"email": None, "email_verified": None}])
def test_where_nothing_is_dropped_there_is_no_reason(changes):
    assert read_jwt(token(**changes)).ignored_address is None


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"given_name": "Ada", "family_name": "King", "name": "Other"}, ("Ada", "King")),
        ({"given_name": "Ada"}, ("Ada", "")),
        ({"given_name": 5, "family_name": ["x"]}, ("New", "Comer")),
        ({"name": "Ada  Augusta King "}, ("Ada", "Augusta King")),
        ({"name": "Ada"}, ("Ada", "")),
        ({"name": None}, ("", "")),
        ({"name": {"first": "Ada"}}, ("", "")),
    ],
)
def test_names_are_taken_as_far_as_they_are_text(changes, names):
    understood = read_jwt(token(**changes))

    assert (understood.first_name, understood.last_name) == names


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example.com"},
        {"iss": f"{NAME}/"},
        {"iss": [NAME]},
        {"iss": {"is": NAME}},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": []},
        {"aud": ""},
        {"aud": {"perfectworks": True}},
        {"aud": ["perfectworks", 5]},
        {"sub": ""},
        {"sub": 5},
        {"sub": ["subject-1"]},
        {"sub": "x" * 256},
        {"sub": "subject\x001"},
        {"sub": "subject\n1"},
        {"sub": "sübject"},
        {"sub": "\ud800"},
        {"jti": 5},
    ],
)
def test_whose_token_for_whom(changes):
    assert refused(signed(RS256, claims(**changes)))


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "exp", "iat"])
def test_what_is_needed(name):
    assert refused(signed(RS256, claims(**{name: None})))


# Numbers are times, in seconds from now. Other values are used unchanged.
NO_DATES = ["tomorrow", "", True, [], {}, float("nan"), float("inf"), -float("inf"), 10**400, "1e999"]


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("exp", -600), ("iat", 600), ("nbf", 600), ("auth_time", 600), ("exp", -1e9), ("auth_time", -1e10)],
)
def test_dates_fit_the_present(name, seconds):
    assert refused(token(**{name: time.time() + seconds}))


@pytest.mark.parametrize("name", ["exp", "iat", "nbf", "auth_time"])
@pytest.mark.parametrize("value", [*NO_DATES, "in time"], ids=lambda value: repr(value)[:10])
def test_dates_are_numbers(name, value):
    text = str(int(time.time()) + (600 if name == "exp" else -1)) if value == "in time" else value

    assert refused(signed(RS256, claims(**{name: text})))


def test_dates_may_have_fractions_and_be_far_away():
    now = time.time()

    assert not refused(token(exp=now + 600.5, iat=now - 0.5, auth_time=now - 1.5))
    assert not refused(token(exp=1e300))


def test_clocks_may_differ_a_little():
    assert not refused(token(exp=int(time.time()) - 10, iat=int(time.time()) + 10, auth_time=int(time.time()) + 10))


def test_nobody_else_signs():
    assert refused(token("second", headers={"kid": "first"}))
    assert refused(token("second"))


@pytest.mark.parametrize("kid", [None, "", "unknown", 5, ["first"], {"first": 1}, "../first", "first\x00", "\ud800"])
def test_the_key_is_named_by_its_id(kid):
    header = {name: value for name, value in {**RS256, "kid": kid}.items() if value is not None}

    assert refused(signed(header, claims()))


def test_a_changed_claim_breaks_the_signature():
    header, _, signature = token().split(".")

    assert refused(f"{header}.{encoded(claims(sub='somebody-else'))}.{signature}")


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "nOnE", "", "HS256", "ES256", "EdDSA", 5, None, ["RS256"]]
)
@pytest.mark.parametrize("signature", ["", "AA", "first"])
def test_an_algorithm_is_not_the_bearers_choice(algorithm, signature):
    unsigned = f"{encoded({**RS256, 'alg': algorithm})}.{encoded(claims())}"
    end = signed(RS256, claims()).split(".")[2] if signature == "first" else signature

    assert refused(f"{unsigned}.{end}")


def test_a_public_key_is_no_shared_secret():
    text = f"{encoded({**RS256, 'alg': 'HS256'})}.{encoded(claims())}"
    for secret in (public_pem("first"), json.dumps(jwk("first")).encode(), b""):
        signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()

        assert refused(f"{text}.{encoded(signature)}")


def test_a_key_that_the_token_brings_along_is_not_looked_at(trusted):
    mine = jwk("second")
    for header in ({"jwk": mine}, {"jku": trusted.url}, {"x5u": trusted.url}):
        assert refused(token("second", headers={**header, "kid": "first"}))


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"crit": "b64", "b64": True}, {"b64": False}])
def test_a_header_that_must_be_understood_and_is_not(header):
    assert refused(signed({**RS256, **header}, claims()))


@pytest.mark.parametrize("algorithm", ["RS384", "PS256"])
def test_other_algorithms_of_the_same_key_are_fine(algorithm):
    assert not refused(jwt.encode(claims(), private_key("first"), algorithm, headers={"kid": "first"}))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(ec.generate_private_key(ec.SECP256R1()), "ES256"), (ed25519.Ed25519PrivateKey.generate(), "EdDSA")],
    ids=["ES256", "EdDSA"],
)
def test_keys_of_other_kinds(trusted, key, algorithm):
    by_kind: dict[str, Any] = {"ES256": jwt.algorithms.ECAlgorithm, "EdDSA": jwt.algorithms.OKPAlgorithm}
    trusted.document = {"keys": [{**by_kind[algorithm].to_jwk(key.public_key(), as_dict=True), "kid": "other"}]}

    assert not refused(jwt.encode(claims(), key, algorithm, headers={"kid": "other"}))
    for wrong in ("RS256", "PS512", "ES256", "ES512", "EdDSA"):
        if wrong != algorithm:
            head, payload, end = signed({**RS256, "alg": wrong, "kid": "other"}, claims()).split(".")
            assert refused(f"{head}.{payload}.{end}")


def test_what_is_no_token():
    head, body = encoded(RS256), encoded(claims())
    for text in (
        "",
        "..",
        "a.b.c",
        "é.é.é",
        "e30.e30.",
        "e30.e30.e30",
        f"{head}.{encoded([1])}.AA",
        f"{head}.{encoded(None)}.AA",
        f"{encoded([1])}.{body}.AA",
        f"{head}.{encoded(b'[' * 5000)}.AA",
        f"{encoded(b'[' * 5000)}.{body}.AA",
        f"{head}.{encoded(b'{')}.AA",
        f"{head}.{encoded(bytes(range(256)))}.AA",
        f"{head}.{body}.!!",
        f"{head}.{body}." + "A" * 9000,
    ):
        assert refused(text), text[:50]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from([*claims(), "nbf", "jti", "given_name", "family_name", "anything"])
fast = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fast
@given(strange=st.dictionaries(NAMES, JSON, max_size=4))
def test_whatever_the_issuer_signs_is_understood_or_refused(strange):
    try:
        understood = read_jwt(signed(RS256, claims() | strange))
    except InvalidCredentials:
        return

    assert understood.subject.isascii()
    assert understood.issuer == NAME


@fast
@given(header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "x5c"]), JSON), payload=JSON)
def test_whatever_anybody_writes_is_refused(header, payload):
    assert refused(f"{encoded({**RS256, **header})}.{encoded(payload)}.AAAA")


@fast
@given(text=st.text(max_size=100) | st.from_regex(r"\A[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\Z"))
def test_whatever_stands_there_is_refused(text):
    assert refused(text)
