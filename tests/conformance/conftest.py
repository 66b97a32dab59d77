"""Fixtures: the demo data, in one transaction for all generated requests."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from tests.conformance.asking import Cast


@pytest.fixture
def cast(db: None, settings: Any) -> Iterator[Cast]:
    """Create the callers. DEBUG is on, because the development issuer signs the demo's JSON Web Tokens."""
    settings.DEBUG = True
    signals = (request_started, request_finished)
    for signal in signals:  # the test's transaction is in this connection, so keep it open
        signal.disconnect(close_old_connections)
    yield Cast()
    for signal in signals:
        signal.connect(close_old_connections)
