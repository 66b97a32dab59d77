"""The rest of the cast, and the way they speak to the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import OAuthApplication, User
from orgs.models import Membership, Organization, Role, Unit
from orgs.oauth.applications import register_personal_client, register_service_client
from orgs.permissions import EDITOR_ROLE, MANAGE_MEMBERS, UNASSIGNED_ROLE, VIEWER_ROLE
from tests.conftest import person
from tests.rows import make_program, membership_of, session

By = Callable[..., APIClient]


@pytest.fixture
def by(request: pytest.FixtureRequest, principal: Any) -> By:
    """A client of one of the cast, by name, who has just signed in; "anonymous" has no credential."""

    def client(who: str, **bounds: Any) -> APIClient:
        client = APIClient()
        if who != "anonymous":
            user = request.getfixturevalue(who)
            bounds.setdefault("authenticated_at", timezone.now())
            client.force_authenticate(user, token=principal(user, **bounds))
        return client

    return client


def join(organization: Organization, name: str, role_id: Any, **fields: Any) -> User:
    user = person(name)
    Membership.objects.create(organization=organization, user=user, **fields).assignments.create(role_id=role_id)
    return user


@pytest.fixture
def editor(organization: Organization) -> User:
    """May create and list projects."""
    return join(organization, "editor", EDITOR_ROLE)


@pytest.fixture
def manager(organization: Organization) -> User:
    """May manage members, by a role of the organization's own, and nothing else."""
    role = Role.objects.create(organization=organization, name="Manager", permissions=[MANAGE_MEMBERS])
    return join(organization, "manager", role.pk)


@pytest.fixture
def unassigned(organization: Organization) -> User:
    """Belongs, and may do nothing."""
    return join(organization, "unassigned", UNASSIGNED_ROLE)


@pytest.fixture
def workspace(organization: Organization) -> Unit:
    return Unit.objects.create(organization=organization, kind="workspace", name="Design", slug="design")


@pytest.fixture
def application(organization: Organization) -> Unit:
    return Unit.objects.create(organization=organization, kind="application", name="Shop", slug="shop")


@pytest.fixture(params=["workspaces", "applications"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both kinds of unit, as paths call them."""
    return request.param


@pytest.fixture
def unit(kind: str, workspace: Unit, application: Unit) -> Unit:
    return {"workspaces": workspace, "applications": application}[kind]


@pytest.fixture
def personal(owner: User) -> OAuthApplication:
    """A program that is its owner."""
    made, _ = register_personal_client(by=session(owner), name="Script")
    return made


@pytest.fixture
def service(organization: Organization, admin: User) -> OAuthApplication:
    """A program that is a system user of the organization."""
    robot = membership_of(make_program(organization, VIEWER_ROLE), organization)
    made, _ = register_service_client(
        by=session(admin), organization_id=organization.pk, membership_id=robot.pk, name="Nightly"
    )
    return made
