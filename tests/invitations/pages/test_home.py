"""Test `/`, the home page."""

import pytest

from orgs.models import Organization
from orgs.permissions import ADMIN_ROLE
from tests.factories import InvitationFactory, MembershipFactory, OrganizationFactory
from tests.support.pages import visible_text
from tests.support.queries import assert_queries


def test_visitors_are_greeted(client, db):
    response = client.get("/")

    assert response.status_code == 200
    assert visible_text(response) == [
        "Welcome to PerfectWorks",
        "Have you been invited to an organization? Open the link in your email, or sign in to see your invitations.",
        "With an account, you can also create an organization of your own and invite people.",
        "Sign in",
        "No account yet?",
        "Create an account",
    ]


@pytest.fixture
def _signed_in(client, invitee):
    client.force_login(invitee)


@pytest.mark.usefixtures("_signed_in")
def test_a_person_without_an_organization_can_create_one(client):
    page = client.get("/")

    assert visible_text(page) == [
        "My organizations",
        "You're not a member of any organization yet. Create one, or accept an invitation.",
        "Create an organization",
    ]
    assert 'href="/new-organization"' in page.content.decode()


@pytest.mark.usefixtures("_signed_in")
def test_organizations_are_listed_by_name_with_the_role(client, invitee, stranger):
    for slug in ("zeppelin", "airship"):
        MembershipFactory.create(
            organization=OrganizationFactory.create(slug=slug, owners=[stranger]), user=invitee, role_id=ADMIN_ROLE
        )

    page = client.get("/")

    assert visible_text(page) == [
        *("My organizations", "Airship", "Admin", "Zeppelin", "Admin"),
        "Create an organization",
    ]
    assert 'href="/organizations/zeppelin"' in page.content.decode()


@pytest.mark.usefixtures("_signed_in")
def test_the_newest_open_invitations_follow(client, organization, owner):
    InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner, declined=True)
    for number in range(6):
        other = OrganizationFactory.create(slug=f"other-{number}", owners=[owner])
        InvitationFactory.create(organization=other, email="invitee@example.com", inviter=owner)

    assert visible_text(client.get("/"))[3:] == [
        "My invitations",
        *(line for number in (5, 4, 3, 2, 1) for line in (f"Other-{number}", "Owner Cast invited you as Member")),
        "All invitations",
    ]


@pytest.mark.usefixtures("_signed_in")
def test_an_owner_sees_archived_organizations(client, invitee, stranger):
    OrganizationFactory.create(slug="mine", owners=[invitee], archived=True)
    theirs = OrganizationFactory.create(slug="theirs", owners=[stranger], archived=True)
    MembershipFactory.create(organization=theirs, user=invitee, role_id=ADMIN_ROLE)

    assert visible_text(client.get("/"))[3:] == ["Archived organizations", "Mine"]


@pytest.mark.usefixtures("_signed_in")
def test_long_lists_of_organizations_have_pages_and_a_fixed_number_of_queries(client, invitee, stranger):
    for number in range(51):
        organization = OrganizationFactory.create(slug=f"organization-{number:02}", owners=[stranger])
        MembershipFactory.create(organization=organization, user=invitee)

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        memberships="SELECT orgs_membership",
        roles="SELECT orgs_roleassignment",
        invitations="SELECT invitations_invitation",
        archived="SELECT orgs_organization",
    ):
        first = visible_text(client.get("/"))

    assert first[-4:-1] == ["Viewer", "Page 1", "Next page"] or first[-3:] == [
        "Page 1",
        "Next page",
        "Create an organization",
    ]
    assert visible_text(client.get("/?page=2"))[:2] == ["My organizations", "Organization-50"]
    assert Organization.objects.count() == 51
