"""Test *People*: members and invitations in one list, with a search and filters."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.relative_time import relative_time
from invitations.models import Invitation
from orgs.models import Membership
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.factories import EmailFactory, InvitationFactory, MembershipFactory, RoleFactory, UnitFactory, UserFactory
from tests.support.pages import visible_text
from tests.support.queries import assert_queries

PAGE = "/organizations/riverside/people"
THEN = datetime(2026, 6, 1, 14, 5, tzinfo=UTC)
LATER = datetime(2099, 6, 1, 14, 5, tzinfo=UTC)
FILES = ["Download the members as CSV", "Download the invitations as CSV"]
NAMES = ["Owner Cast", "Admin Cast", "Member Cast"]


def listed(page):
    """Return the links of the rows: names of members, and invited addresses."""
    html = page.content.decode()
    _, _, rows = html.partition('<ul class="rows people">')
    rows, _, _ = rows.partition("</ul>")
    return [line.split("</a>")[0].split(">")[-1] for line in rows.split('<a href="/organizations/riverside/')[1:]]


@pytest.fixture
def _moments(organization):
    yield
    Membership.objects.update(created_at=THEN)


def test_invitations_come_first_and_then_members_in_the_order_in_which_they_joined(signed_in, invitation, owner):
    assert listed(signed_in(owner).get(PAGE)) == ["invitee@example.com", *NAMES]


def test_each_row_says_the_role_who_invited_the_person_and_when(signed_in, invitation, organization, owner):
    joined = UserFactory.create(email="joined@example.com", first_name="Joan", last_name="Clarke")
    MembershipFactory.create(organization=organization, user=joined, role_id=EDITOR_ROLE)
    InvitationFactory.create(organization=organization, invitee=joined, inviter=owner, accepted=True)
    Membership.objects.update(created_at=THEN)
    Invitation.objects.update(created_at=THEN, expires_at=LATER)
    ago = relative_time(THEN)

    text = visible_text(signed_in(owner).get(PAGE))

    assert text[text.index("Search", text.index("Filters")) + 1 :] == [
        *("Selected invitations", "All invitations in this list, also on other pages"),
        *("Send again", "Extend", "Withdraw"),
        *("invitee@example.com", "Open", "Editor", f"Invited by Owner Cast, {ago}", f"Expires {relative_time(LATER)}"),
        *("Owner Cast", "You", "owner@example.com", "Owner", f"Joined {ago}"),
        *("Admin Cast", "admin@example.com", "Admin", f"Joined {ago}"),
        *("Member Cast", "member@example.com", "Viewer", f"Joined {ago}"),
        *("Joan Clarke", "joined@example.com", "Editor", f"Joined {ago}", f"Invited by Owner Cast, {ago}"),
        *FILES,
    ]


@pytest.mark.parametrize("change", ["left", "lost the permission", "deactivated"])
def test_what_nobody_can_accept_must_be_sent_again(signed_in, organization, owner, admin, change):
    InvitationFactory.create(organization=organization, email="ann@example.com", inviter=admin)
    InvitationFactory.create(organization=organization, email="bob@example.com", inviter=owner)
    membership = admin.memberships.get()
    if change == "left":
        membership.delete()
    elif change == "lost the permission":
        membership.assignments.update(role_id=VIEWER_ROLE)
    else:
        admin.is_active = False
        admin.save()

    text = visible_text(signed_in(owner).get(PAGE))

    badges = {address: text[text.index(address) + 1] for address in ("ann@example.com", "bob@example.com")}
    assert badges == {"ann@example.com": "Must be sent again", "bob@example.com": "Open"}
    assert sum(line.startswith("Expires") for line in text) == 1


def test_an_open_invitation_of_staff_is_open(signed_in, organization, owner, staff_member):
    InvitationFactory.create(organization=organization, email="ann@example.com", inviter=staff_member, inviter_name="")

    text = visible_text(signed_in(owner).get(PAGE))

    assert text[text.index("ann@example.com") + 1] == "Open"


def test_the_state_is_an_adjective_in_german(signed_in, invitation, owner):
    text = visible_text(signed_in(owner).get(PAGE, headers={"Accept-Language": "de"}))

    assert text[text.index("invitee@example.com") + 1] == "Offen"


def test_what_needs_help_comes_first_with_the_reason(signed_in, invitation, organization, owner):
    InvitationFactory.create(organization=organization, email="gone@example.com", inviter=owner, undeliverable=True)
    EmailFactory.create(invitation=invitation, state="deferred", response="451 4.7.1 Greylisted")

    page = signed_in(owner).get(PAGE)

    assert listed(page)[:2] == ["gone@example.com", "invitee@example.com"]
    text = visible_text(page)
    assert text[text.index("gone@example.com") + 1] == "Undeliverable"
    problem = text.index("The email could not be delivered yet. We'll try again.")
    assert text[problem + 1] == "451 4.7.1 Greylisted"


def test_a_scheduled_email_says_when_it_will_be_sent(signed_in, invitation, owner):
    EmailFactory.create(invitation=invitation, state="scheduled", due_at=LATER)

    text = visible_text(signed_in(owner).get(PAGE))

    assert f"The email will be sent {relative_time(LATER)}, because of the daily limit." in text


def test_an_undeliverable_invitation_disappears_when_its_address_was_corrected(signed_in, organization, owner):
    newer = InvitationFactory.create(organization=organization, email="right@example.com", inviter=owner)
    InvitationFactory.create(
        organization=organization, email="wrong@example.com", inviter=owner, undeliverable=True, superseded_by=newer
    )

    assert listed(signed_in(owner).get(PAGE)) == ["right@example.com", *NAMES]


# Who sees what


def test_a_member_who_manages_nobody_sees_members_only(signed_in, invitation, member):
    page = signed_in(member).get(PAGE)

    assert listed(page) == NAMES
    assert "Show" not in visible_text(page)
    assert "Invited by" not in page.content.decode()
    assert listed(signed_in(member).get(f"{PAGE}?shown=open")) == NAMES


def test_a_member_without_any_permission_sees_and_finds_no_address(signed_in, organization, invitee):
    role = RoleFactory.create(organization=organization, name="Guest")
    MembershipFactory.create(organization=organization, user=invitee, role_id=role.pk)
    client = signed_in(invitee)

    page = client.get(PAGE)
    assert listed(page) == [*NAMES, "Invitee Cast"]
    assert "owner@example.com" not in page.content.decode()
    assert listed(client.get(f"{PAGE}?search=example.com")) == ["Invitee Cast"]
    assert listed(client.get(f"{PAGE}?search=owner@example.com")) == []


def test_who_manages_a_unit_sees_the_invitations_to_it(signed_in, invitation, organization, owner, invitee):
    unit = UnitFactory.create(organization=organization)
    managers = RoleFactory.create(organization=organization, level="unit", permissions=["unit:manage_members"])
    MembershipFactory.create(organization=organization, user=invitee, unit_roles={unit: managers.pk})
    InvitationFactory.create(organization=organization, email="to-unit@example.com", inviter=owner, unit=unit)

    assert listed(signed_in(invitee).get(PAGE))[:2] == ["to-unit@example.com", "Owner Cast"]


# Search and filters


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=adm", ["Admin Cast"]),
        ("search=ADMIN+cast", ["Admin Cast"]),
        ("search=vitee@ex", ["invitee@example.com"]),
        ("search=Invitee@EXAMPLE.com", ["invitee@example.com"]),
        ("search=%25", []),
        ("search=_", []),
        ("shown=members", NAMES),
        ("shown=open", ["invitee@example.com"]),
        ("shown=waiting", ["waits@example.com"]),
        ("shown=undeliverable", ["gone@example.com"]),
        ("shown=expired", ["overdue@example.com", "late@example.com"]),
        ("shown=declined", ["no@example.com"]),
        ("shown=withdrawn", ["withdrawn@example.com"]),
        (f"role={EDITOR_ROLE}", ["invitee@example.com"]),
        (f"role={ADMIN_ROLE}", ["Admin Cast"]),
        (f"role={VIEWER_ROLE}&search=nobody", []),
    ],
)
def test_the_list_is_searched_and_filtered(signed_in, invitation, organization, owner, query, found):
    invitations: dict[str, dict[str, Any]] = {
        "waits": {"waiting": True, "invitee": UserFactory.create(email="waits@example.com")},
        "gone": {"undeliverable": True},
        "late": {"expired": True},
        "overdue": {"overdue": True},
        "no": {"declined": True},
        "withdrawn": {"cancelled": True},
    }
    for name, values in invitations.items():
        InvitationFactory.create(organization=organization, email=f"{name}@example.com", inviter=owner, **values)

    page = signed_in(owner).get(f"{PAGE}?{query}")

    assert (page.status_code, listed(page)) == (200, found)
    assert ("Nobody matches this search." in visible_text(page)) == (not found)


def test_a_search_counts_the_invitations_that_ended_and_leads_to_them(signed_in, organization, owner, stranger):
    for name, values in {"no": {"declined": True}, "back": {"cancelled": True}, "late": {"overdue": True}}.items():
        InvitationFactory.create(
            organization=organization, email=f"{name}@example.com", invitee_name="Ann Lee", inviter=owner, **values
        )
    InvitationFactory.create(organization=organization, email="ann@example.com", inviter=owner)
    client = signed_in(owner)

    page = client.get(f"{PAGE}?search=ann&page=1")

    assert listed(page) == ["ann@example.com"]
    text = visible_text(page)
    said = text.index("3 declined, withdrawn or expired invitations match:")
    assert text[said + 1] == "Show"
    assert 'href="?search=ann&amp;shown=ended"' in page.content.decode()
    assert sorted(listed(client.get(f"{PAGE}?search=ann&shown=ended"))) == [
        "back@example.com", "late@example.com", "no@example.com",
    ]  # fmt: skip
    only = visible_text(client.get(f"{PAGE}?search=late"))
    assert "1 declined, withdrawn or expired invitation matches:" in only
    assert "Nobody matches this search." not in only
    assert not any("invitations match" in line for line in visible_text(client.get(PAGE)))


def test_the_filter_by_workspace_finds_members_and_invitations(signed_in, organization, owner, member):
    unit, other = UnitFactory.create_batch(2, organization=organization)
    membership = Membership.objects.get(user=member)
    membership.assignments.create(unit=unit, role_id=UNIT_EDITOR_ROLE)
    for place, name in ((unit, "here"), (other, "there")):
        InvitationFactory.create(
            organization=organization, email=f"{name}@example.com", inviter=owner, unit=place,
            unit_role_id=UNIT_VIEWER_ROLE,
        )  # fmt: skip
    client = signed_in(owner)

    assert listed(client.get(f"{PAGE}?unit={unit.pk}")) == ["here@example.com", "Member Cast"]
    assert listed(client.get(f"{PAGE}?unit={unit.pk}&role={UNIT_EDITOR_ROLE}")) == ["Member Cast"]
    assert listed(client.get(f"{PAGE}?role={UNIT_VIEWER_ROLE}")) == ["there@example.com", "here@example.com"]


def test_nobody_finds_a_role_in_a_workspace_that_they_may_not_see(signed_in, organization, member, invitee):
    unit = UnitFactory.create(organization=organization)
    Membership.objects.get(user=member).assignments.create(unit=unit, role_id=UNIT_EDITOR_ROLE)
    guest = RoleFactory.create(organization=organization, name="Guest")
    MembershipFactory.create(organization=organization, user=invitee, role_id=guest.pk)
    query = f"{PAGE}?role={UNIT_EDITOR_ROLE}"

    assert listed(signed_in(member).get(query)) == ["Member Cast"]
    assert listed(signed_in(invitee).get(query)) == []


@pytest.mark.parametrize("query", ["shown=nonsense", "role=nonsense", f"search={'x+' * 9}", f"search={'x' * 257}"])
def test_a_filter_that_is_not_valid_is_refused(signed_in, organization, owner, query):
    page = signed_in(owner).get(f"{PAGE}?{query}")

    assert (page.status_code, listed(page)) == (400, [])
    assert "Please change the search." in visible_text(page)


@pytest.mark.parametrize("query", ["search=%00", "page=0", "page=-1", "page=x", "page=99999999999999999999"])
def test_nonsense_in_the_query_breaks_nothing(signed_in, organization, owner, query):
    assert signed_in(owner).get(f"{PAGE}?{query}").status_code in (200, 400)


def test_a_large_organization_is_searched_by_the_whole_address(signed_in, invitation, organization, owner, monkeypatch):
    monkeypatch.setattr("core.word_search.MAX_SEARCHED", 2)
    client = signed_in(owner)

    page = client.get(f"{PAGE}?search=admin")
    assert listed(page) == []
    assert "This organization has many members, so you can only search for a whole email address." in visible_text(page)
    assert listed(client.get(f"{PAGE}?search=Admin@example.com")) == ["Admin Cast"]
    assert listed(client.get(f"{PAGE}?search=invitee@example.com")) == ["invitee@example.com"]


# Pages


def test_the_pages_of_the_list_continue_from_invitations_to_members(signed_in, organization, owner):
    for number in range(52):
        InvitationFactory.create(organization=organization, email=f"{number:02}@example.com", inviter=owner)
    client = signed_in(owner)

    first, second = client.get(PAGE), client.get(f"{PAGE}?page=2")

    assert listed(first) == [f"{number:02}@example.com" for number in range(51, 1, -1)]
    assert listed(second) == ["01@example.com", "00@example.com", *NAMES]
    assert visible_text(first)[-4:] == ["Page 1", "Next page", *FILES]
    assert visible_text(second)[-4:] == ["Previous page", "Page 2", *FILES]
    filtered = client.get(f"{PAGE}?shown=open&page=1").content.decode()
    assert 'href="?shown=open&amp;page=2"' in filtered


def test_the_number_of_rows_does_not_change_the_queries(signed_in, organization, owner):
    unit = UnitFactory.create(organization=organization)
    for _ in range(3):
        MembershipFactory.create(organization=organization, unit_roles={unit: UNIT_EDITOR_ROLE})
        InvitationFactory.create(organization=organization, inviter=owner, undeliverable=True)
        InvitationFactory.create(organization=organization, inviter=owner, unit=unit)
    client = signed_in(owner)

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        units="SELECT orgs_unit",
        undeliverable="SELECT invitations_invitation",
        waiting="SELECT invitations_invitation",
        open="SELECT invitations_invitation",
        members="SELECT orgs_membership",
        roles_of_members="SELECT orgs_roleassignment",
        what_inviters_can_offer="SELECT orgs_roleassignment",
        inviters="SELECT invitations_invitation",
        choices_of_roles="SELECT orgs_role",
        choices_of_units="SELECT orgs_unit",
    ):
        client.get(PAGE)
