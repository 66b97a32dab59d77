"""GET /organizations/{id}/events: the events of an organization, oldest first."""

import pytest

from accounts.principals import SERVICE
from core.api.serializers import format_time
from events.models import Event
from orgs.permissions import MANAGE_MEMBERS
from tests.factories import EventFactory
from tests.orgs.api.house import ANONYMOUS, OUTSIDER, at, invalid_query, lacking, said
from tests.support.queries import assert_queries


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
    block = body.pop("pagination")
    assert body == {
        "success": True,
        "message": "Events retrieved successfully",
        "data": [
            {
                "id": str(first.pk),
                "kind": "role.deleted",
                "at": format_time(first.created_at),
                "actor": {"id": str(owner.pk), "method": "session"},
                "subject": {"type": "organization", "id": str(organization.pk)},
                "data": {"reassignedTo": None, "roleIds": [{"oldId": 1}]},
            },
            {
                "id": str(second.pk),
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
    }
    assert {**block, "after": None, "before": None} == {
        "limit": 10,
        "before": None,
        "after": None,
        "hasNext": False,
        "hasPrev": False,
    }


def test_pages_follow_each_other_both_ways(by, organization, owner, principal):
    ids = happen(organization, principal(owner), *["organization.updated"] * 5)
    client = by("owner")

    first, block = read(client, organization, limit=2)
    second, onward = read(client, organization, limit=2, after=block["after"])
    third, end = read(client, organization, limit=2, after=onward["after"])
    back, _ = read(client, organization, limit=2, before=onward["before"])

    assert [first, second, third, back] == [ids[:2], ids[2:4], ids[4:], ids[:2]]
    assert [page["hasNext"] for page in (block, onward, end)] == [True, True, False]


def test_repeating_with_a_cursor_returns_new_events(by, organization, owner, principal):
    happen(organization, principal(owner), "organization.updated")
    client = by("owner")
    _, block = read(client, organization)
    assert read(client, organization, after=block["after"])[0] == []
    _, still = read(client, organization, after=block["after"])

    new = happen(organization, principal(owner), "organization.archived")

    assert read(client, organization, after=still["after"])[0] == new


def test_events_of_other_organizations_are_not_listed(by, organization, other_organization):
    EventFactory.create(organization=other_organization)
    assert read(by("owner"), organization)[0] == []


def test_a_cursor_of_another_organization_is_refused(by, organization, other_organization):
    EventFactory.create(organization=other_organization)
    _, foreign = read(by("stranger"), other_organization, limit=1)

    assert said(by("owner").get(at(organization, "events"), {"after": foreign["after"]})) == invalid_query(
        after=["This cursor does not belong to this list."]
    )


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"after": "x"}, {"after": ["This cursor does not belong to this list."]}),
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

    with assert_queries(
        organization="SELECT orgs_roleassignment",
        page="SELECT events_event",
    ):
        assert len(read(client, organization, limit=100)[0]) == rows
