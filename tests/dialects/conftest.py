"""The world of the dialects."""

import pytest

from tests.dialects.world import World


@pytest.fixture
def world(db, settings):
    """Everything there is, with an issuer of JSON Web Tokens for trying things out."""
    settings.DEBUG = True
    return World()
