"""The demonstration, in a database that answers in this thread from the first generated request to the last."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from tests.conformance.asking import Cast


@pytest.fixture
def cast(db: None, settings: Any) -> Iterator[Cast]:
    """Whoever asks; the issuer of the demonstration's JSON Web Tokens exists only while DEBUG is on."""
    settings.DEBUG = True
    signals = (request_started, request_finished)
    for signal in signals:  # as Django's own test client does: the test's transaction is in this connection
        signal.disconnect(close_old_connections)
    yield Cast()
    for signal in signals:
        signal.connect(close_old_connections)
