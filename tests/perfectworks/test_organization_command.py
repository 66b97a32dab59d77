"""Test ``manage.py create_organization``."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE
from tests.factories import UserFactory
from tests.support.changes import track_changes
from tests.support.invariants import violations

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def superuser(db):
    return UserFactory.create(email="root@example.com", superuser=True)


def run(name="Riverside", owner="ann@example.com", **options):
    out = StringIO()
    call_command("create_organization", name, owner=owner, stdout=out, **options)
    return out.getvalue()


def test_it_creates_the_organization_and_invites_its_owner(superuser):
    out = run(language="de")

    organization, invitation = Organization.objects.get(), Invitation.objects.get()
    assert out == (
        f"Created Riverside (riverside), ID {organization.pk}.\n"
        "The invitation to ann@example.com waits in the outbox.\n"
    )
    assert (organization.name, organization.slug, organization.language) == ("Riverside", "riverside", "de")
    assert (invitation.email, invitation.role_id, invitation.inviter) == ("ann@example.com", OWNER_ROLE, superuser)
    assert Email.objects.get().recipient == "ann@example.com"
    assert violations() == {}


def test_it_prints_json(superuser):
    found = json.loads(run(name="Fähre", slug="ferry", json=True))

    organization, invitation = Organization.objects.get(), Invitation.objects.get()
    expires_at = found["ownerInvitation"].pop("expiresAt")
    assert expires_at.endswith("Z")
    assert found == {
        "id": str(organization.pk),
        "slug": "ferry",
        "name": "Fähre",
        "ownerInvitation": {"id": str(invitation.pk), "email": "ann@example.com"},
    }


def test_the_events_name_the_staff_member(superuser):
    helper = UserFactory.create(email="helper@example.com", superuser=True)

    with track_changes() as changes:
        run(staff="helper@example.com")

    assert [(found.kind, found.by, found.method) for found in changes.events] == [
        ("organization.created", helper.pk, "staff"),
        ("invitation.created", helper.pk, "staff"),
    ]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"owner": "ann"}, "ann: Enter a valid email address."),
        ({"slug": "Not a slug"}, "lower-case"),
        ({"slug": "taken"}, "This slug is taken."),
        ({"staff": "nobody@example.com"}, "There is no account nobody@example.com."),
        ({"staff": "member@example.com"}, "Member Cast is not staff who may do this."),
        ({"owner": "root@example.com", "staff": "root@example.com"}, "your own account"),
    ],
)
def test_it_refuses_what_it_cannot_do_and_changes_nothing(options, problem, superuser, member):
    Organization.objects.create(name="Taken", slug="taken")

    with track_changes() as changes, pytest.raises(CommandError, match=problem):
        run(**options)
    assert changes.nothing


def test_without_staff_it_says_how_to_make_some(db):
    with pytest.raises(CommandError, match=r"manage\.py createsuperuser"):
        run()
