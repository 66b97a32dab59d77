"""Test the data migrations of organizations."""

import importlib
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from accounts.models import OAuthApplication, User
from accounts.principals import Method, Principal
from orgs.actions.accounts import register_system_user
from orgs.actions.api_keys import create_api_key
from orgs.models import ApiKey, Organization
from orgs.oauth.applications import register_service_client
from orgs.permissions import ADMIN_ROLE
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

EDITOR = SimpleNamespace(connection=connection)


def test_the_responsible_person_is_found_in_the_events(organization: Organization, owner: User, by_staff: Principal):
    here: dict[str, Any] = {"organization_id": organization.pk}
    robot = register_system_user(by=session_of(owner), **here, name="Robot", role_id=ADMIN_ROLE)
    by_robot = Principal(user=robot.user, method=Method.API_KEY)
    register_system_user(by=by_robot, **here, name="Second", role_id=ADMIN_ROLE)
    register_system_user(by=by_staff, **here, name="Third", role_id=ADMIN_ROLE)
    create_api_key(by=by_robot, **here, name="Key")
    register_service_client(by=session_of(owner), **here, membership_id=robot.pk, name="Client")
    for model in (User, ApiKey, OAuthApplication):
        model.objects.update(responsible=None)

    importlib.import_module("orgs.migrations.0009_fill_responsible").fill(apps, EDITOR)

    system_users = User.objects.filter(kind="system").order_by("first_name")
    assert list(system_users.values_list("first_name", "responsible")) == [
        ("Robot", owner.pk),
        ("Second", owner.pk),
        ("Third", None),
    ]
    assert (ApiKey.objects.get().responsible, OAuthApplication.objects.get().responsible) == (owner, owner)
    assert not User.objects.filter(kind="client", responsible__isnull=False).exists()
