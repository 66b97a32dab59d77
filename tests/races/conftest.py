"""What every race starts from, made anew for each round."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from accounts.models import User
from orgs.models import Organization
from tests.factories import OrganizationFactory, UserFactory


@pytest.fixture(autouse=True)
def _as_many_emails_as_rounds(settings: Settings) -> None:
    """Rounds meet the same addresses again and again."""
    settings.RECIPIENT_EMAILS_PER_HOUR = settings.INVITER_EMAILS_PER_DAY = 10_000


@pytest.fixture
def somebody(transactional_db: None) -> Callable[[], User]:
    """Makes a person nobody has met before."""
    return UserFactory.create


@pytest.fixture
def founded(transactional_db: None) -> Callable[..., Organization]:
    """Makes an organization of these owners."""

    def found(*owners: User, **values: object) -> Organization:
        return OrganizationFactory.create(owners=owners, **values)

    return found
