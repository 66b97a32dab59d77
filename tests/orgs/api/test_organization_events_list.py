"""GET /organizations/{id}/events: the events of an organization, oldest first."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from accounts.principals import SERVICE
from core.api.serializers import format_time
from events import following
from events.kinds import KINDS
from events.models import Event
from events.retention import cut_events
from orgs.permissions import MANAGE_MEMBERS
from tests.factories import EventFactory
from tests.orgs.api.house import ANONYMOUS, OUTSIDER, at, invalid_query, lacking, refused, said
from tests.support.queries import assert_queries

LONG_AGO = datetime(2020, 1, 2, tzinfo=UTC)
# As former versions signed the position after an event.
SIGNED = "WyIwMTlhMmQ2OC0xN2IzLTcyYzktOTMyZi1lMDI0MmMwNTEwYmYiXQ:mZ9dS5hmOZ1vYpB1cm0vZcR5cJ3xJt5kq0mS7JwY3fU"


def happen(organization, by, *kinds, **data):
    rows = [
        Event.objects.record(kind, by=by, subject=organization, organization_id=organization.pk, **data)
        for kind in kinds
    ]
    return [str(row.pk) for row in rows]


def read(client, organization, **query):
    status, body = said(client.get(at(organization, "events"), query))
    assert status == 200, body
    return [row["id"] for row in body["data"]], body["pagination"]


def test_all_fields_of_an_event_are_shown(by, organization, owner, principal):
    happen(organization, principal(owner), "role.deleted", reassigned_to=None, role_ids=[{"old_id": 1}])
    changed = {"changed": ["logo_url", "seat_limit"], "old": {"seat_limit": None}, "new": {"seat_limit": 9}}
    happen(organization, SERVICE, "organization.updated", **changed)
    first, second = Event.objects.order_by("id")

    status, body = said(by("owner").get(at(organization, "events")))

    assert status == 200
    assert body == {
        "success": True,
        "message": "Events retrieved successfully",
        "data": [
            {
                "id": str(first.pk),
                "number": 1,
                "kind": "role.deleted",
                "at": format_time(first.created_at),
                "actor": {"id": str(owner.pk), "method": "session"},
                "subject": {"type": "organization", "id": str(organization.pk)},
                "data": {"reassignedTo": None, "roleIds": [{"oldId": 1}]},
            },
            {
                "id": str(second.pk),
                "number": 2,
                "kind": "organization.updated",
                "at": format_time(second.created_at),
                "actor": {"id": None, "method": "service"},
                "subject": {"type": "organization", "id": str(organization.pk)},
                "data": {
                    "changed": ["logoUrl", "seatLimit"],
                    "old": {"seatLimit": None},
                    "new": {"seatLimit": 9},
                },
            },
        ],
        "pagination": {"limit": 10, "before": 1, "after": 2, "hasNext": False, "hasPrev": False},
    }


def test_pages_follow_each_other_both_ways(by, organization, owner, principal):
    ids = happen(organization, principal(owner), *["organization.updated"] * 5)
    client = by("owner")

    def page(**query):
        found, block = read(client, organization, limit=2, **query)
        return found, *(block[name] for name in ("before", "after", "hasPrev", "hasNext"))

    assert page() == (ids[:2], 1, 2, False, True)
    assert page(after=2) == (ids[2:4], 3, 4, True, True)
    assert page(after=4) == (ids[4:], 5, 5, True, False)
    assert page(after=5) == ([], 6, 5, True, False)
    assert page(before=6) == (ids[3:], 4, 5, True, False)
    assert page(before=4) == (ids[1:3], 2, 3, True, True)
    assert page(before=2) == (ids[:1], 1, 1, False, True)
    assert page(before=1) == ([], 1, 0, False, True)
    assert page(before=0) == ([], 1, 0, False, True)
    assert page(before=999) == (ids[3:], 4, 5, True, False)


@pytest.mark.parametrize("name", ["after", "before"])
def test_a_position_can_be_the_id_of_an_event(by, organization, owner, principal, name):
    ids = happen(organization, principal(owner), *["organization.updated"] * 3)
    assert read(by("owner"), organization, **{name: ids[1].upper()}) == read(by("owner"), organization, **{name: 2})


def test_repeating_with_the_last_number_returns_new_events(by, organization, owner, principal):
    client = by("owner")
    assert read(client, organization)[1]["after"] == 0
    happen(organization, principal(owner), "organization.updated")
    block = read(client, organization, after=0)[1]
    assert read(client, organization, after=block["after"])[0] == []

    new = happen(organization, principal(owner), "organization.archived")

    assert read(client, organization, after=block["after"])[0] == new


def test_positions_outlive_the_secret_key(by, organization, owner, principal, settings):
    ids = happen(organization, principal(owner), "organization.updated", "organization.archived")
    before_rotation = read(by("owner"), organization, after=1)

    settings.SECRET_KEY = "another-key-for-this-test-only"

    assert read(by("owner"), organization, after=1) == before_rotation == (ids[1:], before_rotation[1])


# Kinds


def test_events_of_some_kinds_are_listed(by, organization, owner, principal):
    kinds = ["role.created", "organization.updated", "unit.created", "role.created", "organization.updated"]
    ids = happen(organization, principal(owner), *kinds)
    client = by("owner")
    both = {"types": "role.created,unit.created", "limit": 2}

    first, block = read(client, organization, **both)
    assert (first, block["after"], block["hasNext"]) == ([ids[0], ids[2]], 3, True)
    second, end = read(client, organization, **both, after=block["after"])
    assert (second, end["after"], end["hasNext"]) == ([ids[3]], 5, False)
    assert read(client, organization, **both, before=4)[0] == [ids[0], ids[2]]
    assert read(client, organization, **both, after=5) == ([], end | {"before": 6})


def test_a_page_of_rare_kinds_ends_after_so_many_events(by, organization, owner, principal, monkeypatch):
    monkeypatch.setattr(following, "MAX_EXAMINED", 3)
    ids = happen(organization, principal(owner), "role.created", *["unit.created"] * 5, "role.created")
    client = by("owner")

    def walk(name, **query):
        pages = []
        while True:
            found, block = read(client, organization, types="role.created", **query)
            pages.append([ids.index(key) for key in found])
            if not block["hasNext" if name == "after" else "hasPrev"]:
                return pages
            query = {name: block[name]}

    assert walk("after") == walk("after", after=0) == [[0], [], [6]]
    assert walk("before", before=8) == [[6], [], [0]]


# Deleted events, and other positions that do not exist


def gone(first):
    message = f"There is no such position. To start with the first event that is kept, use `after={first - 1}`."
    return refused(410, "event_position_gone", message, details={"firstNumber": first})


@pytest.fixture
def cut(organization, owner, principal):
    """The organization after its first two of four events were deleted."""
    ids = happen(organization, principal(owner), *["organization.updated"] * 4)
    Event.objects.of_organization(organization.pk).filter(number__lte=2).update(created_at=LONG_AGO)
    assert cut_events(organization.pk, before=LONG_AGO + timedelta(days=1)) == 2
    return ids


@pytest.mark.parametrize("types", [{}, {"types": "organization.updated"}])
def test_a_reader_who_missed_deleted_events_is_told_where_to_go_on(by, organization, cut, types):
    client = by("owner")
    for missed in (0, 1, cut[0]):
        assert said(client.get(at(organization, "events"), {"after": missed} | types)) == gone(3)
    assert read(client, organization, after=2, **types)[0] == cut[2:]
    assert read(client, organization, after=3, **types)[0] == cut[3:]
    assert read(client, organization, **types)[0] == cut[2:]


@pytest.mark.parametrize("types", [{}, {"types": "organization.updated"}])
def test_a_reader_is_told_of_events_that_are_deleted_at_this_moment(by, organization, owner, principal, types):
    happen(organization, principal(owner), *["organization.updated"] * 4)

    def cut_before_the_page(execute, sql, params, many, context):
        if "LIMIT 11" in sql:
            cut_events(organization.pk, before=timezone.now() + timedelta(days=1))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(cut_before_the_page):
        assert said(by("owner").get(at(organization, "events"), {"after": 1} | types)) == gone(4)


@pytest.mark.parametrize("types", [{}, {"types": "organization.updated"}])
def test_pages_backward_end_at_the_first_event_that_is_kept(by, organization, cut, types):
    client = by("owner")
    found, block = read(client, organization, before=4, **types)
    assert (found, block["hasPrev"], block["hasNext"]) == (cut[2:3], False, True)
    assert read(client, organization, before=2, **types)[0] == []


@pytest.mark.parametrize(
    "query",
    [{"after": SIGNED}, {"before": SIGNED}, {"after": UUID(int=0)}, {"before": UUID(int=0)}, {"after": 2}],
)
def test_other_positions_do_not_exist(by, organization, owner, principal, query):
    """A signed cursor of a former version, the id of no event, and a number that no event has yet."""
    happen(organization, principal(owner), "organization.updated")
    assert said(by("owner").get(at(organization, "events"), query)) == gone(1)


def test_the_id_of_another_organizations_event_is_no_position(by, organization, other_organization):
    foreign = EventFactory.create(organization=other_organization)
    assert said(by("owner").get(at(organization, "events"), {"after": str(foreign.pk)})) == gone(1)


def test_events_of_other_organizations_are_not_listed(by, organization, other_organization):
    EventFactory.create(organization=other_organization)
    assert read(by("owner"), organization)[0] == []


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"after": "x"}, {"after": ["The number or the ID of an event is expected."]}),
        ({"before": "-1"}, {"before": ["The number or the ID of an event is expected."]}),
        ({"after": "1", "before": "3"}, {"before": ["This cannot be combined with after."]}),
        ({"types": "role.made"}, {"types": [f"Some of these are expected, separated by commas: {', '.join(KINDS)}."]}),
        ({"limit": "0"}, {"limit": ["A whole number from 1 to 100 is expected."]}),
        ({"page": "1"}, {"page": ["This parameter is unknown."]}),
    ],
)
def test_errors_name_the_invalid_parameters(by, organization, query, fields):
    assert said(by("owner").get(at(organization, "events"), query)) == invalid_query(**fields)


def test_managers_of_members_may_read(by, organization, manager):
    assert read(by("manager"), organization)[0] == []


@pytest.mark.parametrize(
    ("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(MANAGE_MEMBERS))]
)
def test_callers_without_permission_are_refused(by, organization, other_organization, who, answer):
    assert said(by(who).get(at(organization, "events"))) == answer


@pytest.mark.parametrize("rows", [1, 30])
def test_the_number_of_queries_does_not_depend_on_the_rows(by, organization, owner, principal, rows):
    happen(organization, principal(owner), *["organization.updated"] * rows)
    client = by("owner")

    organization_and_page = {"organization": "SELECT orgs_roleassignment", "page": "SELECT events_event"}
    first, newest = {"first": "SELECT events_event"}, {"newest": "SELECT events_event"}
    for query, expected in (
        ({}, organization_and_page),
        ({"after": 0}, organization_and_page),
        ({"after": rows}, organization_and_page | first | newest),
        ({"types": "organization.updated"}, organization_and_page | first | newest),
        (
            {"after": rows, "types": "organization.updated"},
            organization_and_page | newest | first | {"again": "SELECT events_event"},
        ),
        ({"before": 1}, organization_and_page | first | newest),
    ):
        with assert_queries(**expected):
            read(client, organization, limit=100, **query)
