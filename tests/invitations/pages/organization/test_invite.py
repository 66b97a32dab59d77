"""Test *Invite*: the form for one invitation."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from invitations.email.models import Email
from invitations.models import Invitation
from invitations.pages.organization.invite import announced
from orgs.models import Organization
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, OWNER_ROLE, UNASSIGNED_ROLE, UNIT_VIEWER_ROLE
from tests.factories import MembershipFactory, RoleFactory, UnitFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text
from tests.support.queries import assert_queries

PAGE = "/organizations/riverside/invite"
NOT_OFFERED = "Select a valid choice. That choice is not one of the available choices."
GIVEN = {"email": "new@example.com", "role_id": str(EDITOR_ROLE), "language": "de", "lifetime_days": "14"}


@pytest.mark.parametrize("name", ["owner", "admin"])
def test_a_manager_invites_a_person(signed_in, organization, request, name):
    inviter = request.getfixturevalue(name)
    unit = UnitFactory.create(organization=organization)
    given = {**GIVEN, "unit_id": str(unit.pk), "unit_role_id": str(UNIT_VIEWER_ROLE)}
    given |= {"invitee_name": "Ann", "message": "Hello\r\nAnn"}

    page = signed_in(inviter).post(PAGE, {**given, "email": " Ann Lee <New@Example.com> "}, follow=True)

    assert page.redirect_chain == [("/organizations/riverside/people", 302)]
    assert visible_text(page)[0] == "We'll email new@example.com a link to join."
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role_id, invitation.language) == ("new@example.com", EDITOR_ROLE, "de")
    assert (invitation.unit, invitation.unit_role_id, invitation.inviter) == (unit, UNIT_VIEWER_ROLE, inviter)
    assert (invitation.expires_at - invitation.created_at).days in (13, 14)
    assert (invitation.invitee_name, invitation.message) == ("Ann", "Hello\nAnn")
    assert invitation.emails.count() == 1


def test_the_form_begins_with_the_default_role_of_the_organization(signed_in, organization, admin):
    client = signed_in(admin)
    assert f'<option value="{UNASSIGNED_ROLE}" selected>' in client.get(PAGE).content.decode()

    Organization.objects.update(default_role=EDITOR_ROLE)
    assert f'<option value="{EDITOR_ROLE}" selected>' in client.get(PAGE).content.decode()


def test_nobody_is_offered_more_than_they_may_give(signed_in, organization, admin, invitee):
    html = signed_in(admin).get(PAGE).content.decode()
    assert str(OWNER_ROLE) not in html

    managers = RoleFactory.create(organization=organization, permissions=["organization:manage_members"])
    MembershipFactory.create(organization=organization, user=invitee, role_id=managers.pk)
    html = signed_in(invitee).get(PAGE).content.decode()
    assert str(ADMIN_ROLE) not in html
    assert str(managers.pk) in html


def test_who_manages_a_unit_invites_only_to_it(signed_in, organization, invitee):
    unit, other = UnitFactory.create_batch(2, organization=organization)
    managers = RoleFactory.create(
        organization=organization, level="unit", permissions=["unit:manage_members", "unit:view"]
    )
    MembershipFactory.create(organization=organization, user=invitee, unit_roles={unit: managers.pk})
    client = signed_in(invitee)
    html = client.get(PAGE).content.decode()
    assert (str(unit.pk) in html, str(other.pk) in html) == (True, False)

    given = {**GIVEN, "role_id": str(UNASSIGNED_ROLE)}
    assert client.post(PAGE, given).status_code == 400
    chosen = {**given, "unit_id": str(unit.pk), "unit_role_id": str(UNIT_VIEWER_ROLE)}
    assert client.post(PAGE, chosen).status_code == 302


def in_units(*units, role=UNIT_VIEWER_ROLE):
    """Return the values of the rows for these units."""
    rows: dict[str, str] = {}
    for number, unit in enumerate(units, start=1):
        suffix = "" if number == 1 else f"_{number}"
        rows |= {f"unit_id{suffix}": str(unit.pk), f"unit_role_id{suffix}": str(role)}
    return rows


def test_a_person_is_invited_to_several_units_with_one_email(signed_in, organization, owner):
    units = UnitFactory.create_batch(3, organization=organization)
    given = {**GIVEN, **in_units(*units), "unit_id_2": "", "unit_role_id_2": "", "message": "Hello"}

    client = signed_in(owner)
    page = client.post(PAGE, given, follow=True)

    said = f"We'll email new@example.com one link to join both {units[0].name} and {units[2].name}."
    assert visible_text(page)[0] == said
    first, second = Invitation.objects.order_by("id")
    assert [first.unit, second.unit] == [units[0], units[2]]
    for invitation in (first, second):
        assert (invitation.shares_email_of_id, invitation.role_id, invitation.message) == (
            first.pk,
            EDITOR_ROLE,
            "Hello",
        )
    assert Email.objects.get().invitation == first
    for shown, linked in ((first, second), (second, first)):
        text = visible_text(page := client.get(f"/organizations/riverside/invitations/{shown.pk}"))
        assert text[text.index("In the same email") + 1 :][:2] == [
            f"{linked.unit and linked.unit.name}, as Viewer",
            "Open",
        ]
        assert page.content.decode().count(f'href="/organizations/riverside/invitations/{linked.pk}"') == 1


def test_three_units_are_counted():
    assert announced("new@example.com", ["One", "Two", "Three"]) == (
        "We'll email new@example.com one link to join all 3 workspaces and applications."
    )


def test_a_button_adds_a_row_keeps_what_was_entered_and_sends_nothing(signed_in, organization, owner):
    units = UnitFactory.create_batch(3, organization=organization)
    client = signed_in(owner)
    assert "Add another one" in visible_text(client.get(PAGE))

    with track_changes() as changes:
        page = client.post(PAGE, {**GIVEN, "email": "", "message": "Hello", **in_units(*units[:2]), "add_unit": "1"})

    assert page.status_code == 200
    assert changes.nothing
    html = page.content.decode()
    assert "This field is required." not in html
    assert "Hello" in html
    assert [html.count(f'<option value="{unit.pk}" selected>') for unit in units] == [1, 1, 0]
    assert 'name="unit_id_3" autofocus' in html
    assert "Add another one" not in visible_text(page)  # there is a row for each unit


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unit_role_id_2": ""}, "Choose a role there."),
        ({"unit_id_2": ""}, "Choose a workspace or application."),
        ({"unit_id_2": "same"}, "You have chosen it twice."),
    ],
)
def test_every_row_needs_another_unit_and_a_role(signed_in, organization, owner, changed, said):
    units = UnitFactory.create_batch(2, organization=organization)
    rows = {**in_units(*units), **changed}
    rows["unit_id_2"] = str(units[0].pk) if rows["unit_id_2"] == "same" else rows["unit_id_2"]
    client = signed_in(owner)

    with track_changes() as changes:
        page = client.post(PAGE, {**GIVEN, **rows})

    assert page.status_code == 400
    assert said in visible_text(page)
    assert changes.nothing


def test_further_rows_offer_and_take_only_what_the_first_one_does(signed_in, organization, owner, stranger):
    own, other = UnitFactory.create(organization=organization), UnitFactory.create()
    client = signed_in(owner)

    for wrong in ({"unit_id_2": str(other.pk)}, {"unit_role_id_2": str(OWNER_ROLE)}):
        page = client.post(PAGE, {**GIVEN, **in_units(own, own), **wrong})
        assert page.status_code == 400
        assert NOT_OFFERED in visible_text(page)
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_member_who_manages_nobody_cannot_invite(signed_in, organization, member, method):
    client = signed_in(member)

    with track_changes() as changes:
        page = getattr(client, method)(PAGE, GIVEN)

    assert page.status_code == 403
    assert visible_text(page)[-3:] == [
        "You can't see this page",
        "You don't have the permission for this.",
        "An owner of the organization can change your role.",
    ]
    assert changes.nothing


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"email": "nonsense"}, 400, "Enter a valid email address."),
        ({"email": ""}, 400, "This field is required."),
        ({"email": "member@example.com"}, 409, "This person is already a member."),
        ({"email": "invitee@example.com"}, 409, "This address has an open invitation. You find it on the page People."),
        (
            {"role_id": str(UNIT_VIEWER_ROLE)},
            400,
            "Select a valid choice. That choice is not one of the available choices.",
        ),
        ({"lifetime_days": "31"}, 400, "Ensure this value is less than or equal to 30."),
        ({"unit_role_id": str(UNIT_VIEWER_ROLE)}, 400, "Choose a workspace or application."),
    ],
)
def test_a_refused_invitation_says_why_and_changes_nothing(
    signed_in, invitation, organization, owner, changed, status, said
):
    UnitFactory.create(organization=organization)
    client = signed_in(owner)

    with track_changes() as changes:
        page = client.post(PAGE, {**GIVEN, **changed})

    assert page.status_code == status
    assert said in visible_text(page)
    assert changes.nothing


def test_the_seat_limit_is_explained(signed_in, organization, owner):
    Organization.objects.update(seat_limit=3)

    page = signed_in(owner).post(PAGE, GIVEN)

    assert page.status_code == 409
    assert "All seats are taken." in visible_text(page)


def test_the_page_takes_a_fixed_number_of_queries(signed_in, organization, owner):
    UnitFactory.create_batch(3, organization=organization)
    client = signed_in(owner)

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        roles="SELECT orgs_role",
        has_units="COUNT orgs_unit",
        choices_of_roles="SELECT orgs_role",
        choices_of_units="SELECT orgs_unit",
        choices_of_unit_roles="SELECT orgs_role",
    ):
        client.get(PAGE)


def test_further_rows_take_no_further_queries(signed_in, organization, owner):
    units = UnitFactory.create_batch(4, organization=organization)
    client = signed_in(owner)
    counts = []
    for rows in (2, 3):
        with CaptureQueriesContext(connection) as captured:
            client.post(PAGE, {**GIVEN, **in_units(*units[:rows]), "add_unit": "1"})
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_the_form_needs_a_csrf_token(organization, owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)

    assert client.post(PAGE, GIVEN).status_code == 403
    assert not Invitation.objects.exists()
