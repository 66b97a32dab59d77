"""Permissions and built-in roles: implied permissions, labels, and the roles in the database."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import translation

from orgs.apps import add_built_in_roles
from orgs.labels import ROLE_LABELS, permission_labels
from orgs.models import Role
from orgs.oauth.scopes import SCOPES
from orgs.permissions import (
    ALL_PERMISSIONS,
    BUILT_IN_ROLES,
    GRANTABLE_DIRECTLY,
    OWN,
    PERMISSIONS,
    UNIT_PERMISSIONS,
    Level,
    Permission,
    effective,
)

OF_UNITS = {"unit:admin", "unit:manage_members", "unit:edit", "unit:view"}
OF_ORGANIZATIONS = {
    "organization:admin",
    "organization:manage_members",
    "organization:manage_billing",
    "organization:manage_plans",
    "organization:create_projects",
    "organization:list_projects",
}

IMPLICATIONS = [
    ("organization:own", {"organization:own"} | OF_ORGANIZATIONS | OF_UNITS),
    ("organization:admin", OF_ORGANIZATIONS | OF_UNITS),
    (
        "organization:manage_members",
        {"organization:manage_members", "organization:list_projects", "unit:view"},
    ),
    ("organization:manage_billing", {"organization:manage_billing"}),
    ("organization:manage_plans", {"organization:manage_plans"}),
    ("organization:create_projects", {"organization:create_projects"}),
    ("organization:list_projects", {"organization:list_projects"}),
    ("unit:admin", OF_UNITS),
    ("unit:manage_members", {"unit:manage_members", "unit:view"}),
    ("unit:edit", {"unit:edit"}),
    ("unit:view", {"unit:view"}),
]

ROLES = [
    ("organization", "owner", {"organization:own"} | OF_ORGANIZATIONS | OF_UNITS),
    ("organization", "admin", OF_ORGANIZATIONS | OF_UNITS),
    ("organization", "editor", {"organization:create_projects", "organization:list_projects"}),
    ("organization", "viewer", {"organization:list_projects"}),
    ("organization", "unassigned", set()),
    ("unit", "admin", OF_UNITS),
    ("unit", "editor", {"unit:edit", "unit:view"}),
    ("unit", "viewer", {"unit:view"}),
]


@pytest.mark.parametrize(("permission", "implied"), IMPLICATIONS)
def test_implied_permissions(permission: str, implied: set[str]):
    assert effective([permission]) == implied


def test_the_tables_in_this_module_are_complete():
    assert {permission for permission, _ in IMPLICATIONS} == ALL_PERMISSIONS
    assert [(level, name) for _, name, level, _ in BUILT_IN_ROLES] == [(level, name) for level, name, _ in ROLES]


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
@pytest.mark.parametrize("name", PERMISSIONS)
def test_every_permission_has_a_label_and_is_shown_by_it(name: str, language: str):
    with translation.override(language):
        assert permission_labels([name]) == [str(PERMISSIONS[name].label)]
        assert len(str(PERMISSIONS[name].label).split()) > 1


def test_no_two_permissions_have_the_same_label_or_consent_text():
    for texts in (permission_labels(ALL_PERMISSIONS), [str(text) for text in SCOPES.values()]):
        assert len(texts) == len(set(texts))


@pytest.mark.parametrize("permission", PERMISSIONS.values(), ids=lambda permission: permission.name)
def test_exactly_the_directly_granted_permissions_have_a_consent_text(permission: Permission):
    if permission.granted_directly:
        assert len(str(permission.consent).split()) > 1
        assert SCOPES[permission.name] == permission.consent
    else:
        assert permission.consent is None
        assert permission.name not in SCOPES


@pytest.mark.parametrize("permission", PERMISSIONS.values(), ids=lambda permission: permission.name)
def test_a_name_begins_with_its_level_and_unit_permissions_imply_no_wider_ones(permission: Permission):
    assert permission.name.startswith(f"{permission.level}:")
    if permission.level == Level.UNIT:
        assert effective([permission.name]) <= UNIT_PERMISSIONS


def test_every_built_in_role_has_a_label():
    assert set(ROLE_LABELS) == {key for key, _, _, _ in BUILT_IN_ROLES}


def test_names_that_no_longer_exist_are_not_shown():
    assert permission_labels(["organization:fly", "organization:admin"]) == ["manage everything"]


def test_several_permissions_imply_exactly_what_each_implies():
    assert effective([]) == set()
    assert effective(["unit:edit", "organization:list_projects"]) == {"unit:edit", "organization:list_projects"}
    for one, implied in IMPLICATIONS:
        for other, also in IMPLICATIONS:
            assert effective([one, other]) == implied | also


def test_implying_twice_adds_nothing():
    for permission in ALL_PERMISSIONS:
        assert effective(effective([permission])) == effective([permission])


def test_names_that_no_longer_exist_are_ignored():
    assert effective(["organization:fly", "", "ORGANIZATION:ADMIN", "organization:admin "]) == set()


def test_owning_and_unit_permissions_cannot_be_granted_directly():
    assert GRANTABLE_DIRECTLY == OF_ORGANIZATIONS
    assert UNIT_PERMISSIONS == OF_UNITS
    assert {OWN} | OF_ORGANIZATIONS | OF_UNITS == ALL_PERMISSIONS


@pytest.mark.django_db
@pytest.mark.parametrize(("level", "name", "amounts_to"), ROLES)
def test_effective_permissions_of_built_in_roles(level: str, name: str, amounts_to: set[str]):
    role = Role.objects.get(organization=None, level=level, name=name)
    assert effective(role.permissions) == amounts_to
    assert role.is_built_in
    assert str(role) == name


@pytest.mark.django_db
def test_built_in_roles_have_the_same_ids_everywhere():
    assert {(role.pk, role.name, role.level) for role in Role.objects.all()} == {
        (key, name, level) for key, name, level, _ in BUILT_IN_ROLES
    }


@pytest.mark.django_db
def test_migrating_again_adds_what_is_missing_and_changes_nothing_else():
    Role.objects.filter(name="viewer").delete()
    Role.objects.filter(name="editor").update(permissions=["organization:list_projects"])
    add_built_in_roles(using="default", apps=apps)
    assert Role.objects.count() == len(BUILT_IN_ROLES)
    editors = Role.objects.filter(name="editor").values_list("permissions", flat=True)
    assert list(editors) == [["organization:list_projects"]] * 2


@pytest.mark.django_db
def test_migrating_back_changes_no_role():
    before = list(Role.objects.values())
    at_first = MigrationLoader(connection).project_state(("orgs", "0001_initial")).apps
    add_built_in_roles(using="default", apps=at_first)
    assert list(Role.objects.values()) == before
