"""Test the limits on what a person may create and on how much an organization may contain."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.principals import Principal
from core.errors import Conflict
from orgs.actions.accounts import register_system_user
from orgs.actions.api_keys import create_api_key
from orgs.actions.organizations import archive_organization, create_organization, purge_organization
from orgs.actions.roles import create_role
from orgs.actions.units import create_unit
from orgs.limits import (
    TooManyApiKeys,
    TooManyOAuthApplications,
    TooManyOrganizations,
    TooManyRoles,
    TooManySystemUsers,
    TooManyUnits,
)
from orgs.models import Organization, Unit
from orgs.oauth.applications import register_client, register_personal_client, register_service_client
from orgs.permissions import VIEWER_ROLE, Level
from tests.factories import MembershipFactory
from tests.support.changes import track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db


def found(by: User, number: int) -> Organization:
    return create_organization(by=session_of(by), name=f"Organization {number}")


class TestOrganizationsOfAPerson:
    @pytest.fixture(autouse=True)
    def _two_a_day(self, settings: Settings) -> None:
        settings.ORGANIZATIONS_PER_PERSON_PER_DAY = 2

    def test_more_than_the_limit_are_refused_until_a_day_has_passed(
        self, stranger: User, owner: User, time_machine: Any
    ):
        now = timezone.now()
        time_machine.move_to(now, tick=False)
        found(stranger, 1)
        time_machine.shift(timedelta(hours=1))
        found(stranger, 2)
        with track_changes() as changes, pytest.raises(TooManyOrganizations) as refused:
            found(stranger, 3)
        assert changes.nothing
        assert refused.value.retry_after == 23 * 3600
        found(owner, 4)
        time_machine.shift(timedelta(hours=23, seconds=1))
        found(stranger, 5)

    def test_deleting_them_makes_no_room(self, stranger: User):
        for number in range(2):
            organization = found(stranger, number)
            archive_organization(by=session_of(stranger), organization_id=organization.pk)
            purge_organization(by=session_of(stranger), organization_id=organization.pk)
        with pytest.raises(TooManyOrganizations):
            found(stranger, 3)


Creation = Callable[[Principal, UUID, UUID, str], object]


@pytest.mark.parametrize(
    ("setting", "create", "error"),
    [
        (
            "ROLES_PER_ORGANIZATION",
            lambda by, here, robot, name: create_role(
                by=by, organization_id=here, level=Level.ORGANIZATION, name=name, permissions=frozenset()
            ),
            TooManyRoles,
        ),
        (
            "UNITS_PER_ORGANIZATION",
            lambda by, here, robot, name: create_unit(by=by, organization_id=here, kind=Unit.Kind.WORKSPACE, name=name),
            TooManyUnits,
        ),
        (
            "SYSTEM_USERS_PER_ORGANIZATION",
            lambda by, here, robot, name: register_system_user(
                by=by, organization_id=here, name=name, role_id=VIEWER_ROLE
            ),
            TooManySystemUsers,
        ),
        (
            "API_KEYS_PER_ORGANIZATION",
            lambda by, here, robot, name: create_api_key(by=by, organization_id=here, name=name),
            TooManyApiKeys,
        ),
        (
            "OAUTH_APPLICATIONS_PER_OWNER",
            lambda by, here, robot, name: register_service_client(
                by=by, organization_id=here, membership_id=robot, name=name
            ),
            TooManyOAuthApplications,
        ),
        (
            "OAUTH_APPLICATIONS_PER_OWNER",
            lambda by, here, robot, name: register_personal_client(by=by, name=name),
            TooManyOAuthApplications,
        ),
        (
            "OAUTH_APPLICATIONS_PER_OWNER",
            lambda by, here, robot, name: register_client(by=by, name=name, redirect_uris=["https://client.example/"]),
            TooManyOAuthApplications,
        ),
    ],
    ids=["roles", "units", "system users", "keys", "service clients", "personal clients", "clients"],
)
def test_an_owner_cannot_create_more_than_the_limit(
    settings: Settings, organization: Organization, owner: User, setting: str, create: Creation, error: type[Conflict]
):
    robot = MembershipFactory.create(organization=organization, of_system_user=True).pk
    setattr(settings, setting, 3)
    created = 1 if setting == "SYSTEM_USERS_PER_ORGANIZATION" else 0
    for number in range(created, 3):
        create(session_of(owner), organization.pk, robot, f"Number {number}")
    with track_changes() as changes, pytest.raises(error) as refused:
        create(session_of(owner), organization.pk, robot, "One too many")
    assert changes.nothing
    assert refused.value.details == {"limit": 3}
