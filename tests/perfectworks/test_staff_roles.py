"""The staff roles: what ``migrate`` gives them, and what each may do."""

import pytest
from django.apps.registry import Apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.staff_roles import StaffRole
from perfectworks.staff_roles import RIGHTS, names_of, restore_staff_roles
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def rights_of(name: str) -> set[str]:
    person = UserFactory.create(staff=True)
    person.groups.add(Group.objects.get(name=name))
    return User.objects.get(pk=person.pk).get_all_permissions()


def migrate() -> None:
    restore_staff_roles(using="default")


def test_the_roles_exist_after_migrate():
    assert set(Group.objects.values_list("name", flat=True)) == {"auditor", "support", "administrator"}


def test_every_page_and_every_table_of_the_admin_is_in_the_table_of_rights():
    pages = {model._meta.label_lower for model in admin.site._registry}
    tables = {inline.model._meta.label_lower for page in admin.site._registry.values() for inline in page.inlines}
    assert RIGHTS.keys() == pages | tables


def test_an_auditor_sees_every_page_and_changes_nothing():
    assert rights_of("auditor") == names_of(StaffRole.AUDITOR)
    assert {name.partition(".")[2].partition("_")[0] for name in names_of(StaffRole.AUDITOR)} == {"view"}
    assert len(names_of(StaffRole.AUDITOR)) == len(RIGHTS)


def test_support_sees_all_helps_and_deletes_nothing():
    more = rights_of("support") - rights_of("auditor")
    assert rights_of("support") > rights_of("auditor")
    assert more == {
        "accounts.change_user",
        "accounts.help_user",
        "invitations.add_invitation",
        "invitations.change_invitation",
        "orgs.add_organization",
        "orgs.change_membership",
        "orgs.change_organization",
        "webhooks.change_webhookendpoint",
    }


def test_an_administrator_has_every_permission():
    assert Permission.objects.filter(group__name="administrator").count() == Permission.objects.count()
    assert rights_of("administrator") >= {"accounts.manage_staff", "accounts.delete_user", *names_of(StaffRole.SUPPORT)}


def test_every_named_permission_exists():
    for role in (StaffRole.AUDITOR, StaffRole.SUPPORT):
        assert rights_of(role) == names_of(role)


def test_migrate_restores_what_an_operator_changed_and_leaves_other_groups_alone():
    support, own = Group.objects.get(name="support"), Group.objects.create(name="billing desk")
    added = Permission.objects.get(codename="delete_user")
    own.permissions.add(added)
    support.permissions.add(added)
    support.permissions.remove(Permission.objects.get(codename="help_user"))
    Group.objects.get(name="auditor").delete()
    migrate()
    assert rights_of("support") == names_of(StaffRole.SUPPORT)
    assert rights_of("auditor") == names_of(StaffRole.AUDITOR)
    assert list(own.permissions.all()) == [added]


def test_migrating_again_writes_nothing():
    with CaptureQueriesContext(
        connection,
    ) as found:
        migrate()
    assert [q["sql"] for q in found if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []


def test_migrating_back_to_before_the_groups_works():
    restore_staff_roles(using="default", apps=Apps())
    assert Group.objects.count() == 3


def test_migrate_keeps_the_members_of_a_role():
    person = UserFactory.create(staff=True)
    person.groups.add(Group.objects.get(name="support"))
    call_command("migrate", verbosity=0)
    assert [group.name for group in person.groups.all()] == ["support"]
