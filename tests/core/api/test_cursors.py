"""Test cursor pagination: it returns every row, is stable, and a cursor is valid for one list only."""

import base64

import pytest
from django.core.signing import Signer
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from .notes import Note, write_notes

pytestmark = pytest.mark.urls("tests.core.api.urls")

FEED = "/api/v0/feed"
FOREIGN = ["This cursor does not belong to this list."]


def get(path=FEED, headers=None, **query):
    return APIClient().get(path, query, headers=headers)


def titles(response):
    return [row["title"] for row in response.json()["data"]]


def walk(path=FEED, **query):
    """Follow the cursors to the last page. Return the titles on each page."""
    page = get(path, **query)
    pages = [titles(page)]
    while page.json()["pagination"]["hasNext"]:
        page = get(path, **query, after=page.json()["pagination"]["after"])
        pages.append(titles(page))
    return pages


def names(numbers):
    return [f"note {number}" for number in numbers]


def test_a_page_says_where_it_stands(notes):
    write_notes(3)
    body = get(limit=2).json()
    cursors = {name: body["pagination"].pop(name) for name in ("before", "after")}
    assert body == {
        "success": True,
        "message": "Feed retrieved successfully",
        "data": [
            {
                "id": f"00000000-0000-0000-0000-00000000000{number}",
                "writtenAt": f"2026-01-01T00:00:0{number}.000Z",
                "title": f"note {number}",
            }
            for number in (3, 2)
        ],
        "pagination": {"limit": 2, "hasNext": True, "hasPrev": False},
    }
    assert all(cursors.values())


@pytest.mark.parametrize("per_second", [1, 3, 100])
@pytest.mark.parametrize("limit", [1, 4, 10])
def test_cursors_lead_through_every_row_once_also_among_equal_times(notes, per_second, limit):
    write_notes(10, per_second=per_second)
    pages = walk(limit=limit)
    assert [title for page in pages for title in page] == names(range(10, 0, -1))
    assert {len(page) for page in pages[:-1]} <= {limit}


def test_cursors_lead_back_as_well(notes):
    write_notes(10, per_second=3)
    last = get(limit=100).json()["pagination"]["after"]
    first = get(limit=4, before=last)
    assert titles(first) == names([5, 4, 3, 2])
    assert (first.json()["pagination"]["hasPrev"], first.json()["pagination"]["hasNext"]) == (True, True)
    second = get(limit=4, before=first.json()["pagination"]["before"])
    assert titles(second) == names([9, 8, 7, 6])
    third = get(limit=4, before=second.json()["pagination"]["before"])
    assert titles(third) == names([10])
    assert third.json()["pagination"]["hasPrev"] is False


def test_rows_that_come_and_go_neither_repeat_nor_hide_others(notes):
    write_notes(6)
    cursor = get(limit=3).json()["pagination"]["after"]
    Note.objects.filter(title__in=["note 4", "note 5", "note 3"]).delete()
    assert titles(get(after=cursor)) == names([2, 1])


def test_an_empty_page_hands_back_the_cursor_so_that_a_reader_can_wait(notes):
    write_notes(1)
    cursor = get().json()["pagination"]["after"]
    response = get(after=cursor)
    assert titles(response) == []
    assert response.json()["pagination"] == {
        "limit": 10,
        "before": cursor,
        "after": cursor,
        "hasNext": False,
        "hasPrev": True,
    }


def test_an_empty_list_has_no_cursors(notes):
    assert get().json()["pagination"] == {
        "limit": 10,
        "before": None,
        "after": None,
        "hasNext": False,
        "hasPrev": False,
    }


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("writtenAt:asc", [1, 2, 3, 4, 5]),
        ("writtenAt:desc", [5, 4, 3, 2, 1]),
        ("title:asc", [1, 2, 3, 4, 5]),
        ("title:desc", [5, 4, 3, 2, 1]),
    ],
)
def test_a_declared_order_is_followed(notes, sort, expected):
    write_notes(5, per_second=2)
    pages = walk("/api/v0/shelves/left/feed", sort=sort, limit=2)
    assert [title for page in pages for title in page] == names(expected)


def test_a_page_takes_one_query_that_an_index_serves(notes):
    write_notes(5)
    cursor = get(limit=2).json()["pagination"]["after"]
    with CaptureQueriesContext(connection) as queries:
        get(limit=2, after=cursor)
    [page] = (query["sql"] for query in queries)
    assert '(U0."written_at", U0."id") < (' in page
    assert 'ORDER BY U0."written_at" DESC, U0."id" DESC LIMIT 3)' in page


def test_two_directions_exclude_each_other(notes):
    write_notes(2)
    cursor = get().json()["pagination"]["after"]
    response = get(after=cursor, before=cursor)
    assert response.status_code == 400
    assert response.json()["error"]["fields"] == {"before": ["This cannot be combined with after."]}


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda cursor: cursor[:-1],
        lambda cursor: cursor + "x",
        lambda cursor: cursor.swapcase(),
        lambda cursor: cursor.partition(":")[0],
        lambda cursor: ":" + cursor.partition(":")[2],
        lambda cursor: cursor + ":" + cursor,
        lambda cursor: base64.urlsafe_b64encode(b'["2026-01-01", "1"]').decode(),
        lambda cursor: Signer().sign_object(["2026-01-01", "1"]),
        lambda cursor: "nonsense",
        lambda cursor: "\u00e4:\u00f6",
    ],
)
def test_a_spoilt_cursor_is_refused(notes, name, spoil):
    write_notes(3)
    cursor = get(limit=1).json()["pagination"]["after"]
    response = get(**{name: spoil(cursor)})
    assert response.status_code == 400
    assert response.json()["error"]["fields"] == {name: FOREIGN}


@given(st.text(min_size=1, max_size=80))
def test_no_text_makes_a_cursor(text):
    response = get(after=text.encode("utf-8", "replace").decode().replace("\x00", ""), limit=1)
    assert response.status_code == 400


LEFT = {"path": "/api/v0/shelves/left/feed", "title": "note 1", "sort": "writtenAt:asc"}


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"path": "/api/v0/shelves/right/feed"},
        {"title": "note 2"},
        {"sort": "writtenAt:desc"},
        {"sort": "title:asc"},
        {"headers": {"X-Shelf": "second"}},
    ],
)
def test_a_cursor_is_good_for_one_list_only(notes, elsewhere):
    write_notes(3)
    cursor = get(**LEFT, limit=1).json()["pagination"]["after"]
    assert get(**LEFT, limit=2, after=cursor).status_code == 200
    response = get(**(LEFT | elsewhere), limit=1, after=cursor)
    assert response.status_code == 400
    assert response.json()["error"]["fields"] == {"after": FOREIGN}


def test_a_cursor_of_the_whole_feed_is_no_cursor_of_a_shelf(notes):
    write_notes(3)
    cursor = get(limit=1).json()["pagination"]["after"]
    assert get(**LEFT, after=cursor).status_code == 400
