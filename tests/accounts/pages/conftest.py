"""Somebody with a password."""

import pytest
from django.core.cache import cache

from accounts.models import User
from tests.rows import make_person

PASSWORD = "a calm and long phrase"


@pytest.fixture(autouse=True)
def _nothing_left_of_earlier_limits() -> None:
    cache.clear()


@pytest.fixture
def member(db: None) -> User:
    return make_person("member", password=PASSWORD)
