"""Users, units, invitations and API clients for the tests of the invitation API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.principals import Method, Principal
from invitations.models import Invitation
from orgs.models import Organization, Unit
from orgs.permissions import MANAGE_MEMBERS, UNASSIGNED_ROLE, UNIT_ADMIN_ROLE, UNIT_MANAGE_MEMBERS, VIEWER_ROLE
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory, UnitFactory, UserFactory
from tests.orgs.api.house import API, at

By = Callable[..., APIClient]


@pytest.fixture
def by(request: pytest.FixtureRequest) -> By:
    """Return a function that creates an API client for a user fixture. The "anonymous" client has no credential."""

    def client(who: str, method: Method = Method.JWT, **bounds: Any) -> APIClient:
        client = APIClient()
        if who != "anonymous":
            user = request.getfixturevalue(who)
            principal = Principal(user=user, method=method, authenticated_at=timezone.now(), **bounds)
            client.force_authenticate(user, token=principal)  # type: ignore[arg-type]
        return client

    return client


@pytest.fixture
def workspace(organization: Organization) -> Unit:
    return UnitFactory.create(organization=organization, slug="design")


@pytest.fixture
def application(organization: Organization) -> Unit:
    return UnitFactory.create(organization=organization, slug="shop", kind="application")


@pytest.fixture
def manager(organization: Organization) -> User:
    """A member with a custom role that may only manage members."""
    role = RoleFactory.create(organization=organization, name="Manager", permissions=[MANAGE_MEMBERS])
    user = UserFactory.create(email="manager@example.com")
    return MembershipFactory.create(organization=organization, user=user, role_id=role.pk).user


@pytest.fixture
def system_user(organization: Organization) -> User:
    """A system user that may manage members."""
    return MembershipFactory.create(organization=organization, of_system_user=True, permissions=[MANAGE_MEMBERS]).user


@pytest.fixture
def unit_manager(organization: Organization, workspace: Unit) -> User:
    """A viewer of the organization who may manage the members of the workspace."""
    user = UserFactory.create(email="unit-manager@example.com")
    role = RoleFactory.create(
        organization=organization, name="Host", permissions=[UNIT_MANAGE_MEMBERS, "unit:view"], level="unit"
    )
    MembershipFactory.create(organization=organization, user=user, role_id=VIEWER_ROLE, unit_roles={workspace: role.pk})
    return user


@pytest.fixture
def invitation(organization: Organization, owner: User) -> Invitation:
    """An open invitation for the invitee, with the viewer role."""
    return InvitationFactory.create(
        organization=organization, email="invitee@example.com", inviter=owner, role_id=VIEWER_ROLE
    )


@pytest.fixture
def workspace_invitation(organization: Organization, owner: User, workspace: Unit) -> Invitation:
    """An open invitation for the invitee, with the admin role in the workspace."""
    return InvitationFactory.create(
        organization=organization,
        email="invitee@example.com",
        inviter=owner,
        role_id=UNASSIGNED_ROLE,
        unit=workspace,
        unit_role_id=UNIT_ADMIN_ROLE,
    )


@pytest.fixture(params=["by path", "current"])
def door(request: pytest.FixtureRequest, organization: Organization) -> str:
    """The URL for creating invitations, with the organization in the path, or of the caller's current organization."""
    return at(organization, "invitations") if request.param == "by path" else f"{API}/organization-members/invite"


@pytest.fixture
def path(organization: Organization) -> str:
    return at(organization, "invitations")
