"""Members of the organization, and functions that open pages."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from orgs.models import Membership, Organization
from tests.support.people import membership_of


@pytest.fixture
def signed_in(client: Client) -> Callable[[User], Client]:
    """Return a function that signs a person in."""

    def sign_in(user: User) -> Client:
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def members_page(organization: Organization, member: User) -> str:
    """The address of the member's page."""
    return f"/organizations/riverside/members/{membership_of(member, organization).pk}"


@pytest.fixture
def membership(organization: Organization, member: User) -> Membership:
    return membership_of(member, organization)
