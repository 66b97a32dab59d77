"""Test the invitation page for the signed-in invitee."""

import re
from datetime import UTC, datetime

import pytest

from core.relative_time import relative_time
from invitations.actions.transitions import raise_generation
from invitations.models import Invitation
from orgs.permissions import UNIT_EDITOR_ROLE
from tests.factories import EmailAddressFactory, InvitationFactory, UnitFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text
from tests.support.queries import assert_queries

pytestmark = pytest.mark.usefixtures("signed_in")
FIRST_OF_JUNE = datetime(2099, 6, 1, 14, 5, tzinfo=UTC)


@pytest.fixture
def signed_in(client, invitee):
    client.force_login(invitee)


@pytest.fixture(autouse=True)
def _until_the_first_of_june(invitation):
    Invitation.objects.filter(pk=invitation.pk).update(expires_at="2099-06-01T14:05:00Z")


def test_everything_is_shown_before_anything_is_asked(invitation, page_of):
    response = page_of(invitation)

    assert response.status_code == 200
    assert visible_text(response) == [
        "Join Riverside",
        "Owner Cast invited you to join Riverside.",
        "Role",
        "Editor",
        "Members",
        "3",
        "Invited email address",
        "invitee@example.com",
        "Expires",
        f"{relative_time(FIRST_OF_JUNE)}, on June 1, 2099, 2:05 p.m. UTC",
        "Accept",
        "Decline",
        "You're signed in as Invitee Cast.",
    ]


def test_a_unit_and_further_permissions_are_shown(organization, owner, page_of):
    unit = UnitFactory.create(organization=organization, slug="main-workspace")
    invitation = InvitationFactory.create(
        organization=organization,
        email="invitee@example.com",
        inviter=owner,
        unit=unit,
        unit_role_id=UNIT_EDITOR_ROLE,
        permissions=["organization:manage_members", "organization:manage_billing"],
    )

    lines = visible_text(page_of(invitation))

    assert lines[lines.index("Role") : lines.index("Members")] == [
        "Role",
        "Member",
        "Can also",
        "manage members, manage billing",
        "Workspace",
        "Main-workspace, as Editor",
    ]


def test_accepting_is_the_button_and_declining_a_link_to_its_own_page(invitation, page_of):
    html = page_of(invitation).content.decode()

    assert re.findall(r'class="button[^"]*"[^>]*>([^<]*)', html) == ["Accept"]
    assert f'<a href="/invitations/{invitation.pk}/decline">Decline</a>' in html


def test_looking_changes_nothing(client, invitation):
    with track_changes() as changes:
        client.get(f"/invitations/{invitation.pk}")
        client.head(f"/invitations/{invitation.pk}")
        client.options(f"/invitations/{invitation.pk}")

    assert changes.nothing


def test_a_second_proven_address_is_as_good_as_the_first(client, stranger, organization, owner, page_of):
    invitation = InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner)
    EmailAddressFactory.create(user=stranger, email="second@example.com")
    client.force_login(stranger)

    assert page_of(invitation).status_code == 200


def test_an_inviter_without_a_name_is_not_named(invitation, page_of):
    Invitation.objects.filter(pk=invitation.pk).update(inviter_name="")

    assert visible_text(page_of(invitation))[1] == "Riverside invited you to join."


def test_names_are_text_and_nothing_else(invitation, organization, page_of):
    organization.name = "<b>Riverside</b> & {{ secret }}"
    organization.save()

    page = page_of(invitation)

    assert visible_text(page)[0] == "Join <b>Riverside</b> & {{ secret }}"
    assert "<b>" not in page.content.decode()


def test_an_outdated_link_does_not_block_a_person_who_verified_the_address(invitation, open_link, page_of):
    open_link(invitation)
    raise_generation(invitation.pk)

    assert page_of(invitation).status_code == 200


def test_the_page_makes_these_queries(client, invitation):
    with assert_queries(
        session="SELECT django_session",
        invitation="SELECT invitations_invitation",
        user="SELECT accounts_user",
        addresses="SELECT account_emailaddress",
        membership="SELECT orgs_membership",
        inviters_roles="SELECT orgs_roleassignment",
    ):
        client.get(f"/invitations/{invitation.pk}")
