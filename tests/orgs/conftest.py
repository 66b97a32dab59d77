"""Staff callers, in addition to the users of ``tests/conftest.py``."""

import pytest

from accounts.models import User
from accounts.principals import Principal, staff
from tests.factories import UserFactory


@pytest.fixture
def staff_member(db: None) -> User:
    return UserFactory.create(email="staff@example.com", superuser=True)


@pytest.fixture
def by_staff(staff_member: User) -> Principal:
    return staff(staff_member, "accounts.change_user")
