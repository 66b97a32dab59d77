"""Test the pages of roles."""

import pytest

from orgs.models import Organization, Role
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, LIST_PROJECTS, MANAGE_BILLING, MANAGE_MEMBERS
from orgs.querysets import RoleUsage, usage_of_role
from tests.factories import InvitationFactory, MembershipFactory, RoleAssignmentFactory, RoleFactory, UnitFactory
from tests.support.pages import visible_text
from tests.support.people import membership_of, role_id_of
from tests.support.queries import assert_queries

LIST = "/organizations/riverside/roles"


@pytest.fixture
def role(organization):
    return RoleFactory.create(organization=organization, name="Treasurer", permissions=[MANAGE_BILLING])


def test_every_member_sees_the_roles_with_their_permissions_in_words(client, member, role):
    client.force_login(member)

    lines = visible_text(client.get(LIST))

    assert lines[lines.index("In the organization") :] == [
        "In the organization",
        "Owner",
        "Built in",
        "May: own the organization, manage everything",
        "Admin",
        "Built in",
        "May: manage everything",
        "Editor",
        "Built in",
        "May: create workspaces and applications, view all workspaces and applications",
        "Viewer",
        "Built in",
        "May: view all workspaces and applications",
        "Member",
        "Built in",
        "No permissions",
        "Treasurer",
        "May: manage billing",
        "In a workspace or application",
        "Admin",
        "Built in",
        "May: manage the workspace or application",
        "Editor",
        "Built in",
        "May: edit the workspace or application, view the workspace or application",
        "Viewer",
        "Built in",
        "May: view the workspace or application",
    ]


def test_the_list_takes_one_query(client, owner, role):
    client.force_login(owner)

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        roles="SELECT orgs_role",
    ):
        client.get(LIST)


def test_an_admin_creates_a_role(client, admin, organization):
    client.force_login(admin)

    page = client.post(
        f"{LIST}/new/organization", {"name": "Recruiter", "permissions": [MANAGE_MEMBERS, LIST_PROJECTS]}, follow=True
    )

    created = Role.objects.get(organization=organization)
    assert (created.name, created.level) == ("Recruiter", "organization")
    assert created.permissions == sorted([LIST_PROJECTS, MANAGE_MEMBERS])
    assert page.redirect_chain == [(LIST, 302)]
    assert "The role Recruiter has been created." in visible_text(page)


def test_a_role_in_units_has_other_permissions(client, admin, organization):
    client.force_login(admin)

    page = client.get(f"{LIST}/new/unit")
    assert "Edit the workspace or application" in visible_text(page)
    assert "Manage billing" not in visible_text(page)
    assert client.post(f"{LIST}/new/unit", {"name": "Reader", "permissions": ["unit:view"]}).status_code == 302
    assert Role.objects.get(organization=organization).level == "unit"


def test_an_unknown_level_is_not_found(client, admin, organization):
    client.force_login(admin)

    assert client.get(f"{LIST}/new/galaxy").status_code == 404


def test_nobody_creates_a_role_with_more_than_their_own_permissions(client, organization):
    manager = MembershipFactory.create(organization=organization, permissions=[MANAGE_MEMBERS]).user
    client.force_login(manager)

    page = client.post(f"{LIST}/new/organization", {"name": "Treasurer", "permissions": [MANAGE_BILLING]})

    assert page.status_code == 403
    assert any("You lack these permissions: manage billing." in line for line in visible_text(page))
    assert not Role.objects.filter(organization=organization).exists()


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [("ADMIN", 409, "There is a role of this name."), ("", 400, "This field is required.")],
)
def test_a_name_that_is_not_possible_is_refused(client, admin, organization, name, status, said):
    client.force_login(admin)

    page = client.post(f"{LIST}/new/organization", {"name": name})

    assert page.status_code == status
    assert page.context["form"].errors["name"] == [said]


def test_an_admin_changes_a_role(client, admin, role):
    client.force_login(admin)
    form = client.get(f"{LIST}/{role.pk}/change").context["form"]
    assert form.initial == {"name": "Treasurer", "permissions": [MANAGE_BILLING]}

    client.post(f"{LIST}/{role.pk}/change", {"name": "Bookkeeper", "permissions": []})

    role.refresh_from_db()
    assert (role.name, role.permissions) == ("Bookkeeper", [])


@pytest.mark.parametrize("page", ["change", "delete"])
def test_built_in_roles_and_roles_of_others_are_not_found(client, admin, organization, other_organization, page):
    others = RoleFactory.create(organization=other_organization)
    client.force_login(admin)

    for key in (ADMIN_ROLE, others.pk):
        assert client.get(f"{LIST}/{key}/{page}").status_code == 404
        assert client.post(f"{LIST}/{key}/{page}").status_code == 404
    assert Role.objects.filter(pk=others.pk).exists()


def test_a_role_that_nobody_has_is_deleted(client, admin, role):
    client.force_login(admin)

    page = client.get(f"{LIST}/{role.pk}/delete")
    assert visible_text(page)[-5:] == [
        "Delete the role Treasurer?",
        "Nobody has it, and no open invitation offers it.",
        "This can't be undone.",
        "Delete",
        "Cancel",
    ]
    page = client.post(f"{LIST}/{role.pk}/delete", follow=True)

    assert "The role Treasurer has been deleted." in visible_text(page)
    assert not Role.objects.filter(pk=role.pk).exists()


def test_a_role_in_use_needs_another_in_its_place(client, admin, organization, role):
    person = MembershipFactory.create(organization=organization, role_id=role.pk).user
    InvitationFactory.create_batch(2, organization=organization, inviter=admin, role=role)
    InvitationFactory.create(organization=organization, inviter=admin, role=role, declined=True)
    Organization.objects.filter(pk=organization.pk).update(default_role=role)
    client.force_login(admin)

    lines = visible_text(client.get(f"{LIST}/{role.pk}/delete"))
    start = lines.index("Delete the role Treasurer?") + 1
    assert lines[start : start + 6] == [
        "1 person has it.",
        "2 open invitations offer it.",
        "Invitations that name no role offer it.",
        "The role that you choose takes its place, in the same moment.",
        "This can't be undone.",
        "The role that takes its place",
    ]
    refused = client.post(f"{LIST}/{role.pk}/delete")
    assert refused.status_code == 400
    assert "This field is required." in visible_text(refused)
    assert role_id_of(person, organization) == role.pk

    client.post(f"{LIST}/{role.pk}/delete", {"reassign_to": str(EDITOR_ROLE)})
    assert role_id_of(person, organization) == EDITOR_ROLE


def test_a_role_that_one_person_has_in_several_workspaces_counts_once(organization, member):
    role = RoleFactory.create(organization=organization, level="unit")
    for unit in UnitFactory.create_batch(2, organization=organization):
        RoleAssignmentFactory.create(membership=membership_of(member, organization), unit=unit, role_id=role.pk)

    assert usage_of_role(organization, role) == RoleUsage(people=1, invitations=0, is_default=False)


def test_a_viewer_changes_nothing(client, member, role):
    client.force_login(member)

    assert client.post(f"{LIST}/{role.pk}/change", {"name": "Mine"}).status_code == 403
    assert client.post(f"{LIST}/{role.pk}/delete").status_code == 403
    role.refresh_from_db()
    assert role.name == "Treasurer"
