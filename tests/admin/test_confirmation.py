"""Test the pages that say what an action ends and ask for confirmation."""

import pytest
from django.contrib import admin
from django.test import Client
from django.utils.html import strip_tags

from accounts.admin_buttons import ActionAdmin
from accounts.models import User
from events.models import Event
from orgs.models import Organization
from perfectworks.demo import World
from tests.admin.test_admin import address_of, staff_with
from tests.factories import (
    AuthenticatorFactory,
    EmailAddressFactory,
    OrganizationFactory,
    UserFactory,
    WebhookEndpointFactory,
)

pytestmark = pytest.mark.django_db

ASK_FIRST = {
    "accounts.OAuthApplication": ["delete", "end-tokens", "stop-acting"],
    "accounts.User": ["deactivate", "delete", "purge", "secure", "sessions", "staff-role", "two-factor", "verify"],
    "invitations.Invitation": ["cancel"],
    "orgs.ApiKey": ["delete"],
    "orgs.Membership": ["own", "remove"],
    "orgs.Organization": ["archive", "purge"],
    "webhooks.WebhookEndpoint": ["delete", "disable", "rotate-secret"],
}


def test_every_button_that_ends_something_asks_first():
    pages = {model._meta.label: page for model, page in admin.site._registry.items() if isinstance(page, ActionAdmin)}
    asking = {label: sorted(b.name for b in page.buttons if b.ends) for label, page in pages.items()}
    assert asking == ASK_FIRST
    assert not [b.name for page in pages.values() for b in page.buttons if b.grave and not b.ends]


@pytest.fixture
def rows(world: World) -> dict[str, object]:
    membership = world.organization.memberships.get(user=world.people["member"])
    return {
        "user": world.people["admin"],
        "membership": membership,
        "organization": world.organization,
        "invitation": world.invitations["pending"],
        "archived": OrganizationFactory.create(archived=True),
        "deleted": UserFactory.create(deleted=True),
        "person": person_to_help(),
        "support": UserFactory.create(staff=True),
        "endpoint": WebhookEndpointFactory.create(organization=world.organization),
    }


def person_to_help() -> User:
    """Return a person with an authenticator app and an unverified address."""
    person = UserFactory.create()
    AuthenticatorFactory.create(user=person)
    EmailAddressFactory.create(user=person, email="unverified@example.com", verified=False)
    return person


SAID = [
    ("organization", "archive", "4 members cannot open it."),
    ("archived", "purge", "0 memberships are deleted."),
    ("user", "deactivate", "The person is signed out everywhere and cannot sign in."),
    ("user", "delete", "1 membership ends."),
    ("user", "deactivate", "Nobody can accept the invitations that this person sent"),
    ("user", "delete", "Nobody can accept the invitations that this person sent"),
    (
        "support",
        "staff-role",
        "If the new role may not send invitations, nobody can accept those that this person sent",
    ),
    ("deleted", "purge", "The audit log keeps only the ID of the account."),
    ("membership", "remove", "Demo Member can no longer open the organization"),
    ("membership", "own", "The other owners stay owners."),
    ("person", "two-factor", "The person gets an email about it."),
    ("person", "verify", "The address then belongs to this account"),
    ("person", "sessions", "The person is signed out everywhere, and can sign in again."),
    ("person", "secure", "The current password stops working."),
    ("invitation", "cancel", "The links in all emails of this invitation stop working."),
    ("endpoint", "disable", "Webhooks that wait are dropped."),
    ("endpoint", "rotate-secret", "Nobody sees the new secret."),
    ("endpoint", "delete", "Its secrets are deleted."),
]


@pytest.mark.parametrize(("name", "button", "said"), SAID)
def test_the_page_says_what_ends_and_changes_nothing(staff: Client, rows, name: str, button: str, said: str):
    events = Event.objects.count()
    response = staff.get(address_of(rows[name], "do", button))
    assert response.status_code == 200
    assert said in strip_tags(response.content.decode())
    assert Event.objects.count() == events


def test_nothing_ends_for_people_who_become_staff(staff: Client, rows):
    assert "invitations" not in strip_tags(staff.get(address_of(rows["user"], "do", "staff-role")).content.decode())


def test_the_button_is_a_link_to_the_page_and_the_page_has_the_form(staff: Client, world: World):
    address = address_of(world.organization, "do", "archive")
    page = staff.get(address_of(world.organization)).content.decode()
    assert f'href="{address}"' in page
    assert f'action="{address}"' not in page
    assert staff.post(address, follow=True).status_code == 200
    assert Organization.objects.get(pk=world.organization.pk).is_archived


def test_the_page_asks_twice_only_if_there_is_no_way_back(staff: Client, world: World):
    grave = "This cannot be undone"
    archived = OrganizationFactory.create(archived=True)
    assert grave in staff.get(address_of(archived, "do", "purge")).content.decode()
    assert grave not in staff.get(address_of(world.organization, "do", "archive")).content.decode()


def test_the_page_needs_the_permission_of_its_button(world: World):
    person = world.people["invitee"]
    client = staff_with(world, "view_user", "change_user")
    assert client.get(address_of(person, "do", "deactivate")).status_code == 200
    assert client.get(address_of(person, "do", "delete")).status_code == 403
    assert User.objects.get(pk=person.pk).is_active


def test_an_owner_is_not_made_owner_again(staff: Client, world: World):
    of_owner = world.organization.memberships.get(user=world.people["owner"])
    assert "/do/own" not in staff.get(address_of(of_owner)).content.decode()
