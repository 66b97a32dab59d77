"""Test the page *Activity*: the audit log in words, its filters, its pages, and its file."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from accounts.models import User
from core.addresses import Address
from core.ids import first_uuid7, uuid7
from events.kinds import KINDS
from events.models import Event
from invitations.actions.answering import accept
from invitations.actions.inviting import invite
from invitations.pages.organization import activity_rows
from invitations.pages.organization.event_words import GROUPS, WORDS
from orgs.actions.api_keys import create_api_key
from orgs.actions.members import change_member_roles, leave_organization, remove_member, transfer_ownership
from orgs.actions.organizations import update_organization
from orgs.actions.roles import create_role, delete_role
from orgs.permissions import EDITOR_ROLE, LIST_PROJECTS, Level
from tests.factories import EventFactory, MembershipFactory
from tests.support.pages import visible_text
from tests.support.people import membership_of, session_of
from tests.support.queries import assert_queries

PAGE = "/organizations/riverside/activity"
FILE = f"{PAGE}.csv"


@pytest.fixture
def happened(organization, owner, member, invitee):
    """Somebody is invited and accepts; a member becomes an editor."""
    by = session_of(owner)
    invitation = invite(
        by=by, organization_id=organization.pk, email=Address("invitee@example.com"), role_id=EDITOR_ROLE
    )
    accept(by=session_of(invitee), invitation_id=invitation.pk)
    change_member_roles(
        by=by,
        organization_id=organization.pk,
        membership_id=membership_of(member, organization).pk,
        role_id=EDITOR_ROLE,
        permissions=frozenset({LIST_PROJECTS}),
    )
    return invitation


def rows_on(page):
    """Return the words, the subject, the actor and the details of each event on a page."""
    return [tuple(row[1:]) for row in page.context["rows"]]


def lines_of(response):
    return list(csv.reader(io.StringIO(response.getvalue().decode().removeprefix("\ufeff"))))


def test_every_kind_of_event_has_words_in_exactly_one_group():
    assert sorted(kind for _, kinds in GROUPS.values() for kind in kinds) == list(KINDS)
    assert WORDS.keys() == set(KINDS)


def test_every_kind_of_event_has_german_words():
    with translation.override("en"):
        english = {kind: str(words) for kind, words in WORDS.items()}
    with translation.override("de"):
        assert [kind for kind, words in WORDS.items() if str(words) == english[kind]] == []


def test_the_newest_events_come_first_in_words(client, admin, happened):
    client.force_login(admin)

    assert rows_on(client.get(PAGE)) == [
        (
            "Role or permissions of a member changed", "Member Cast", "Owner Cast",
            ["Role: Viewer → Editor", "Permissions: view all workspaces and applications"],
        ),
        ("Invitation accepted", "invitee@example.com", "Invitee Cast", []),
        ("Member added", "Invitee Cast", "Invitee Cast", ["Role: Editor"]),
        ("Invited", "invitee@example.com", "Owner Cast", ["Role: Editor"]),
    ]  # fmt: skip


def test_a_change_names_the_fields(client, organization, owner):
    update_organization(by=session_of(owner), organization_id=organization.pk, slug="river", description="By the river")
    client.force_login(owner)

    [settings, *_] = rows_on(client.get("/organizations/river/activity"))

    assert settings == ("Settings changed", "", "Owner Cast", ["Changed: description, name in URLs"])


@pytest.mark.parametrize("path", [PAGE, FILE])
def test_only_people_who_manage_members_see_it(client, organization, member, stranger, happened, path):
    client.force_login(member)
    page = client.get(path)
    assert page.status_code == 403
    assert "You don't have the permission for this." in visible_text(page)
    assert client.get(f"{path}?since=nonsense").status_code == 403

    client.force_login(stranger)
    assert client.get(path).status_code == 404


def test_somebody_who_has_left_is_shown_by_the_address_that_was_invited(client, organization, owner, invitee, happened):
    gone = membership_of(invitee, organization)
    remove_member(by=session_of(owner), organization_id=organization.pk, membership_id=gone.pk)
    client.force_login(owner)

    rows = rows_on(client.get(PAGE))

    assert rows[0] == ("Member removed", "invitee@example.com", "Owner Cast", [])
    assert rows[2] == ("Invitation accepted", "invitee@example.com", "invitee@example.com", [])


def test_a_founder_who_has_left_is_shown_by_the_name_on_the_invitations(client, organization, owner, admin, happened):
    transfer_ownership(
        by=session_of(owner), organization_id=organization.pk, membership_id=membership_of(admin, organization).pk
    )
    leave_organization(by=session_of(owner), organization_id=organization.pk)
    User.objects.filter(pk=owner.pk).update(first_name="Renamed")
    client.force_login(admin)

    page = client.get(PAGE)

    assert rows_on(page)[0] == ("Member left", "Owner Cast", "Owner Cast", [])
    assert "Renamed" not in page.content.decode()


def test_the_name_of_an_account_that_never_joined_is_not_shown(client, organization, owner, stranger):
    EventFactory.create(
        organization=organization, kind="invitation.declined", actor_id=stranger.pk, subject_type="invitation",
        subject_id=uuid7(),
    )  # fmt: skip
    client.force_login(owner)

    page = client.get(PAGE)

    assert rows_on(page) == [("Invitation declined", "", "Somebody who isn't a member", [])]
    assert "Stranger" not in page.content.decode()


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("staff", "Staff of this service"),
        ("link", "Somebody with the link"),
        ("service", "This service"),
        ("api_key", "Owner Cast, with an API key"),
        ("oauth2", "Owner Cast, through an OAuth application"),
        ("session", "Owner Cast"),
    ],
)
def test_it_is_said_who_acted_and_how(client, organization, owner, method, said):
    acts = method in ("staff", "api_key", "oauth2", "session")
    EventFactory.create(organization=organization, actor_method=method, actor_id=owner.pk if acts else None)
    client.force_login(owner)

    assert rows_on(client.get(PAGE)) == [("Settings changed", "", said, [])]


def test_api_keys_of_others_have_no_name(client, organization, owner, admin, member):
    create_api_key(by=session_of(member), organization_id=organization.pk, name="Laptop")
    client.force_login(admin)
    assert rows_on(client.get(PAGE)) == [("API key created", "", "Member Cast", [])]

    create_api_key(by=session_of(admin), organization_id=organization.pk, name="Desk")
    assert rows_on(client.get(PAGE))[0] == ("API key created", "Desk", "Admin Cast", [])


def test_a_deleted_role_is_named_as_deleted(client, organization, owner, member):
    by = session_of(owner)
    role = create_role(
        by=by, organization_id=organization.pk, name="Helper", permissions=frozenset(), level=Level.ORGANIZATION
    )
    delete_role(by=by, organization_id=organization.pk, role_id=role.pk, reassign_to=EDITOR_ROLE)
    client.force_login(owner)

    assert rows_on(client.get(PAGE)) == [
        ("Role deleted", "", "Owner Cast", ["New role: Editor"]),
        ("Role created", "", "Owner Cast", []),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("group=members", ["Role or permissions of a member changed", "Member added"]),
        ("group=invitations", ["Invitation accepted", "Invited"]),
        ("group=keys", []),
        ("person=Invitee@Example.com", ["Invitation accepted", "Member added", "Invited"]),
        ("person=member@example.com", ["Role or permissions of a member changed"]),
        ("person=member@example.com&group=invitations", []),
        ("person=nobody@example.com", []),
        ("since=2020-01-01&until=2099-01-01&group=keys", []),
        ("until=2020-01-01", []),
        ("since=2099-01-01", []),
    ],
)
def test_filters(client, owner, happened, query, expected):
    client.force_login(owner)

    page = client.get(f"{PAGE}?{query}")

    assert [row[0] for row in rows_on(page)] == expected
    assert [line[1] for line in lines_of(client.get(f"{FILE}?{query}"))[1:]] == expected
    if not expected:
        assert "No event matches." in visible_text(page)


def test_days_are_whole(client, organization, owner):
    for hour in (0, 23):
        moment = datetime(2026, 6, 1, hour, 30, tzinfo=UTC)
        EventFactory.create(organization=organization, id=first_uuid7(moment), created_at=moment)
    client.force_login(owner)

    for query, number in (
        ("since=2026-06-01&until=2026-06-01", 2), ("since=2026-06-02", 0), ("until=2026-05-31", 0),
    ):  # fmt: skip
        assert len(rows_on(client.get(f"{PAGE}?{query}"))) == number


@pytest.mark.parametrize(
    "query",
    ["group=nonsense", "since=nonsense", "until=2026-13-01", "since=0001-01-01", "until=9999-12-31", "person=nonsense"],
)
def test_a_filter_that_is_not_valid_is_refused(client, organization, owner, query):
    client.force_login(owner)

    for path in (PAGE, FILE):
        page = client.get(f"{path}?{query}")
        assert page.status_code == 400
        assert "Please change the filter." in visible_text(page)


def test_older_events_are_on_further_pages(client, organization, owner):
    events = [EventFactory.create(organization=organization) for _ in range(activity_rows.PAGE_SIZE + 2)]
    client.force_login(owner)

    first = client.get(f"{PAGE}?group=organization")
    assert [row[0].pk for row in first.context["rows"]] == [event.pk for event in reversed(events[2:])]
    assert "Older events" in visible_text(first)
    second = client.get(PAGE + first.context["older_address"])

    assert [row[0].pk for row in second.context["rows"]] == [events[1].pk, events[0].pk]
    assert "Older events" not in visible_text(second)
    assert second.context["newest_address"] == "?group=organization"
    assert [str(line[6]) for line in lines_of(client.get(FILE))[1:]] == [str(event.pk) for event in reversed(events)]


def test_a_page_looks_at_a_maximum_number_of_events(client, organization, owner, monkeypatch):
    monkeypatch.setattr(activity_rows, "MAX_SCANNED", 3)
    old = EventFactory.create(organization=organization, kind="role.created")
    for _ in range(3):
        EventFactory.create(organization=organization)
    client.force_login(owner)

    page = client.get(f"{PAGE}?group=roles")
    assert "Nothing found among the newest events." in visible_text(page)
    assert "Search in older events" in visible_text(page)
    older = client.get(PAGE + page.context["older_address"])

    assert [row[0].pk for row in older.context["rows"]] == [old.pk]


def test_a_file_has_all_events_of_many_windows(client, organization, owner, monkeypatch):
    monkeypatch.setattr(activity_rows, "SCANNED_FOR_FILE", 2)
    events = [EventFactory.create(organization=organization) for _ in range(5)]
    client.force_login(owner)

    for query in ("", "?group=organization"):
        assert [line[6] for line in lines_of(client.get(FILE + query))[1:]] == [str(one.pk) for one in reversed(events)]


def test_the_file_is_a_table_in_words(client, owner, happened):
    client.force_login(owner)

    response = client.get(FILE)

    event = Event.objects.filter(kind="invitation.created").get()
    assert response["Content-Disposition"] == 'attachment; filename="riverside-activity.csv"'
    assert response["Cache-Control"] == "no-store"
    lines = lines_of(response)
    assert lines[0] == ["Time", "Event", "About", "By", "Details", "Kind", "Event ID"]
    assert lines[-1] == [
        event.created_at.isoformat(), "Invited", "invitee@example.com", "Owner Cast", "Role: Editor",
        "invitation.created", str(event.pk),
    ]  # fmt: skip


def test_names_in_the_file_are_no_formulas(client, organization, owner):
    evil = MembershipFactory.create(organization=organization, user__first_name="=1+1", user__last_name="")
    EventFactory.create(organization=organization, actor_id=evil.user_id)
    client.force_login(owner)

    assert lines_of(client.get(FILE))[1][3] == "'=1+1"


def test_events_of_other_organizations_are_not_shown(client, organization, owner, other_organization):
    EventFactory.create(organization=other_organization)
    client.force_login(owner)

    assert rows_on(client.get(PAGE)) == []


def test_the_page_takes_a_fixed_number_of_queries(client, owner, happened):
    client.force_login(owner)

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        events="SELECT events_event",
        members="SELECT orgs_membership",
        invitations="SELECT invitations_invitation",
        roles="SELECT orgs_role",
    ):
        client.get(PAGE)


def test_it_is_in_the_navigation_of_people_who_manage_members(client, organization, owner, member):
    for user, shown in ((owner, True), (member, False)):
        client.force_login(user)
        assert ("Activity" in visible_text(client.get("/organizations/riverside/people"))) is shown


def test_a_recent_event_says_when(client, organization, owner):
    EventFactory.create(organization=organization, created_at=timezone.now() - timedelta(hours=3))
    client.force_login(owner)

    assert any(line.startswith("3 hours ago, on ") for line in visible_text(client.get(PAGE)))
