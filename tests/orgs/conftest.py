"""Who acts besides the cast."""

import pytest

from accounts.models import User
from accounts.principals import Principal, staff
from tests.rows import make_person


@pytest.fixture
def staff_member(db: None) -> User:
    return make_person("staff", is_staff=True)


@pytest.fixture
def by_staff(staff_member: User) -> Principal:
    return staff(staff_member)
