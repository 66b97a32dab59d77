"""GET /organization-members: the members of the current organization."""

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import Method
from core.api.serializers import format_time
from orgs.actions.accounts import register_system_user
from orgs.models import Membership, Role
from orgs.permissions import MANAGE_BILLING, UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.factories import MembershipFactory, RoleAssignmentFactory, UserFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    API,
    BUILT_IN,
    NO_ORGANIZATION_YET,
    OUTSIDER,
    invalid_query,
    listed,
    member_row,
    role,
    said,
)
from tests.support.people import membership_of
from tests.support.queries import assert_queries

PATH = f"{API}/organization-members"
MESSAGE = "Members retrieved successfully"


def emails(client, **query):
    status, body = said(client.get(PATH, query))
    assert status == 200, body
    return [row["email"] for row in body["data"]]


def test_all_fields_of_a_member_are_shown(by, organization, member, workspace):
    User.objects.filter(pk=member.pk).update(avatar_url="https://example.com/me.png")
    row = membership_of(member, organization)
    Membership.objects.filter(pk=row.pk).update(permissions=[MANAGE_BILLING])
    RoleAssignmentFactory.create(membership=row, unit=workspace, role_id=UNIT_EDITOR_ROLE)

    assert said(by("owner").get(PATH, {"email": "member@example.com"})) == listed(
        MESSAGE,
        [
            {
                "id": str(row.pk),
                "userId": str(member.pk),
                "kind": "client",
                "firstName": "Member",
                "lastName": "Cast",
                "name": "Member Cast",
                "email": "member@example.com",
                "avatarUrl": "https://example.com/me.png",
                "role": {"id": str(VIEWER_ROLE), "name": "viewer"},
                "permissions": ["organization:manage_billing"],
                "effectivePermissions": ["organization:list_projects", "organization:manage_billing"],
                "units": [
                    {
                        "id": str(workspace.pk),
                        "kind": "workspace",
                        "slug": "design",
                        "name": "Design",
                        "role": role("editor", "unit"),
                    }
                ],
                "joinedAt": format_time(row.created_at),
            }
        ],
    )


@pytest.mark.parametrize("who", ["owner", "admin", "member"])
def test_every_member_sees_every_member(by, organization, owner, admin, member, who):
    assert said(by(who).get(PATH)) == listed(
        MESSAGE, [member_row(user, organization) for user in (owner, admin, member)]
    )


def test_a_system_user_has_no_address(by, organization, owner, principal):
    robot = register_system_user(
        by=principal(owner), organization_id=organization.pk, name="Robot", role_id=VIEWER_ROLE
    )

    row = by("owner").get(PATH, {"sort": "joinedAt:desc", "limit": 1}).json()["data"][0]

    assert row == member_row(robot.user, organization)
    assert (row["kind"], row["name"], row["email"]) == ("system", "Robot", None)


def test_members_who_cannot_see_a_workspace_do_not_see_its_roles(by, organization, member, unassigned, workspace):
    RoleAssignmentFactory.create(
        membership=membership_of(member, organization), unit=workspace, role_id=UNIT_VIEWER_ROLE
    )

    seen = said(by("unassigned").get(PATH, {"role": "viewer"}))

    assert seen == listed(MESSAGE, [member_row(member, organization, email=None)])


def test_collaborators_of_a_workspace_see_its_roles(by, organization, member, unassigned, workspace):
    for user in (member, unassigned):
        RoleAssignmentFactory.create(
            membership=membership_of(user, organization), unit=workspace, role_id=UNIT_VIEWER_ROLE
        )

    rows = by("unassigned").get(PATH, {"email": "member@example.com"}).json()["data"]

    assert [unit["slug"] for unit in rows[0]["units"]] == ["design"]


def test_who_has_no_permission_sees_no_address_but_their_own(by, organization, owner, member, unassigned, workspace):
    User.objects.filter(pk=owner.pk).update(first_name="", last_name="")
    people = [row["name"] for row in by("owner").get(PATH).json()["data"]]

    rows = by("unassigned").get(PATH).json()["data"]
    assert [(row["name"], row["email"]) for row in rows] == [
        ("Unnamed user", None),
        ("Admin Cast", None),
        ("Member Cast", None),
        ("Unassigned Cast", "unassigned@example.com"),
    ]
    assert people == ["owner@example.com", "Admin Cast", "Member Cast", "Unassigned Cast"]
    one = by("unassigned").get(f"{PATH}/{membership_of(member, organization).pk}").json()["data"]
    assert (one["name"], one["email"]) == ("Member Cast", None)


def test_who_has_no_permission_finds_nobody_by_their_address(by, organization, owner, unassigned):
    assert emails(by("unassigned"), email="owner@example.com") == []
    assert emails(by("unassigned"), email="UNASSIGNED@example.com") == ["unassigned@example.com"]


def test_any_permission_in_the_organization_or_in_a_unit_shows_the_addresses(
    by, organization, owner, unassigned, workspace
):
    row = membership_of(unassigned, organization)
    Membership.objects.filter(pk=row.pk).update(permissions=[MANAGE_BILLING])
    assert emails(by("unassigned"), email="owner@example.com") == ["owner@example.com"]

    Membership.objects.filter(pk=row.pk).update(permissions=[])
    RoleAssignmentFactory.create(membership=row, unit=workspace, role_id=UNIT_VIEWER_ROLE)
    assert emails(by("unassigned"), email="owner@example.com") == ["owner@example.com"]


def test_a_key_without_any_permission_sees_no_address_of_others(by, organization, owner, member):
    key = {"method": Method.API_KEY, "organization_id": organization.pk, "permissions": frozenset()}

    assert emails(by("owner", **key)) == ["owner@example.com", None, None]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("member@example.com", ["member@example.com"]),
        ("MEMBER@EXAMPLE.COM", ["member@example.com"]),
        ("ember@example.com", []),
        ("membe_@example.com", []),
        ("stranger@example.com", []),
        ("%@example.com", []),
        (" Member <member@example.com>", ["member@example.com"]),
    ],
)
def test_an_address_matches_completely_and_ignores_case(by, organization, other_organization, address, found):
    assert emails(by("owner"), email=address) == found


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("%", "Enter a valid email address."),
        ("member@", "Enter a valid email address."),
        (
            "m\u0131mber@example.com",
            "Email addresses with letters such as “\u0131” (U+0131) before the @ are not supported.",
        ),
    ],
)
def test_invalid_addresses_are_refused(by, organization, address, message):
    assert said(by("owner").get(PATH, {"email": address})) == invalid_query(email=[message])


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("member@example.com", ["member@example.com"]),
        ("MEMBER cast", ["member@example.com"]),
        ("own example", ["owner@example.com"]),
        ("mem%", []),
        ("someone", []),
    ],
)
def test_a_search_finds_each_word_in_a_name_or_an_address(by, organization, owner, member, search, found):
    assert emails(by("owner"), search=search) == found


def test_who_has_no_permission_searches_names_and_their_own_address_only(by, organization, owner, member, unassigned):
    assert emails(by("unassigned"), search="owner@example.com") == []
    assert emails(by("unassigned"), search="member") == [None]
    assert emails(by("unassigned"), search="unassigned@example") == ["unassigned@example.com"]


def test_a_large_organization_is_searched_for_whole_addresses_only(by, organization, owner, member, monkeypatch):
    monkeypatch.setattr("core.word_search.MAX_SEARCHED", 1)

    assert emails(by("owner"), search="Member@example.com") == ["member@example.com"]
    assert said(by("owner").get(PATH, {"search": "member"})) == invalid_query(
        search=["This list is too large. Search for a whole address."]
    )


def test_roles_are_filtered_by_id_or_built_in_name(by, organization, manager):
    own = Role.objects.get(organization=organization)

    assert emails(by("owner"), role="viewer") == ["member@example.com"]
    assert emails(by("owner"), role=BUILT_IN["organization", "admin"]) == ["admin@example.com"]
    assert emails(by("owner"), role=str(own.pk)) == ["manager@example.com"]
    assert emails(by("owner"), role=ABSENT) == []


def test_unit_roles_do_not_count(by, organization, member, workspace):
    RoleAssignmentFactory.create(
        membership=membership_of(member, organization), unit=workspace, role_id=UNIT_VIEWER_ROLE
    )

    assert emails(by("owner"), role=BUILT_IN["unit", "viewer"]) == []


def test_filters_can_be_combined(by, organization):
    assert emails(by("owner"), role="viewer", email="admin@example.com") == []


def test_sorting(by, organization, owner, admin, member):
    User.objects.filter(pk=owner.pk).update(first_name="Zoe", last_name="Adams")

    assert emails(by("owner"), sort="joinedAt:desc")[-1] == "owner@example.com"
    assert emails(by("owner"), sort="firstName:asc")[-1] == "owner@example.com"
    assert emails(by("owner"), sort="lastName:asc")[0] == "owner@example.com"


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        (
            "role=janitor",
            {"role": ["Use the id of a role or one of owner, admin, editor, viewer, unassigned."]},
        ),
        ("email=", {"email": ["Enter a valid email address."]}),
        ("email=a@example.com&email=b@example.com", {"email": ["This parameter must not be repeated."]}),
        ("page=one", {"page": ["A whole number from 1 to 2147483647 is expected."]}),
        ("name=Member", {"name": ["This parameter is unknown."]}),
    ],
)
def test_errors_name_the_invalid_parameters(by, organization, query, fields):
    assert said(by("owner").get(f"{PATH}?{query}")) == invalid_query(**fields)


def test_pages_follow_each_other(by, organization):
    first, second = (by("owner").get(PATH, {"limit": 2, "page": page}).json() for page in (1, 2))

    assert [row["firstName"] for row in first["data"] + second["data"]] == ["Owner", "Admin", "Member"]
    assert second["pagination"] == {
        "page": 2,
        "limit": 2,
        "total": 3,
        "pages": 2,
        "hasNext": False,
        "hasPrev": True,
    }


def test_the_header_names_another_organization(by, organization, other_organization, member, stranger):
    MembershipFactory.create(organization=other_organization, user=member, role_id=VIEWER_ROLE)
    headers = {"X-Organization-Id": str(other_organization.pk)}

    assert said(by("member").get(PATH, headers=headers)) == listed(
        MESSAGE, [member_row(stranger, other_organization), member_row(member, other_organization)]
    )


def test_foreign_archived_and_unknown_organizations_are_not_found(by, organization, other_organization):
    organization.deleted_at = timezone.now()
    organization.save()

    for who, name in (("stranger", organization.pk), ("stranger", ABSENT), ("owner", organization.pk)):
        client = by(who)
        with assert_queries(organization="SELECT orgs_roleassignment"):
            assert said(client.get(PATH, headers={"X-Organization-Id": str(name)})) == OUTSIDER


def test_a_key_sees_its_own_organization_only(by, organization, other_organization):
    client = by("owner", method=Method.API_KEY, organization_id=organization.pk)

    assert said(client.get(PATH, headers={"X-Organization-Id": str(other_organization.pk)})) == OUTSIDER


@pytest.mark.parametrize(("who", "answer"), [("anonymous", ANONYMOUS), ("invitee", NO_ORGANIZATION_YET)])
def test_non_members_are_refused(by, organization, who, answer):
    assert said(by(who).get(PATH)) == answer


@pytest.mark.parametrize("rows", [1, 30])
def test_the_number_of_queries_does_not_depend_on_the_rows(by, organization, workspace, rows):
    Membership.objects.exclude(user__email="owner@example.com").delete()
    for number in range(rows - 1):
        user = UserFactory.create(email=f"colleague-{number}@example.com", email_address=None)
        one = MembershipFactory.create(organization=organization, user=user)
        RoleAssignmentFactory.create(membership=one, role_id=VIEWER_ROLE)
        RoleAssignmentFactory.create(membership=one, role_id=UNIT_VIEWER_ROLE, unit=workspace)
    client = by("owner")

    with assert_queries(
        active="SELECT orgs_membership",
        organization="SELECT orgs_roleassignment",
        page="SELECT orgs_membership",
        roles="SELECT orgs_roleassignment",
    ):
        assert len(client.get(PATH, {"limit": 100}).json()["data"]) == rows
