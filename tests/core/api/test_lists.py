"""Test lists with pages by number and by cursor."""

import re

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from .notes import Note, write_notes

pytestmark = pytest.mark.urls("tests.core.api.urls")

NOTES = "/api/v0/listed"


def linked(response):
    """Return the paths in the `Link` header by relation."""
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', response.headers.get("Link", ""))
    links = {name: link for link, name in found}
    assert all(link.startswith(settings.PUBLIC_BASE_URL) for link in links.values())
    return {name: link.removeprefix(settings.PUBLIC_BASE_URL) for name, link in links.items()}


def titles(response):
    assert response.status_code == 200
    return [row["title"] for row in response.json()["data"]]


def walk(api, path, way):
    """Follow the links in one direction. Return the titles on each page, and the last path."""
    pages, onward = [], path
    while onward:
        path = onward
        response = api.get(path)
        pages.append(titles(response))
        onward = linked(response).get(way)
    return pages, path


def names(*numbers):
    return [f"note {number}" for number in numbers]


@pytest.mark.parametrize("per_second", [1, 3, 100])
@pytest.mark.parametrize("sort", ["writtenAt:desc", "writtenAt:asc", "title:asc"])
def test_the_links_of_the_first_page_lead_to_the_end_and_back(api, notes, sort, per_second):
    write_notes(8, per_second=per_second)
    expected = names(*range(1, 9)) if sort.endswith("asc") else names(*range(8, 0, -1))
    onward, last = walk(api, f"{NOTES}?sort={sort}&limit=3", "next")
    assert onward == [expected[:3], expected[3:6], expected[6:]]
    back, _ = walk(api, last, "prev")
    assert back == [expected[6:], expected[3:6], expected[:3]]


def test_a_page_by_number_links_to_its_neighbors_by_cursor(api, notes):
    write_notes(9)
    links = linked(api.get(f"{NOTES}?page=2&limit=3"))
    assert [re.sub("=[^=]{20,}", "=…", links[name]) for name in ("next", "prev")] == [
        f"{NOTES}?limit=3&after=…",
        f"{NOTES}?limit=3&before=…",
    ]
    assert titles(api.get(links["next"])) == names(3, 2, 1)
    assert titles(api.get(links["prev"])) == names(9, 8, 7)


def test_a_page_by_cursor_has_its_cursors_instead_of_numbers(api, notes):
    write_notes(6)
    block = api.get(linked(api.get(f"{NOTES}?limit=2"))["next"]).json()["pagination"]
    assert {name: value for name, value in block.items() if name not in ("before", "after")} == {
        "limit": 2,
        "hasNext": True,
        "hasPrev": True,
    }
    assert titles(api.get(NOTES, {"limit": 2, "after": block["after"]})) == names(2, 1)
    assert titles(api.get(NOTES, {"limit": 2, "before": block["before"]})) == names(6, 5)


def test_a_page_by_cursor_takes_one_query(api, notes):
    write_notes(9)
    onward = linked(api.get(f"{NOTES}?limit=3"))["next"]
    with CaptureQueriesContext(connection) as queries:
        api.get(onward)
    [page] = (query["sql"] for query in queries)
    assert "COUNT" not in page
    assert "OFFSET" not in page


def test_rows_that_come_and_go_neither_repeat_nor_hide_others(api, notes):
    write_notes(6)
    onward = linked(api.get(f"{NOTES}?limit=3"))["next"]
    Note.objects.filter(title__in=["note 4", "note 6", "note 3"]).delete()
    assert titles(api.get(onward)) == names(2, 1)


@pytest.mark.parametrize("query", ["", "?page=1", "?page=2", "?title=note 1"])
def test_a_list_on_one_page_has_no_links(api, notes, query):
    write_notes(3)
    assert "Link" not in api.get(f"{NOTES}{query}").headers


@pytest.mark.parametrize("name", ["after", "before"])
def test_a_cursor_and_a_number_exclude_each_other(api, notes, name):
    write_notes(3)
    onward = linked(api.get(f"{NOTES}?limit=1"))["next"].replace("after", name)
    response = api.get(f"{onward}&page=1")
    assert response.status_code == 400
    assert response.json()["error"]["fields"] == {"page": [f"This cannot be combined with {name}."]}


def test_a_cursor_is_good_for_one_sort_order_and_filter_only(api, notes):
    write_notes(3)
    onward = linked(api.get(f"{NOTES}?limit=1"))["next"]
    assert api.get(onward.replace("limit=1", "limit=2")).status_code == 200
    for elsewhere in ("sort=title:asc", "title=note 1"):
        response = api.get(f"{onward}&{elsewhere}")
        assert response.json()["error"]["fields"] == {"after": ["This cursor does not belong to this list."]}
