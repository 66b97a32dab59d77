"""Test the data migrations of organizations."""

import importlib
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection

from accounts.models import OAuthApplication, User
from accounts.principals import Method, Principal
from orgs.actions.accounts import register_system_user
from orgs.actions.api_keys import create_api_key
from orgs.folded_names import fold_name
from orgs.models import ApiKey, Organization, Role
from orgs.oauth.applications import register_service_client
from orgs.permissions import ADMIN_ROLE
from tests.factories import RoleFactory
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


def test_roles_whose_names_differ_only_in_letter_case_get_a_number(
    organization: Organization, other_organization: Organization
):
    names = ["Straße", "STRASSE", "Helper", "helper", "helper (2)", "x" * 64, "X" * 64]
    roles = [RoleFactory.create(organization=organization) for _ in names]
    roles.append(RoleFactory.create(organization=other_organization, name="HELPER"))
    for role, name in zip(roles, names, strict=False):
        Role.objects.filter(pk=role.pk).update(name=name)  # leaves the folded name as it is

    importlib.import_module("orgs.migrations.0010_role_folded_name").fill(apps, EDITOR)

    found = [Role.objects.get(pk=role.pk) for role in roles]
    assert [role.name for role in found] == [
        *("Straße", "STRASSE (2)", "Helper", "helper (2)", "helper (2) (2)"),
        *("x" * 64, "X" * 60 + " (2)", "HELPER"),
    ]
    assert all(role.folded_name == fold_name(role.name) for role in found)
    RoleFactory.create(
        organization=organization, name="ΐ" * 64
    )  # folding makes no letter longer than the column allows
    with pytest.raises(IntegrityError, match=r"role_folded_name|folded_name"):
        RoleFactory.create(organization=organization, name="HELPER")
