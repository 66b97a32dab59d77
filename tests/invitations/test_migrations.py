"""Test that staff keep their permissions for a model when the model is renamed."""

import importlib
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import connection

from accounts.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

permission_names = importlib.import_module("invitations.migrations.0010_permission_names")
EDITOR = SimpleNamespace(connection=connection)


@pytest.fixture
def staff() -> User:
    """Return a staff user with permission to view emails."""
    staff = UserFactory.create(email="staff@example.com", staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_email"))
    return staff


def test_staff_keep_their_rights_in_both_directions(staff: User):
    permission_names.rename_back(apps, EDITOR)
    assert staff.user_permissions.values_list("codename", "name").get() == ("view_mail", "Can view mail")

    permission_names.rename(apps, EDITOR)
    assert staff.user_permissions.values_list("codename", "name").get() == ("view_email", "Can view email")


def test_a_permission_that_exists_under_its_new_name_takes_over_the_staff(staff: User):
    email = Permission.objects.get(codename="view_email")
    former = Permission.objects.create(content_type=email.content_type, codename="view_mail", name="Can view mail")
    staff.user_permissions.set([former])

    permission_names.rename(apps, EDITOR)

    assert staff.user_permissions.get() == email
    assert not Permission.objects.filter(codename="view_mail").exists()
