"""The public keys of an issuer.

They are fetched when they are needed, and cached. The cached keys are still used while the issuer cannot be reached.
"""

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
FETCH_ERRORS = (OSError, HTTPException, ValueError, RecursionError)
KEY_ERRORS = (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError)


class KeysUnavailable(Unavailable):
    """The issuer's keys cannot be fetched, and no key is cached."""

    message = "The identity provider is not responding. Try again in a moment."


class KeySource:
    """The public keys of an issuer by key id.

    The source is a JWKS document (RFC 7517) or Google's map of ids to X.509 certificates. Keys are fetched at most once
    in ten seconds, even if tokens have unknown key ids. If a fetch fails, the cached keys are kept.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._keys: dict[str, Any] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = threading.Lock()

    def key(self, key_id: str) -> Any | None:
        """Return the public key, or None if the issuer has no such key. Raises KeysUnavailable."""
        if not self._is_fresh(key_id):
            self._refresh(key_id)
        if not self._keys:
            raise KeysUnavailable(retry_after=SECONDS_BETWEEN_FETCHES)
        return self._keys.get(key_id)

    def _is_fresh(self, key_id: str) -> bool:
        return key_id in self._keys and time.monotonic() <= self._fetched_at + FRESH_SECONDS

    def _refresh(self, key_id: str) -> None:
        """Fetch the keys, unless they were fetched a moment ago.

        If this key is cached, do not wait for a fetch by another thread.
        """
        if not self._lock.acquire(blocking=key_id not in self._keys):
            return
        try:
            now = time.monotonic()
            if now >= self._tried_at + SECONDS_BETWEEN_FETCHES:
                self._tried_at = now
                self._keys = parse_keys(fetch(self.url))
                self._fetched_at = now
        except FETCH_ERRORS:
            return
        finally:
            self._lock.release()


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follow no redirect, because only the configured URL is trusted."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Return None, so that the redirect is an HTTPError."""


def fetch(url: str) -> Any:
    """Fetch and return the JSON document at a configured URL. Raises one of FETCH_ERRORS, also for a redirect."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    opener = urllib.request.build_opener(NoRedirects)
    with opener.open(url, timeout=TIMEOUT_SECONDS) as response:
        return json.loads(read_bounded(response, deadline))


def read_bounded(response: HTTPResponse, deadline: float) -> bytes:
    """Return the response body. Raises ValueError if it is too large, or TimeoutError if it arrives too slowly."""
    body = b""
    while part := response.read1(65_536):
        body += part
        if len(body) > MAX_RESPONSE_BYTES:
            raise ValueError("The document is too large.")
        if time.monotonic() > deadline:
            raise TimeoutError("The document takes too long.")
    return body


def parse_keys(document: Any) -> dict[str, Any]:
    """Return the usable public keys of a JWKS or a map of certificates. Raises ValueError if there are none."""
    if not isinstance(document, dict):
        raise ValueError("The document is neither a JWKS nor a map of certificates.")
    entries = document.get("keys")
    keys = _from_jwks(entries) if isinstance(entries, list) else _from_certificates(document)
    if not keys:
        raise ValueError("The document has no usable key.")
    return keys


def _from_jwks(entries: list[Any]) -> dict[str, Any]:
    signing = [entry for entry in entries if isinstance(entry, dict) and entry.get("use", "sig") == "sig"]
    usable = [entry for entry in signing if entry.get("kty") in ("RSA", "EC", "OKP") and "d" not in entry]
    return _readable({entry["kid"]: entry for entry in usable if isinstance(entry.get("kid"), str)}, _key_of_jwk)


def _from_certificates(document: dict[str, Any]) -> dict[str, Any]:
    return _readable(document, _key_of_certificate)


def _readable(entries: dict[str, Any], read: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the entries that can be parsed. Skip invalid keys."""
    keys = {}
    for key_id, entry in entries.items():
        with suppress(*KEY_ERRORS):
            keys[key_id] = read(entry)
    return keys


def _key_of_jwk(entry: dict[str, Any]) -> Any:
    return jwt.PyJWK(entry).key


def _key_of_certificate(pem: str) -> Any:
    return load_pem_x509_certificate(pem.encode()).public_key()
