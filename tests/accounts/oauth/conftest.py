"""OAuth clients for tests."""

import pytest

from accounts.models import User
from orgs.models import Membership, Organization
from orgs.oauth.applications import register_client, register_personal_client, register_service_client
from orgs.permissions import ADMIN_ROLE
from tests.accounts.oauth.exchange import CALLBACK, Program
from tests.factories import MembershipFactory
from tests.support.people import session_of


@pytest.fixture
def program(owner: User) -> Program:
    """A confidential client that acts on behalf of people."""
    return Program(*register_client(by=session_of(owner), name="Calendar", redirect_uris=[CALLBACK]))


@pytest.fixture
def public_program(owner: User) -> Program:
    """A public client."""
    return Program(*register_client(by=session_of(owner), name="Phone", redirect_uris=[CALLBACK], public=True))


@pytest.fixture
def foreign_program(stranger: User) -> Program:
    return Program(*register_client(by=session_of(stranger), name="Other", redirect_uris=[CALLBACK]))


@pytest.fixture
def robot(organization: Organization) -> Membership:
    """A system user."""
    return MembershipFactory.create(organization=organization, of_system_user=True, role_id=ADMIN_ROLE)


@pytest.fixture
def service(owner: User, organization: Organization, robot: Membership) -> Program:
    """A client that acts for the system user."""
    registered = register_service_client(
        by=session_of(owner), organization_id=organization.pk, membership_id=robot.pk, name="Nightly"
    )
    return Program(*registered)


@pytest.fixture
def personal(invitee: User) -> Program:
    """A client that acts for the invitee, who owns it."""
    return Program(*register_personal_client(by=session_of(invitee), name="Script"))
