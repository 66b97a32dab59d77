"""Test `/invitations`: the list of open and waiting invitations, and of organizations."""

from datetime import UTC, datetime

import pytest

from core.page_lists import page_of
from core.relative_time import relative_time
from invitations.models import Invitation
from invitations.pages import views
from orgs.permissions import ADMIN_ROLE
from tests.factories import EmailAddressFactory, InvitationFactory, MembershipFactory, OrganizationFactory
from tests.support.pages import visible_text
from tests.support.queries import assert_queries

NONE = ["You have no open invitations."]
NOWHERE = ["You're not a member of any organization yet.", "Create an organization"]


@pytest.fixture(autouse=True)
def _signed_in(client, invitee):
    client.force_login(invitee)


def test_open_invitations_are_listed_newest_first(client, invitation, other_organization, stranger):
    InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger)
    first_of_june = datetime(2099, 6, 1, 14, 5, tzinfo=UTC)
    Invitation.objects.update(expires_at=first_of_june)
    expires = f"Expires {relative_time(first_of_june)}, on June 1, 2099, 2:05 p.m. UTC"

    response = client.get("/invitations")

    assert response.status_code == 200
    assert visible_text(response) == [
        "My invitations",
        "Hillside",
        "Stranger Cast invited you as Member",
        expires,
        "Riverside",
        "Owner Cast invited you as Editor",
        expires,
        "Email preferences",
        "My organizations",
        *NOWHERE,
    ]
    assert f'href="/invitations/{invitation.pk}"' in response.content.decode()


@pytest.mark.parametrize("values", [{"overdue": True}, {"status": "declined", "finished_at": "2025-06-01T14:05:00Z"}])
def test_what_is_over_is_not_listed(client, organization, owner, values):
    InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner, **values)

    assert visible_text(client.get("/invitations")) == [
        "My invitations",
        *NONE,
        "Email preferences",
        "My organizations",
        *NOWHERE,
    ]


def test_an_acceptance_that_waits_for_a_seat_is_listed(client, organization, owner, invitee):
    InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True)

    assert visible_text(client.get("/invitations"))[:3] == [
        "My invitations",
        "Riverside",
        "Accepted, waiting for a free seat",
    ]


def test_only_proven_addresses_count(client, organization, owner, invitee):
    InvitationFactory.create(organization=organization, email="proven@example.com", inviter=owner)
    InvitationFactory.create(organization=organization, email="unproven@example.com", inviter=owner)
    EmailAddressFactory.create(user=invitee, email="proven@example.com")
    EmailAddressFactory.create(user=invitee, email="unproven@example.com", verified=False)

    assert visible_text(client.get("/invitations")).count("Riverside") == 1


def test_live_organizations_are_listed_by_name_with_the_role(client, invitee, stranger):
    for slug, values in (("zeppelin", {}), ("airship", {}), ("archived", {"deleted_at": "2025-06-01T14:05:00Z"})):
        MembershipFactory.create(
            organization=OrganizationFactory.create(slug=slug, owners=[stranger], **values),
            user=invitee,
            role_id=ADMIN_ROLE,
        )

    page = client.get("/invitations")
    assert '<a href="/organizations/airship">Airship</a>' in page.content.decode()
    assert visible_text(page) == [
        "My invitations",
        *NONE,
        "Email preferences",
        "My organizations",
        "Airship",
        "Admin",
        "Zeppelin",
        "Admin",
    ]


def test_the_number_of_rows_does_not_change_the_queries(client, invitee, stranger, owner):
    for number in range(3):
        organization = OrganizationFactory.create(slug=f"organization-{number}", owners=[stranger])
        MembershipFactory.create(organization=organization, user=invitee)
        InvitationFactory.create(
            organization=OrganizationFactory.create(slug=f"other-{number}", owners=[owner]),
            email="invitee@example.com",
            inviter=owner,
        )

    with assert_queries(
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


def test_many_invitations_have_pages_and_many_organizations_a_link(client, invitee, owner, monkeypatch):
    monkeypatch.setattr(page_of, "__defaults__", (2,))
    monkeypatch.setattr(views, "PAGE_SIZE", 2)
    for name in ("first", "second", "third"):
        organization = OrganizationFactory.create(slug=name, name=name.capitalize())
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
        member_of = OrganizationFactory.create(slug=f"a-{name}", name=f"A {name}")
        MembershipFactory.create(organization=member_of, user=invitee)

    first, last = client.get("/invitations"), client.get("/invitations?page=2")

    assert shown_organizations(first) == (["Third", "Second"], ["A first", "A second"])
    assert shown_organizations(last) == (["First"], ["A first", "A second"])
    assert [visible_text(page).count("Next page") for page in (first, last)] == [1, 0]
    assert '<a href="/">All my organizations</a>' in first.content.decode()


def shown_organizations(response):
    """Return the names of the organizations that have invited the person, and of those of the person."""
    lists = (response.context["page"].rows, response.context["memberships"])
    return tuple([row.organization.name for row in rows] for rows in lists)
