"""Fixtures for the tests of all dialects."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from accounts.models import ApplicationAccess
from tests.dialects.world import World


@pytest.fixture(scope="module")
def first_world(kept: Callable[[Callable[[], World]], World]) -> World:
    with override_settings(DEBUG=True):
        return kept(World)


@pytest.fixture
def world(first_world: World, db: None, settings: Any) -> World:
    """Create the test data, and enable the test issuer of JSON Web Tokens."""
    settings.DEBUG = True
    ApplicationAccess.objects.update(last_used_at=timezone.now())  # recent, so that requests do not update it
    return deepcopy(first_world)
