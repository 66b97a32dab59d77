"""Test the page of a member, and the pages that change a member."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from core.relative_time import relative_time
from orgs.models import Membership
from orgs.permissions import ADMIN_ROLE, CREATE_PROJECTS, EDITOR_ROLE, OWNER_ROLE, UNIT_EDITOR_ROLE, VIEWER_ROLE
from tests.factories import MembershipFactory, RoleFactory, UnitFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text
from tests.support.people import membership_of, role_id_of, sign_in_recently
from tests.support.queries import assert_queries

JOINED = datetime(2026, 6, 1, 14, 5, tzinfo=UTC)


@pytest.fixture
def _joined(organization):
    Membership.objects.update(created_at=JOINED)


def facts():
    return [
        *("Member Cast", "Email", "member@example.com", "Role", "Viewer"),
        *("Joined", f"{relative_time(JOINED)}, on June 1, 2026, 2:05 p.m. UTC"),
    ]


@pytest.mark.usefixtures("_joined")
@pytest.mark.parametrize(
    ("name", "buttons"),
    [
        ("owner", ["Change role", "Change access to workspaces", "Transfer ownership", "Remove"]),
        ("admin", ["Change role", "Change access to workspaces", "Remove"]),
        ("member", ["Leave"]),
    ],
)
def test_each_member_sees_the_facts_and_what_they_may_do(signed_in, organization, members_page, request, name, buttons):
    UnitFactory.create(organization=organization)

    page = signed_in(request.getfixturevalue(name)).get(members_page)

    assert page.status_code == 200
    assert visible_text(page)[-len(buttons) - len(facts()) - 1 :] == [*facts(), *buttons, "All people"]


def test_access_to_workspaces_is_not_offered_without_any(signed_in, members_page, owner):
    assert "Change access to workspaces" not in visible_text(signed_in(owner).get(members_page))


def test_a_member_without_permissions_sees_no_address_of_others(signed_in, organization, owner, invitee):
    MembershipFactory.create(
        organization=organization, user=invitee, role_id=RoleFactory.create(organization=organization).pk
    )
    page = signed_in(invitee).get(f"/organizations/riverside/members/{membership_of(owner, organization).pk}")

    assert "Owner Cast" in visible_text(page)
    assert "owner@example.com" not in page.content.decode()


@pytest.mark.parametrize("path", ["", "/role", "/access", "/remove", "/transfer"])
def test_a_member_of_another_organization_is_not_found(
    signed_in, organization, other_organization, stranger, owner, path
):
    theirs = membership_of(stranger, other_organization)

    client = signed_in(owner)
    sign_in_recently(client)
    for method in (client.get, client.post):
        assert method(f"/organizations/riverside/members/{theirs.pk}{path}").status_code == 404


def test_the_page_takes_a_fixed_number_of_queries(signed_in, members_page, membership, organization, owner):
    client = signed_in(owner)
    for _ in range(3):
        unit = UnitFactory.create(organization=organization)
        membership.assignments.create(unit=unit, role_id=UNIT_EDITOR_ROLE)

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        member="SELECT orgs_membership",
        roles="SELECT orgs_roleassignment",
        units="SELECT orgs_unit",
    ):
        assert client.get(members_page).status_code == 200


# Role and permissions


def test_a_manager_changes_role_and_permissions(signed_in, members_page, organization, admin, member):
    page = signed_in(admin).post(
        f"{members_page}/role", {"role_id": str(EDITOR_ROLE), "permissions": [CREATE_PROJECTS]}, follow=True
    )

    assert page.redirect_chain == [(members_page, 302)]
    assert visible_text(page)[0] == "The role of Member Cast has been changed."
    changed = membership_of(member, organization)
    assert (changed.organization_role.pk, changed.permissions) == (EDITOR_ROLE, [CREATE_PROJECTS])


def test_the_form_offers_only_what_the_reader_may_give(signed_in, members_page, admin):
    page = signed_in(admin).get(f"{members_page}/role")
    html = page.content.decode()

    assert str(OWNER_ROLE) not in html
    assert f'<option value="{VIEWER_ROLE}" selected>Viewer</option>' in html
    assert "Manage members" in html
    text = visible_text(page)
    assert text[text.index("What these roles may do") + 1 :][:8] == [
        *(
            "Admin",
            ": manage everything",
            "Editor",
            ": create workspaces and applications, view all workspaces and applications",
        ),
        *("Viewer", ": view all workspaces and applications", "Member", ": No permissions"),
    ]


def test_a_role_that_is_not_offered_is_refused(signed_in, members_page, organization, admin, member):
    page = signed_in(admin).post(f"{members_page}/role", {"role_id": str(OWNER_ROLE)})

    assert page.status_code == 400
    assert role_id_of(member, organization) == VIEWER_ROLE


def test_a_member_may_not_change_roles(signed_in, members_page, organization, member):
    client = signed_in(member)
    with track_changes() as changes:
        page = client.post(f"{members_page}/role", {"role_id": str(VIEWER_ROLE)})

    assert page.status_code == 403
    assert "You don't have the permission for this." in visible_text(page)
    assert changes.nothing


def test_the_only_owner_stays_an_owner(signed_in, organization, owner):
    own = f"/organizations/riverside/members/{membership_of(owner, organization).pk}"

    page = signed_in(owner).post(f"{own}/role", {"role_id": str(ADMIN_ROLE)})

    assert page.status_code == 409
    assert "An organization needs an owner. Transfer the ownership first." in visible_text(page)
    assert role_id_of(owner, organization) == OWNER_ROLE


# Roles in workspaces and applications


def test_a_manager_gives_replaces_and_takes_away_access_to_a_workspace(
    signed_in, members_page, organization, admin, member
):
    unit = UnitFactory.create(organization=organization, slug="website")
    client = signed_in(admin)

    client.post(f"{members_page}/access", {"unit_id": str(unit.pk), "role_id": str(UNIT_EDITOR_ROLE)})
    assert "Website, as Editor" in visible_text(client.get(members_page))
    client.post(f"{members_page}/access", {"unit_id": str(unit.pk), "role_id": ""})
    assert "Website, as Editor" not in visible_text(client.get(members_page))


def test_taking_away_a_role_that_nobody_has_says_so(signed_in, members_page, organization, admin):
    unit = UnitFactory.create(organization=organization)

    page = signed_in(admin).post(f"{members_page}/access", {"unit_id": str(unit.pk), "role_id": ""})

    assert page.status_code == 400
    assert "This member has no role there." in visible_text(page)


# Removal


def test_a_manager_is_asked_and_then_removes_the_member(signed_in, members_page, organization, admin):
    client = signed_in(admin)

    asked = client.get(f"{members_page}/remove")
    assert visible_text(asked)[-7:] == [
        "Remove Member Cast from Riverside?",
        "Member Cast can no longer open the organization Riverside.",
        "All roles and permissions of this member end, also in workspaces and applications.",
        "0 API keys are deleted.",
        "Nobody can accept the invitations that this member sent, until a manager sends them again.",
        "Remove",
        "Cancel",
    ]
    done = client.post(f"{members_page}/remove", follow=True)

    assert done.redirect_chain == [("/organizations/riverside/people", 302)]
    assert visible_text(done)[0] == "Member Cast has been removed."
    assert organization.memberships.count() == 2


def test_an_admin_cannot_remove_the_owner(signed_in, organization, admin, owner):
    page = signed_in(admin).post(f"/organizations/riverside/members/{membership_of(owner, organization).pk}/remove")

    assert page.status_code == 403
    assert (
        "You can only give or take away permissions that you have yourself. "
        "You lack these permissions: own the organization."
    ) in visible_text(page)
    assert organization.memberships.count() == 3


# Ownership


def test_the_owner_enters_the_password_again_before_a_transfer(signed_in, members_page, organization, owner, member):
    response = signed_in(owner).post(f"{members_page}/transfer")

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/reauthenticate/?next=%2Forganizations%2Friverside%2Fmembers%2F")
    assert role_id_of(member, organization) == VIEWER_ROLE


def test_the_owner_transfers_the_ownership_and_becomes_an_admin(signed_in, members_page, organization, owner, member):
    client = signed_in(owner)
    sign_in_recently(client)

    asked = client.get(f"{members_page}/transfer")
    assert "You become an admin. Only Member Cast can make you an owner again." in visible_text(asked)
    done = client.post(f"{members_page}/transfer", follow=True)

    assert visible_text(done)[0] == "Member Cast is now the owner."
    assert (role_id_of(owner, organization), role_id_of(member, organization)) == (ADMIN_ROLE, OWNER_ROLE)


def test_only_an_owner_transfers_the_ownership(signed_in, members_page, organization, admin, member):
    client = signed_in(admin)
    sign_in_recently(client)

    assert client.post(f"{members_page}/transfer").status_code == 403
    assert role_id_of(member, organization) == VIEWER_ROLE


# Leaving


def test_a_member_is_asked_and_then_leaves(signed_in, organization, member):
    client = signed_in(member)

    asked = client.get("/organizations/riverside/leave")
    assert "Leave Riverside?" in visible_text(asked)
    done = client.post("/organizations/riverside/leave", follow=True)

    assert done.redirect_chain == [("/", 302)]
    assert visible_text(done)[0] == "You have left Riverside."
    assert not member.memberships.exists()


def test_the_only_owner_cannot_leave(signed_in, organization, owner):
    page = signed_in(owner).post("/organizations/riverside/leave")

    assert page.status_code == 409
    assert "An organization needs an owner. Transfer the ownership first." in visible_text(page)
    assert owner.memberships.exists()


def test_the_only_owner_is_told_before_the_question(signed_in, organization, owner):
    client = signed_in(owner)

    page = client.get("/organizations/riverside/leave")

    assert "You are the only owner" in visible_text(page)
    assert '<a class="button" href="/organizations/riverside/people?shown=members">' in page.content.decode()
    organization.memberships.exclude(user=owner).delete()
    alone = client.get("/organizations/riverside/leave")
    assert "Archive the organization" in visible_text(alone)
    assert 'href="/organizations/riverside/archive"' in alone.content.decode()
    assert "Transfer ownership" not in alone


def test_one_of_two_owners_is_asked(signed_in, organization, owner, admin):
    admin.memberships.get().assignments.update(role_id=OWNER_ROLE)

    assert "Leave Riverside?" in visible_text(signed_in(owner).get("/organizations/riverside/leave"))


@pytest.mark.parametrize("path", ["role", "access", "remove"])
def test_a_form_without_a_csrf_token_changes_nothing(members_page, owner, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    with track_changes() as changes:
        assert client.post(f"{members_page}/{path}", {"role_id": str(EDITOR_ROLE)}).status_code == 403
    assert changes.nothing
