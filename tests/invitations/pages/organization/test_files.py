"""Test the CSV files of members and invitations: by page and by API, the same rows for the same people."""

import csv
import io

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from rest_framework.test import APIClient

from core.csv_export import ROWS_IN_CHUNK
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE, MANAGE_MEMBERS, UNIT_ADMIN_ROLE, UNIT_EDITOR_ROLE
from tests.factories import (
    EmailFactory,
    InvitationFactory,
    MembershipFactory,
    UnitFactory,
    UserFactory,
)
from tests.support.queries import assert_queries

MEMBERS = "/organizations/riverside/people.csv"
INVITATIONS = "/organizations/riverside/invitations.csv"


def lines_of(response):
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.getvalue().decode().removeprefix("\ufeff"))))


def rows_of(response):
    header, *rows = lines_of(response)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture
def boats(organization):
    return UnitFactory.create(organization=organization, slug="boats", name="Boats")


@pytest.fixture
def unit_manager(organization, boats):
    """Somebody who manages only the members of a workspace."""
    return MembershipFactory.create(organization=organization, unit_roles={boats: UNIT_ADMIN_ROLE}).user


def test_the_members_with_their_roles(client, organization, owner, boats):
    person = UserFactory.create(email="ann@example.com", first_name="Ann", last_name="Lee")
    ann = MembershipFactory.create(
        organization=organization,
        user=person,
        role_id=EDITOR_ROLE,
        permissions=[MANAGE_MEMBERS],
        unit_roles={boats: UNIT_EDITOR_ROLE},
    )
    client.force_login(owner)

    response = client.get(MEMBERS)

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="riverside-members.csv"'
    assert response["Cache-Control"] == "no-store"
    rows = rows_of(response)
    assert [row["email"] for row in rows[1:]] == ["member@example.com", "admin@example.com", "owner@example.com"]
    assert rows[0] == {
        "email": "ann@example.com",
        "firstName": "Ann",
        "lastName": "Lee",
        "kind": "client",
        "role": "editor",
        "permissions": "organization:manage_members",
        "units": "Boats: editor",
        "joinedAt": ann.created_at.isoformat(),
        "id": str(ann.pk),
        "userId": str(person.pk),
    }


def test_the_invitations_in_every_state(client, organization, owner, boats):
    sent = InvitationFactory.create(
        organization=organization,
        email="new@example.com",
        invitee_name="Robin",
        message="Hello!\nBye",
        inviter=owner,
        unit=boats,
        unit_role_id=UNIT_EDITOR_ROLE,
    )
    EmailFactory.create(invitation=sent, state="deferred")
    InvitationFactory.create(organization=organization, email="gone@example.com", inviter=owner, undeliverable=True)
    InvitationFactory.create(organization=organization, email="late@example.com", inviter=owner, overdue=True)
    client.force_login(owner)

    rows = rows_of(client.get(INVITATIONS))

    assert {row["email"]: row["state"] for row in rows} == {
        "new@example.com": "pending",
        "gone@example.com": "error",
        "late@example.com": "expired",
    }
    [row] = [row for row in rows if row["email"] == "new@example.com"]
    invitation = Invitation.objects.get(pk=sent.pk)
    assert row == {
        "email": "new@example.com",
        "name": "Robin",
        "state": "pending",
        "role": "unassigned",
        "permissions": "",
        "unit": "Boats",
        "unitRole": "editor",
        "message": "Hello!\nBye",
        "language": "",
        "invitedBy": "Owner Cast",
        "createdAt": invitation.created_at.isoformat(),
        "expiresAt": invitation.expires_at.isoformat(),
        "finishedAt": "",
        "declineReason": "",
        "delivery": "deferred",
        "id": str(sent.pk),
    }


def test_the_file_of_invitations_has_no_metadata(client, organization, owner):
    InvitationFactory.create(organization=organization, inviter=owner, metadata={"crmId": "4711"})
    client.force_login(owner)

    assert b"4711" not in client.get(INVITATIONS).getvalue()


@pytest.mark.parametrize("path", [MEMBERS, INVITATIONS])
def test_people_who_do_not_manage_members_get_no_file(client, organization, member, stranger, path):
    client.force_login(member)
    assert client.get(path).status_code == 403

    client.force_login(stranger)
    assert client.get(path).status_code == 404


def test_people_who_manage_a_workspace_get_its_invitations_only(client, organization, owner, unit_manager, boats):
    InvitationFactory.create(organization=organization, inviter=owner, email="other@example.com")
    InvitationFactory.create(
        organization=organization, inviter=owner, email="boat@example.com", unit=boats, unit_role_id=UNIT_EDITOR_ROLE
    )
    client.force_login(unit_manager)

    assert client.get(MEMBERS).status_code == 403
    assert [row["email"] for row in rows_of(client.get(INVITATIONS))] == ["boat@example.com"]
    page = client.get("/organizations/riverside/people").content.decode()
    assert (MEMBERS in page, INVITATIONS in page) == (False, True)


def test_people_links_to_the_files_for_those_who_get_them(client, organization, admin, member):
    for user, expected in ((admin, (True, True)), (member, (False, False))):
        client.force_login(user)
        page = client.get("/organizations/riverside/people").content.decode()
        assert (MEMBERS in page, INVITATIONS in page) == expected


def test_no_cell_is_a_formula(client, organization, owner):
    MembershipFactory.create(organization=organization, user__first_name="=1+1", user__last_name="@x")
    InvitationFactory.create(organization=organization, inviter=owner, invitee_name="+1", message="-1")
    client.force_login(owner)

    member, invitation = rows_of(client.get(MEMBERS))[0], rows_of(client.get(INVITATIONS))[0]

    assert (member["firstName"], member["lastName"]) == ("'=1+1", "'@x")
    assert (invitation["name"], invitation["message"]) == ("'+1", "'-1")


def test_a_large_file_is_read_in_chunks(client, organization, owner):
    """Each chunk takes three queries, so the number of rows in memory does not grow."""
    users = UserFactory.create_batch(ROWS_IN_CHUNK + 5, email_address=None)
    for user in users:
        MembershipFactory.create(organization=organization, user=user)
    client.force_login(owner)

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        first="SELECT orgs_membership",
        first_roles="SELECT orgs_roleassignment",
    ):
        response = client.get(MEMBERS)
    with assert_queries(second="SELECT orgs_membership", second_roles="SELECT orgs_roleassignment"):
        lines = response.getvalue().decode().splitlines()
    assert len(lines) == 1 + 3 + len(users)


def test_the_api_sends_the_same_files(client, organization, owner):
    InvitationFactory.create(organization=organization, inviter=owner)
    client.force_login(owner)
    api = APIClient()
    api.force_login(owner)

    for path, page in (
        ("/api/v0/organization-members/export", MEMBERS),
        (f"/api/v0/organizations/{organization.pk}/invitations/export", INVITATIONS),
    ):
        response = api.get(path, headers={"X-Organization-Id": str(organization.pk), "Accept": "text/csv"})
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["Cache-Control"] == "no-store"
        assert response.getvalue() == client.get(page).getvalue()


def test_errors_of_the_api_are_json(organization, member):
    api = APIClient()
    api.force_login(member)

    response = api.get(f"/api/v0/organizations/{organization.pk}/invitations/export", headers={"Accept": "text/csv"})

    assert (response.status_code, response["Content-Type"]) == (403, "application/json")
    assert response.json()["error"]["code"] == "permission_missing"


def test_an_archived_organization_has_no_files(client, organization, admin):
    Organization.objects.update(deleted_at="2025-06-01T14:05:00Z")
    client.force_login(admin)

    assert client.get(MEMBERS).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_head_request_sends_the_headers_and_reads_no_row_of_the_body(client, organization, owner, method):
    client.force_login(owner)
    cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in client.cookies.items())
    handler = WSGIHandler()  # the test client would remove the body itself

    response = handler.get_response(RequestFactory(headers={"Cookie": cookies}).generic(method, MEMBERS))

    assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert bool(response.getvalue()) == (method == "GET")
