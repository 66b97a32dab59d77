"""The data that the tests of all dialects use."""

import pytest

from tests.dialects.world import World


@pytest.fixture
def world(db, settings):
    """The data, with a test issuer of JSON Web Tokens."""
    settings.DEBUG = True
    return World()
