"""A model that gets a new name takes along the rights that staff were given to it."""

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
    """Return a member of staff who may look at emails."""
    staff = UserFactory.create(email="staff@example.com", staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_email"))
    return staff


def test_staff_keep_their_rights_in_both_directions(staff: User):
    permission_names.rename_back(apps, EDITOR)
    assert staff.user_permissions.values_list("codename", "name").get() == ("view_mail", "Can view mail")

    permission_names.rename(apps, EDITOR)
    assert staff.user_permissions.values_list("codename", "name").get() == ("view_email", "Can view email")
