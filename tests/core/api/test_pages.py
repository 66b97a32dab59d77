"""Test page-number pagination."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.api import pagination

from .notes import write_notes

pytestmark = pytest.mark.urls("tests.core.api.urls")

PAGE = ["A whole number from 1 to 2147483647 is expected."]
LIMIT = ["A whole number from 1 to 100 is expected."]


def titles(response):
    return [row["title"] for row in response.json()["data"]]


def test_the_first_ten_are_the_default(api, notes):
    write_notes(25)
    response = api.get("/api/v0/notes")
    assert titles(response) == [f"note {number}" for number in range(25, 15, -1)]
    assert response.json()["pagination"] == {
        "page": 1,
        "limit": 10,
        "total": 25,
        "pages": 3,
        "hasNext": True,
        "hasPrev": False,
    }


def test_the_last_page_holds_the_rest(api, notes):
    write_notes(25)
    response = api.get("/api/v0/notes?page=3")
    assert titles(response) == [f"note {number}" for number in range(5, 0, -1)]
    assert response.json()["pagination"] == {
        "page": 3,
        "limit": 10,
        "total": 25,
        "pages": 3,
        "hasNext": False,
        "hasPrev": True,
    }


@pytest.mark.parametrize("page", [4, 10**6, 2**31 - 1])
def test_past_the_end_the_page_is_empty(api, notes, page):
    write_notes(25)
    response = api.get(f"/api/v0/notes?page={page}&limit=10")
    assert response.status_code == 200
    assert response.json() == {
        "success": True,
        "message": "Notes retrieved successfully",
        "data": [],
        "pagination": {"page": page, "limit": 10, "total": 25, "pages": 3, "hasNext": False, "hasPrev": True},
    }


def test_without_rows_there_are_no_pages(api, notes):
    assert api.get("/api/v0/notes").json()["pagination"] == {
        "page": 1,
        "limit": 10,
        "total": 0,
        "pages": 0,
        "hasNext": False,
        "hasPrev": False,
    }


@pytest.mark.parametrize(("limit", "pages"), [(1, 25), (24, 2), (25, 1), (100, 1)])
def test_the_limit_sets_the_size(api, notes, limit, pages):
    write_notes(25)
    response = api.get(f"/api/v0/notes?limit={limit}")
    assert len(titles(response)) == min(limit, 25)
    assert response.json()["pagination"]["pages"] == pages


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("page=0", {"page": PAGE}),
        ("page=-1", {"page": PAGE}),
        ("page=", {"page": PAGE}),
        ("page=1.5", {"page": PAGE}),
        ("page=01", {"page": PAGE}),
        ("page=first", {"page": PAGE}),
        ("page=2147483648", {"page": PAGE}),
        ("page=1" + "0" * 30, {"page": PAGE}),
        ("page=1" + "0" * 3000, {"page": PAGE}),
        ("limit=0", {"limit": LIMIT}),
        ("limit=101", {"limit": LIMIT}),
        ("limit=1" + "0" * 30, {"limit": LIMIT}),
        ("limit=%D9%A1", {"limit": LIMIT}),
        ("page=1&page=2", {"page": ["This parameter must not be repeated."]}),
        ("Page=1", {"Page": ["This parameter is unknown."]}),
        ("offset=1", {"offset": ["This parameter is unknown."]}),
        ("page=0&limit=0", {"page": PAGE, "limit": LIMIT}),
    ],
)
def test_anything_else_is_refused_by_name(api, notes, query, fields):
    response = api.get(f"/api/v0/notes?{query}")
    assert response.status_code == 400
    assert response.json()["error"]["fields"] == fields


def test_a_page_takes_one_query_and_one_count(api, notes):
    write_notes(25)
    with CaptureQueriesContext(connection) as queries:
        api.get("/api/v0/notes")
    page, count = (query["sql"] for query in queries)
    assert 'ORDER BY U0."written_at" DESC, U0."id" DESC LIMIT 11)' in page
    assert count.startswith('SELECT COUNT(*) AS "__count" FROM "test_note"')


def test_a_later_page_finds_the_ids_first(api, notes):
    write_notes(25)
    with CaptureQueriesContext(connection) as queries:
        api.get("/api/v0/notes?page=2")
    page = queries[0]["sql"]
    assert 'WHERE "test_note"."id" IN (SELECT U0."id" AS "pk" FROM "test_note" U0 ORDER BY' in page
    assert "LIMIT 11 OFFSET 10)" in page


@pytest.mark.parametrize("page", [4, 5, 6, 7])
def test_a_page_far_from_the_start_is_counted_first_and_read_from_the_nearer_end(api, notes, monkeypatch, page):
    write_notes(65)
    near = api.get(f"/api/v0/notes?page={page}").json()
    monkeypatch.setattr(pagination, "FAR", 20)
    with CaptureQueriesContext(connection) as queries:
        assert api.get(f"/api/v0/notes?page={page}").json() == near
    count, rows = (query["sql"] for query in queries)
    assert "COUNT" in count
    assert {4: "LIMIT 10 OFFSET 25", 5: "LIMIT 10 OFFSET 15", 6: "LIMIT 10 OFFSET 5", 7: "LIMIT 5)"}[page] in rows


@pytest.mark.parametrize(("count", "page", "queries"), [(25, 3, 1), (30, 3, 1), (31, 3, 2), (0, 1, 1), (10, 2, 2)])
def test_a_page_that_shows_the_end_takes_no_count(api, notes, django_assert_num_queries, count, page, queries):
    write_notes(count)
    with django_assert_num_queries(queries):
        block = api.get(f"/api/v0/notes?page={page}").json()["pagination"]
    assert block["total"] == count


def test_pages_can_be_sorted_and_filtered(api, notes):
    write_notes(3)
    assert titles(api.get("/api/v0/notes?sort=title:asc")) == ["note 1", "note 2", "note 3"]
    assert titles(api.get("/api/v0/notes?title=note 2")) == ["note 2"]


@pytest.mark.django_db
@given(st.integers() | st.text(max_size=5), st.integers() | st.text(max_size=5))
def test_no_page_makes_a_request_crash(notes_table, page, limit):
    response = APIClient().get("/api/v0/notes", {"page": page, "limit": limit})
    assert response.status_code in (200, 400)
