"""Test the strict FilterSet: errors name the invalid parameters, and absent parameters are not processed."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.api.filter_fields import Sorting
from tests.support.request_ids import json_without_request_id

from .notes import NEW_YEAR, Note
from .urls import EveryFilter, NoteFilter

pytestmark = pytest.mark.urls("tests.core.api.urls")

EVERY = "/api/v0/every"
AN_ID = "0192f0c1-2222-7abc-8def-000000000001"
NO_COLORS = ["Some of these are expected, separated by commas: red, green."]
NO_NAME = ["Between 1 and 8 characters are expected."]
NO_SORT = ["One of these is expected: title:asc, title:desc."]
FORM = ["This does not have the expected form."]


@pytest.fixture
def titles(notes):
    """Create a note of each color. Return a function that returns the titles that a query finds."""
    for number, title in enumerate(["red", "green", "red"]):
        Note.objects.create(id=uuid.UUID(int=number), written_at=NEW_YEAR, title=title)
    return lambda query: [row["title"] for row in APIClient().get(f"{EVERY}?{query}").json()["data"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["red", "red"]),
        ("color=green", ["green"]),
        ("colors=green,red", ["red", "red"]),
        ("colors=green", []),
        ("flag=TRUE", []),
        ("flag=false", ["red", "red"]),
        (f"id={uuid.UUID(int=2)}", ["red"]),
        (f"id={uuid.UUID(int=1)}", []),
        ("aName=re", ["red", "red"]),
        ("aName=gr", []),
    ],
)
def test_each_filter_narrows_the_list_and_an_initial_value_does_so_unless_another_is_sent(titles, query, found):
    assert titles(query) == found


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("flag=", {"flag": ["true or false is expected."]}),
        ("flag=yes", {"flag": ["true or false is expected."]}),
        ("color=", {"color": ["One of these is expected: red, green."]}),
        ("color=blue", {"color": ["One of these is expected: red, green."]}),
        ("colors=", {"colors": NO_COLORS}),
        ("colors=red,", {"colors": NO_COLORS}),
        ("colors=red,red", {"colors": NO_COLORS}),
        ("colors=red,blue", {"colors": NO_COLORS}),
        ("id=", {"id": ["A UUID is expected."]}),
        ("id=1", {"id": ["A UUID is expected."]}),
        ("id={" + AN_ID + "}", {"id": ["A UUID is expected."]}),
        ("id=" + AN_ID.replace("-", ""), {"id": ["A UUID is expected."]}),
        ("aName=", {"aName": NO_NAME}),
        ("aName=123456789", {"aName": NO_NAME}),
        ("aName=a%0A", {"aName": FORM}),
        ("aName=+a", {"aName": FORM}),
        ("sort=", {"sort": NO_SORT}),
        ("sort=title", {"sort": NO_SORT}),
        ("sort=password:asc", {"sort": NO_SORT}),
        ("sort=title:asc,title:desc", {"sort": NO_SORT}),
        ("sort=title:up", {"sort": NO_SORT}),
        ("sort=-title", {"sort": NO_SORT}),
        ("sort=title:asc:asc", {"sort": NO_SORT}),
        ("color=red&color=red", {"color": ["This parameter must not be repeated."]}),
        ("a_name=a", {"a_name": ["This parameter is unknown."]}),
        ("title=red", {"title": ["This parameter is unknown."]}),
        ("color__in=red", {"color__in": ["This parameter is unknown."]}),
        (
            "color=blue&page=0&x=1",
            {
                "color": ["One of these is expected: red, green."],
                "page": ["A whole number from 1 to 2147483647 is expected."],
                "x": ["This parameter is unknown."],
            },
        ),
    ],
)
def test_every_fault_is_named_and_no_row_is_looked_for(query, fields):
    response = APIClient().get(f"{EVERY}?{query}")
    assert response.status_code == 400
    assert json_without_request_id(response)["error"] == {
        "code": "invalid_query",
        "message": "Some query parameters are not valid.",
        "fields": fields,
    }


def test_only_what_is_sent_or_has_an_initial_value_is_copied_and_each_has_a_value():
    filterset = EveryFilter({"colors": "red,green", "flag": "false"}, Note.objects.all())
    assert list(filterset.filters) == ["flag", "color", "colors", "sort"]
    assert filterset.faults == {}
    assert filterset.values == {
        "flag": False,
        "color": "red",
        "colors": ("red", "green"),
        "id": None,
        "aName": None,
        "sort": Sorting("title:asc", "title", descending=False),
    }


def test_a_form_is_made_once_for_the_same_parameters_whatever_their_values():
    forms = {EveryFilter({"color": color}).get_form_class() for color in ("red", "blue")}
    assert len(forms) == 1
    assert forms != {EveryFilter({"id": AN_ID}).get_form_class()}


def test_a_filter_that_cannot_be_read_is_not_left_out():
    filterset = EveryFilter({"id": "1"}, Note.objects.all())
    assert not filterset.is_valid()
    with pytest.raises(ValueError, match="A UUID is expected"):
        assert filterset.qs is None


def test_requests_share_no_state():
    one, other = EveryFilter({"aName": "a"}, request="one"), EveryFilter({"aName": "b"}, request="other")
    assert [one.filters["aName"].parent, other.filters["aName"].parent] == [one, other]
    assert [one.values["aName"], other.values["aName"]] == ["a", "b"]
    assert not hasattr(EveryFilter.base_filters["aName"], "parent")


def test_an_order_names_columns_and_breaks_ties_by_id():
    rows = NoteFilter({"sort": "writtenAt:desc"}, Note.objects.all()).qs
    assert rows.query.order_by == ("-written_at", "-id")
    assert NoteFilter({"sort": "title:asc"}, Note.objects.all()).qs.query.order_by == ("title", "id")


@pytest.mark.django_db
@given(st.dictionaries(st.sampled_from([*EveryFilter.base_filters]), st.text(max_size=20)))
def test_no_text_makes_a_request_crash(notes_table, query):
    assert APIClient().get(EVERY, query).status_code in (200, 400)
