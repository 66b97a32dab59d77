"""Fixtures for a trusted identity provider."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from accounts.jwt import issuers
from tests.accounts.issuing import AUDIENCE, NAME, KeyServer, jwks, serving_keys


@pytest.fixture(autouse=True)
def _no_earlier_attempts() -> None:
    """Clear the cache: it stores the rate limits of sign-in, and all tests share it."""
    cache.clear()


@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    """A server that publishes the key with the id "first"."""
    with serving_keys(jwks("first")) as server:
        yield server


@pytest.fixture
def trusted(key_server: KeyServer, settings: Any) -> Iterator[KeyServer]:
    """Trust the issuer of ``issuing.token``, without fetching its keys."""
    settings.JWT_ISSUERS = [{"issuer": NAME, "audience": AUDIENCE, "jwks_url": key_server.url}]
    issuers._configured.cache_clear()
    yield key_server
    issuers._configured.cache_clear()
