"""Test the migrations that change data: staff keep their permissions, and recent emails count toward the limits."""

import importlib
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import connection
from django.utils import timezone

from accounts.models import User
from invitations.email.models import Email
from tests.factories import EmailFactory, InvitationFactory, UserFactory

pytestmark = pytest.mark.django_db

permission_names = importlib.import_module("invitations.migrations.0010_permission_names")
count_recent_emails = importlib.import_module("invitations.migrations.0020_count_recent_emails")
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


def test_the_emails_of_the_last_day_count_toward_the_sending_limits():
    inviter, robot = UserFactory.create(), UserFactory.create(system=True)
    robot.responsible = inviter
    robot.save()
    by = {
        "a person": InvitationFactory.create(inviter=inviter),
        "a service account": InvitationFactory.create(inviter=robot),
        "staff": InvitationFactory.create(inviter=inviter, inviter_name=""),
        "nobody": InvitationFactory.create(inviter=None),
    }
    recent = {name: EmailFactory.create(invitation=invitation) for name, invitation in by.items()}
    reminder = EmailFactory.create(invitation=by["a person"], kind="reminder")
    older = EmailFactory.create(created_at=timezone.now() - timedelta(days=2))
    notice = EmailFactory.create(invitation=by["a person"], kind="answered")

    count_recent_emails.count_recent(apps, EDITOR)

    def counted(email: Email) -> tuple[Any, ...]:
        email.refresh_from_db()
        return email.counted_at, email.organization_id, email.responsible_id

    people = {"a person": inviter.pk, "a service account": inviter.pk, "staff": None, "nobody": None}
    for name, email in recent.items():
        assert counted(email) == (email.created_at, by[name].organization_id, people[name])
    assert counted(reminder) == (reminder.created_at, by["a person"].organization_id, None)
    assert counted(older) == counted(notice) == (None, None, None)
