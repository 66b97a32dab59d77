"""Test the pages of workspaces and applications."""

import pytest

from orgs.models import Unit
from orgs.permissions import EDITOR_ROLE, UNASSIGNED_ROLE, UNIT_EDITOR_ROLE
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory, UnitFactory, UserFactory
from tests.support.pages import visible_text
from tests.support.queries import assert_queries

LIST = "/organizations/riverside/workspaces"


@pytest.fixture
def workspace(organization):
    return UnitFactory.create(organization=organization, slug="boats", name="Boats")


@pytest.fixture
def page_of_workspace(workspace):
    return f"{LIST}/{workspace.pk}"


def test_the_list_shows_what_the_reader_may_see(client, owner, workspace, organization, other_organization):
    UnitFactory.create(organization=organization, kind=Unit.Kind.APPLICATION, slug="app", name="App")
    UnitFactory.create(organization=other_organization, slug="secret", name="Secret")
    client.force_login(owner)

    assert visible_text(client.get(LIST))[-6:] == [
        "Workspaces and applications",
        "App",
        "Application",
        "Boats",
        "Workspace",
        "Create a workspace or an application",
    ]


def test_a_person_without_permissions_sees_none(client, organization, workspace):
    client.force_login(MembershipFactory.create(organization=organization, role_id=None).user)
    organization.memberships.last().assignments.update(role_id="00000000-0000-7000-8000-000000000005")

    assert visible_text(client.get(LIST))[-2:] == ["Workspaces and applications", "There are none that you can see."]
    assert client.get(f"{LIST}/{workspace.pk}").status_code == 404


def test_the_list_takes_one_query(client, owner, workspace):
    client.force_login(owner)

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        units="SELECT orgs_unit",
    ):
        client.get(LIST)


def test_an_editor_creates_an_application(client, organization):
    client.force_login(MembershipFactory.create(organization=organization, role_id=EDITOR_ROLE).user)

    page = client.post(f"{LIST}/new", {"kind": "application", "name": " Fish Shop "}, follow=True)

    unit = Unit.objects.get()
    assert (unit.kind, unit.name, unit.slug) == ("application", "Fish Shop", "fish-shop")
    assert page.redirect_chain == [(f"{LIST}/{unit.pk}", 302)]
    assert "Fish Shop has been created." in visible_text(page)


def test_a_viewer_cannot_create_one(client, organization, member):
    client.force_login(member)

    page = client.post(f"{LIST}/new", {"kind": "workspace", "name": "Boats"})

    assert page.status_code == 403
    assert "You don't have the permission for this." in visible_text(page)
    assert not Unit.objects.exists()


def test_a_name_is_required(client, owner, organization):
    client.force_login(owner)

    page = client.post(f"{LIST}/new", {"kind": "workspace", "name": " "})

    assert page.status_code == 400
    assert "This field is required." in visible_text(page)


def test_the_page_shows_who_has_a_role(client, owner, organization, workspace, page_of_workspace):
    person = UserFactory.create(email="ada@example.com", first_name="Ada", last_name="Lovelace")
    MembershipFactory.create(organization=organization, user=person, unit_roles={workspace: UNIT_EDITOR_ROLE})
    client.force_login(owner)

    assert visible_text(client.get(page_of_workspace))[-15:] == [
        "Boats",
        "Kind",
        "Workspace",
        "Name in URLs",
        "boats",
        "Change",
        "Delete",
        "People with a role here",
        "Ada Lovelace",
        "ada@example.com",
        "Editor",
        "Change",
        "Invite a person",
        "Members and open invitations",
        "To give a member a role here, open their page on People, and change their access to workspaces.",
    ]


def test_the_links_of_the_page_choose_the_workspace(client, owner, organization, workspace, page_of_workspace):
    person = MembershipFactory.create(organization=organization, unit_roles={workspace: UNIT_EDITOR_ROLE})
    client.force_login(owner)
    html = client.get(page_of_workspace).content.decode()
    pages = {
        f"/organizations/riverside/members/{person.pk}/access?unit={workspace.pk}": "unit_id",
        f"/organizations/riverside/invite?unit={workspace.pk}": "unit_id",
        f"/organizations/riverside/people?unit={workspace.pk}": "unit",
    }

    for address, field in pages.items():
        assert f'href="{address}"' in html
        assert str(client.get(address).context["form"][field].value()) == str(workspace.pk)


def test_a_manager_of_the_workspace_sees_the_links_to_its_people(client, organization, workspace, page_of_workspace):
    role = RoleFactory.create(organization=organization, level="unit", permissions=["unit:manage_members"])
    manager = MembershipFactory.create(
        organization=organization, role_id=UNASSIGNED_ROLE, unit_roles={workspace: role.pk}
    )
    client.force_login(manager.user)

    assert "Invite a person" in visible_text(client.get(page_of_workspace))


def test_a_viewer_sees_no_buttons(client, member, page_of_workspace):
    client.force_login(member)

    text = visible_text(client.get(page_of_workspace))

    assert not {"Change", "Delete", "Invite a person"} & set(text)


def test_an_admin_changes_name_and_slug(client, admin, workspace, page_of_workspace):
    client.force_login(admin)

    page = client.post(
        f"{page_of_workspace}/change", {"name": "Ships", "slug": "ships", "picture_url": ""}, follow=True
    )

    workspace.refresh_from_db()
    assert (workspace.name, workspace.slug) == ("Ships", "ships")
    assert "Your changes have been saved." in visible_text(page)


@pytest.mark.parametrize(
    ("slug", "status", "said"),
    [
        ("taken", 409, "This name in URLs is taken. Choose another one."),
        ("No Slug", 400, "Use 3 to 128 lower-case letters, digits and hyphens, and nothing that looks like an ID."),
    ],
)
def test_a_slug_that_is_not_possible_is_refused_at_its_field(
    client, admin, organization, workspace, page_of_workspace, slug, status, said
):
    UnitFactory.create(organization=organization, slug="taken")
    client.force_login(admin)

    page = client.post(f"{page_of_workspace}/change", {"name": "Boats", "slug": slug})

    assert page.status_code == status
    assert page.context["form"].errors["slug"] == [said]


def test_deleting_asks_first(client, owner, workspace, page_of_workspace):
    client.force_login(owner)

    assert visible_text(client.get(f"{page_of_workspace}/delete"))[-5:] == [
        "Delete Boats?",
        "The roles that members have in it end. They stay members of the organization.",
        "This can't be undone.",
        "Delete",
        "Cancel",
    ]
    assert Unit.objects.exists()

    page = client.post(f"{page_of_workspace}/delete", follow=True)

    assert page.redirect_chain == [(LIST, 302)]
    assert not Unit.objects.exists()


def test_one_that_an_invitation_names_is_not_deleted(client, owner, organization, workspace, page_of_workspace):
    InvitationFactory.create(organization=organization, inviter=owner, unit=workspace, unit_role_id=UNIT_EDITOR_ROLE)
    client.force_login(owner)

    page = client.post(f"{page_of_workspace}/delete")

    assert page.status_code == 409
    assert "An open invitation gives access to it. Withdraw the invitation first." in visible_text(page)
    assert Unit.objects.exists()
