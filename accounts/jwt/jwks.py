"""The public keys of an issuer: fetched when needed, remembered, and still used when the issuer does not answer."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import load_pem_x509_certificate

from core.errors import Unavailable

TIMEOUT_SECONDS = 3
SECONDS_BETWEEN_FETCHES = 10
FRESH_SECONDS = 3600
MAX_RESPONSE_BYTES = 1_000_000
UNUSABLE = (OSError, HTTPException, ValueError, RecursionError)
UNREADABLE = (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError)


class KeysUnavailable(Unavailable):
    """The issuer's keys have never been fetched, and cannot be now."""

    message = "The identity provider does not answer. Try again in a moment."


class KeySource:
    """Keys by their id, from a JWKS document (RFC 7517) or from Google's map of id to X.509 certificate.

    At most one fetch every ten seconds, however many unknown key ids arrive; an old answer is better than none.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._keys: dict[str, Any] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = threading.Lock()

    def key(self, key_id: str) -> Any | None:
        """The public key, or None when the issuer has no such key. Raises KeysUnavailable."""
        if not self._is_fresh(key_id):
            self._refresh(key_id)
        if not self._keys:
            raise KeysUnavailable(retry_after=SECONDS_BETWEEN_FETCHES)
        return self._keys.get(key_id)

    def _is_fresh(self, key_id: str) -> bool:
        return key_id in self._keys and time.monotonic() <= self._fetched_at + FRESH_SECONDS

    def _refresh(self, key_id: str) -> None:
        """Fetch, unless somebody just did; nobody waits for another's fetch who has an old key to go on with."""
        if not self._lock.acquire(blocking=key_id not in self._keys):
            return
        try:
            now = time.monotonic()
            if now >= self._tried_at + SECONDS_BETWEEN_FETCHES:
                self._tried_at = now
                self._keys = parse_keys(fetch(self.url))
                self._fetched_at = now
        except UNUSABLE:
            return
        finally:
            self._lock.release()


def fetch(url: str) -> Any:
    """The JSON document at an address that the operator configured. Raises one of UNUSABLE."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
        return json.loads(read_bounded(answer, deadline))


def read_bounded(answer: HTTPResponse, deadline: float) -> bytes:
    """The body, which may neither be endless nor come drop by drop. Raises TimeoutError and ValueError."""
    body = b""
    while part := answer.read1(65_536):
        body += part
        if len(body) > MAX_RESPONSE_BYTES:
            raise ValueError("The document is too large.")
        if time.monotonic() > deadline:
            raise TimeoutError("The document takes too long.")
    return body


def parse_keys(document: Any) -> dict[str, Any]:
    """The public keys of either form of document, as far as they can be used; raises ValueError when none can."""
    if not isinstance(document, dict):
        raise ValueError("Neither a JWKS nor a map of certificates.")
    entries = document.get("keys")
    keys = _from_jwks(entries) if isinstance(entries, list) else _from_certificates(document)
    if not keys:
        raise ValueError("The document holds no usable key.")
    return keys


def _from_jwks(entries: list[Any]) -> dict[str, Any]:
    signing = [entry for entry in entries if isinstance(entry, dict) and entry.get("use", "sig") == "sig"]
    usable = [entry for entry in signing if entry.get("kty") in ("RSA", "EC", "OKP") and "d" not in entry]
    return _readable({entry["kid"]: entry for entry in usable if isinstance(entry.get("kid"), str)}, _key_of_jwk)


def _from_certificates(document: dict[str, Any]) -> dict[str, Any]:
    return _readable(document, _key_of_certificate)


def _readable(entries: dict[str, Any], read: Callable[[Any], Any]) -> dict[str, Any]:
    """Those entries that can be read: one strange key does not take the others away."""
    keys = {}
    for key_id, entry in entries.items():
        with suppress(*UNREADABLE):
            keys[key_id] = read(entry)
    return keys


def _key_of_jwk(entry: dict[str, Any]) -> Any:
    return jwt.PyJWK(entry).key


def _key_of_certificate(pem: str) -> Any:
    return load_pem_x509_certificate(pem.encode()).public_key()
