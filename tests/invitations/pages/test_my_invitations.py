"""``/invitations``: what is open to me, and where I belong."""

import pytest

from invitations.models import Invitation
from orgs.permissions import ADMIN_ROLE
from tests.queries import queries
from tests.reading import text_of
from tests.rows import join, make_invitation, make_organization, make_waiting, prove_address

NONE = ["No invitation waits for your answer."]
NOWHERE = ["You do not belong to any organization yet."]


@pytest.fixture(autouse=True)
def _signed_in(client, invitee):
    client.force_login(invitee)


def test_open_invitations_are_listed_newest_first(client, invitation, other_organization, stranger):
    make_invitation(other_organization, "invitee@example.com", stranger)
    Invitation.objects.update(expires_at="2099-06-01T14:05:00Z")

    response = client.get("/invitations")

    assert response.status_code == 200
    assert text_of(response) == [
        "My invitations",
        "Hillside",
        "Stranger Cast invites you as Member",
        "Open until",
        "June 1, 2099, 2:05 p.m. UTC",
        "Riverside",
        "Owner Cast invites you as Editor",
        "Open until",
        "June 1, 2099, 2:05 p.m. UTC",
        "Mails I do not want",
        "My organizations",
        *NOWHERE,
    ]
    assert f'href="/invitations/{invitation.pk}"' in response.content.decode()


@pytest.mark.parametrize("values", [{"days": -1}, {"status": "declined", "finished_at": "2025-06-01T14:05:00Z"}])
def test_what_is_over_is_not_listed(client, organization, owner, values):
    make_invitation(organization, "invitee@example.com", owner, **values)

    assert text_of(client.get("/invitations")) == [
        "My invitations",
        *NONE,
        "Mails I do not want",
        "My organizations",
        *NOWHERE,
    ]


def test_an_acceptance_that_waits_for_a_seat_is_listed(client, organization, owner, invitee):
    make_waiting(organization, invitee, owner)

    assert text_of(client.get("/invitations"))[:3] == [
        "My invitations",
        "Riverside",
        "Accepted, and waiting for a free seat",
    ]


def test_only_proven_addresses_count(client, organization, owner, invitee):
    make_invitation(organization, "proven@example.com", owner)
    make_invitation(organization, "unproven@example.com", owner)
    prove_address(invitee, "proven@example.com")
    prove_address(invitee, "unproven@example.com", verified=False)

    assert text_of(client.get("/invitations")).count("Riverside") == 1


def test_live_organizations_are_listed_by_name_with_the_role(client, invitee, stranger):
    for slug, values in (("zeppelin", {}), ("airship", {}), ("archived", {"deleted_at": "2025-06-01T14:05:00Z"})):
        join(make_organization(slug, stranger, **values), invitee, ADMIN_ROLE)

    assert text_of(client.get("/invitations")) == [
        "My invitations",
        *NONE,
        "Mails I do not want",
        "My organizations",
        "Airship",
        "Admin",
        "Zeppelin",
        "Admin",
    ]


def test_the_number_of_rows_does_not_change_the_queries(client, invitee, stranger, owner):
    for number in range(3):
        organization = make_organization(f"organization-{number}", stranger)
        join(organization, invitee)
        make_invitation(make_organization(f"other-{number}", owner), "invitee@example.com", owner)

    with queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        open="SELECT invitations_invitation",
        waiting="SELECT invitations_invitation",
        memberships="SELECT orgs_membership",
        roles="SELECT orgs_roleassignment",
    ):
        client.get("/invitations")


def test_visitors_sign_in_first(client):
    client.logout()

    response = client.get("/invitations")

    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/invitations")
