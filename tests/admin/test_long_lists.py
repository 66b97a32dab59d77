"""Test the pages, the total, the order and the search of lists that are long."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from core.ids import first_uuid7
from events.models import Event
from orgs.models import Organization
from tests.factories import EventFactory, UnitFactory

pytestmark = pytest.mark.django_db

LOG = "/admin/events/event/"
on_postgresql = pytest.mark.postgresql
ROWS = 130  # three pages
TOO_LONG = "This list is too long to be sorted. Filter or search it first."


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lists be long that have more rows than a page."""
    monkeypatch.setattr("core.admin_long_lists.LONG", 60)


@pytest.fixture
def events(long: None) -> list[Event]:
    """The events of three pages, the newest first."""
    return EventFactory.create_batch(ROWS)[::-1]


def analyze(model: type[Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {model._meta.db_table}")


def shown(client: Client, address: str, **parameters: Any) -> list[Any]:
    response = client.get(address, parameters)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def paginator_of(client: Client, address: str) -> Any:
    return client.get(address).context["cl"].paginator


def test_the_total_of_a_short_list_is_exact(admin_pages: Client):
    EventFactory.create_batch(70)
    page = admin_pages.get(LOG)
    assert (page.context["cl"].result_count, page.context["cl"].paginator.is_estimated) == (70, False)
    assert "about" not in page.content.decode().partition('class="paginator"')[2]


@on_postgresql
def test_the_total_of_a_long_list_is_an_estimate(admin_pages: Client, events: list[Event]):
    analyze(Event)
    page = admin_pages.get(LOG)
    assert (page.context["cl"].result_count, page.context["cl"].paginator.is_estimated) == (ROWS, True)
    assert f"about {ROWS} events" in " ".join(page.content.decode().split())


@on_postgresql
def test_an_estimate_is_never_below_what_was_counted(admin_pages: Client, events: list[Event]):
    Event.objects.filter(pk__in=[event.pk for event in events[:-3]]).delete()
    analyze(Event)
    EventFactory.create_batch(80)
    assert paginator_of(admin_pages, LOG).count == 61


def test_the_pages_have_all_rows_in_order(admin_pages: Client, events: list[Event]):
    pages = [shown(admin_pages, LOG, p=number) for number in (1, 2, 3)]
    assert [row for page in pages for row in page][:50] == events[:50]
    assert pages[-1][-1] == events[-1]


@on_postgresql
def test_the_last_page_has_the_last_rows_even_if_the_estimate_is_wrong(admin_pages: Client, events: list[Event]):
    analyze(Event)
    Event.objects.filter(pk__in=[event.pk for event in events[:40]]).delete()
    assert paginator_of(admin_pages, LOG).num_pages == 3
    assert shown(admin_pages, LOG, p=3) == events[-50:]
    assert shown(admin_pages, LOG, p=99) == events[-50:]
    assert shown(admin_pages, LOG, p=2) == events[90:]


def test_a_long_list_is_not_sorted_and_says_so(admin_pages: Client, events: list[Event]):
    page = admin_pages.get(LOG, {"o": "0"})
    assert TOO_LONG in page.content.decode()
    assert list(page.context["cl"].result_list) == events[:50]
    assert "o=0" not in page.content.decode().partition('class="paginator"')[2]


def test_a_list_that_a_filter_or_a_search_makes_short_is_sorted(admin_pages: Client, events: list[Event]):
    key = str(events[0].subject_id)
    EventFactory.create_batch(3, subject_id=key)
    for parameters in ({"subject": key}, {"q": key}):
        page = admin_pages.get(LOG, {**parameters, "o": "0"})
        times = [event.created_at for event in page.context["cl"].result_list]
        assert (len(times), times) == (4, sorted(times))
        assert TOO_LONG not in page.content.decode()


def test_no_list_counts_the_rows_of_each_choice_of_a_filter(admin_pages: Client):
    assert "Show counts" not in admin_pages.get(LOG).content.decode()
    assert "(0)" not in admin_pages.get(LOG, {"_facets": "1"}).content.decode()


# Filters and searches


def test_rows_are_filtered_by_the_day_of_their_creation(admin_pages: Client):
    now = timezone.now()
    times = [now - timedelta(days=days) for days in (0, 3, 9)]
    new, week, old = [EventFactory.create(id=first_uuid7(time), created_at=time) for time in times]
    since = {days: (now - timedelta(days=days)).isoformat() for days in (1, 5)}
    assert shown(admin_pages, LOG, created_at__gte=since[1]) == [new]
    assert shown(admin_pages, LOG, created_at__gte=since[5]) == [new, week]
    assert shown(admin_pages, LOG, created_at__lt=since[5]) == [old]
    for year in ("1901", "1970", "0001"):
        assert shown(admin_pages, LOG, created_at__gte=f"{year}-01-01 00:00:00+00:00") == [new, week, old]


def test_a_row_created_just_before_its_key_is_found(admin_pages: Client):
    now = timezone.now()
    event = EventFactory.create(id=first_uuid7(now - timedelta(seconds=1)), created_at=now)
    assert shown(admin_pages, LOG, created_at__gte=now.isoformat()) == [event]


def test_an_id_finds_the_row_and_what_refers_to_it(admin_pages: Client, organization: Organization):
    units = UnitFactory.create_batch(2, organization=organization)
    assert shown(admin_pages, "/admin/orgs/unit/", q=f" {units[0].pk} ".upper()) == [units[0]]
    event = EventFactory.create(organization_id=organization.pk)
    for key in (event.pk, organization.pk, event.subject_id, event.actor_id):
        assert event in shown(admin_pages, LOG, q=str(key))
    assert shown(admin_pages, LOG, q=str(units[0].pk)) == []
    assert shown(admin_pages, LOG, q="invitation") == []
