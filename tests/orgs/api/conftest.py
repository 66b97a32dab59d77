"""More users, and API clients for all test users."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import OAuthApplication, User
from orgs.models import Organization, Unit
from orgs.oauth.applications import register_personal_client, register_service_client
from orgs.permissions import EDITOR_ROLE, MANAGE_MEMBERS, UNASSIGNED_ROLE, VIEWER_ROLE
from tests.factories import MembershipFactory, RoleFactory, UnitFactory
from tests.support.people import cast_member, session_of

By = Callable[..., APIClient]


@pytest.fixture
def by(request: pytest.FixtureRequest, principal: Any) -> By:
    """Return a function that creates an API client for a recently signed-in user.

    ``who`` is the name of the user's fixture, or "anonymous" for a client without a credential.
    """

    def client(who: str, **bounds: Any) -> APIClient:
        client = APIClient()
        if who != "anonymous":
            user = request.getfixturevalue(who)
            bounds.setdefault("authenticated_at", timezone.now())
            client.force_authenticate(user, token=principal(user, **bounds))
        return client

    return client


def colleague(organization: Organization, name: str, role_id: UUID) -> User:
    return MembershipFactory.create(organization=organization, user=cast_member(name), role_id=role_id).user


@pytest.fixture
def editor(organization: Organization) -> User:
    """A member who may create and list projects."""
    return colleague(organization, "editor", EDITOR_ROLE)


@pytest.fixture
def manager(organization: Organization) -> User:
    """A member with a custom role that only allows managing members."""
    role = RoleFactory.create(organization=organization, name="Manager", permissions=[MANAGE_MEMBERS])
    return colleague(organization, "manager", role.pk)


@pytest.fixture
def unassigned(organization: Organization) -> User:
    """A member without any permission."""
    return colleague(organization, "unassigned", UNASSIGNED_ROLE)


@pytest.fixture
def workspace(organization: Organization) -> Unit:
    return UnitFactory.create(organization=organization, slug="design")


@pytest.fixture
def application(organization: Organization) -> Unit:
    return UnitFactory.create(organization=organization, kind="application", slug="shop")


@pytest.fixture(params=["workspaces", "applications"])
def kind(request: pytest.FixtureRequest) -> str:
    """The path segment of each kind of unit."""
    return request.param


@pytest.fixture
def unit(kind: str, workspace: Unit, application: Unit) -> Unit:
    return {"workspaces": workspace, "applications": application}[kind]


@pytest.fixture
def personal(owner: User) -> OAuthApplication:
    """A personal client, which acts for its owner."""
    made, _ = register_personal_client(by=session_of(owner), name="Script")
    return made


@pytest.fixture
def service(organization: Organization, admin: User) -> OAuthApplication:
    """A service client, which acts as a system user of the organization."""
    robot = MembershipFactory.create(organization=organization, of_system_user=True, role_id=VIEWER_ROLE)
    made, _ = register_service_client(
        by=session_of(admin), organization_id=organization.pk, membership_id=robot.pk, name="Nightly"
    )
    return made
