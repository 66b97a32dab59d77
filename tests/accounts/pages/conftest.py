"""A user with a password."""

import pytest
from django.core.cache import cache

from accounts.models import User
from tests.factories import UserFactory
from tests.support.people import PASSWORD


@pytest.fixture(autouse=True)
def _nothing_left_of_earlier_limits() -> None:
    cache.clear()


@pytest.fixture
def member(db: None) -> User:
    return UserFactory.create(email="member@example.com", password=PASSWORD)
