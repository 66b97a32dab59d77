"""Factories for the tests of races. Each round of a test creates its own rows."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from accounts.models import User
from orgs.models import Organization
from tests.factories import OrganizationFactory, UserFactory


@pytest.fixture(autouse=True)
def _intact(intact_data: None) -> None:
    """Check the invariants of the data after each race."""


@pytest.fixture(autouse=True)
def _as_many_emails_as_rounds(settings: Settings) -> None:
    """Raise the sending limits, because all rounds send to the same addresses."""
    settings.RECIPIENT_EMAILS_PER_HOUR = settings.INVITER_EMAILS_PER_DAY = 10_000


@pytest.fixture
def somebody(transactional_db: None) -> Callable[[], User]:
    """Return a function that creates a new person."""
    return UserFactory.create


@pytest.fixture
def founded(transactional_db: None) -> Callable[..., Organization]:
    """Return a function that creates an organization with the given owners."""

    def found(*owners: User, **values: object) -> Organization:
        return OrganizationFactory.create(owners=owners, **values)

    return found
