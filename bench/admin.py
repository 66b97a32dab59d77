"""Measure the lists of the admin: plain, sorted, filtered, searched, and their last pages."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from django.utils.encoding import force_str

from accounts.models import User
from core.admin_related import filters_by_row
from events.models import Event
from invitations.models import Invitation
from orgs.models import Organization
from webhooks.models import WebhookEndpoint

STATIC_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"  # needs no `collectstatic`
TIMES = 3
LIMIT = 300  # milliseconds; slower pages are listed
LAST_PAGE = re.compile(rb'p=(\d+)" class="end"')
KINDS = ("plain", "filter", "sort", "search", "last page")
COLUMNS = ["list of the admin", *KINDS, "slowest"]


@dataclass(frozen=True)
class AdminPage:
    """A page of a list. ``kind`` is one of ``KINDS``."""

    rows: str
    kind: str
    address: str


Timed = list[tuple[AdminPage, float]]


def admin_table() -> list[str]:
    """Measure every list of the admin. Return a table with the slowest page of each kind in ms, in Markdown."""
    files = {**settings.STORAGES, "staticfiles": {"BACKEND": STATIC_FILES}}
    with override_settings(ALLOWED_HOSTS=["testserver"], STORAGES=files):
        staff = staff_member()
        browser = Client()
        browser.force_login(staff, backend=settings.AUTHENTICATION_BACKENDS[0])
        timed = [(page, time) for page in start_and_lists(staff) for page, time in with_last_page(browser, page)]
    return table_of(timed)


def staff_member() -> User:
    """Return a superuser."""
    staff, _ = User.objects.get_or_create(email="staff@example.com", defaults={"is_staff": True, "is_superuser": True})
    return staff


def start_and_lists(staff: User) -> Iterator[AdminPage]:
    """Yield the start page, and every list in the ways that staff can open it."""
    yield AdminPage("start page", "plain", reverse("admin:index"))
    for model, page in admin.site._registry.items():
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        request = RequestFactory().get(address)
        request.user = staff
        for kind, parameters in ways(model, page.get_changelist_instance(request)):
            yield AdminPage(force_str(model._meta.verbose_name_plural), kind, f"{address}{parameters}")


def ways(model: type[models.Model], rows: ChangeList) -> Iterator[tuple[str, str]]:
    """Yield the kinds and the parameters of the pages of a list."""
    yield "plain", ""
    for shown in rows.filter_specs:
        yield from (("filter", str(choice["query_string"])) for choice in shown.choices(rows) if not choice["selected"])
    for name in ({"subject"} if model is Event else set()) | set(filters_by_row(model)):
        yield from (("filter", f"?{name}={row.pk}") for row in ROWS_OF_FILTERS[name]())
    for number, column in enumerate(rows.list_display):
        if rows.get_ordering_field(column):
            yield "sort", f"?o={number}"
    yield from (("search", f"?q={term}") for term in terms(model))


ROWS_OF_FILTERS: dict[str, Callable[[], Any]] = {
    "organization": lambda: Organization.objects.filter(slug__in=["large-0", "middle-0", "small-0"]),
    "user": lambda: User.objects.filter(email="owner@middle-0.example.com"),
    "person": lambda: User.objects.filter(email__in=["owner@large-0.example.com", "owner@middle-0.example.com"]),
    "subject": lambda: Invitation.objects.order_by("-pk")[:1],
    "endpoint": lambda: WebhookEndpoint.objects.all()[:1],
}


def terms(model: type[models.Model]) -> Iterator[str]:
    """Yield what is searched: an ID of a row, whole addresses, parts of an address, names, and what nothing has."""
    row = model._default_manager.order_by("pk").first()
    yield from [str(row.pk)] if row else []
    invitation = Invitation.objects.filter(organization__slug="middle-0").order_by("pk")[0]
    yield from (str(invitation.pk), str(invitation.organization_id), str(invitation.inviter_id))
    yield from (str(invitation.email), "owner@middle-0.example.com", "guest-77", "guest-", "middle-0", "large-0")
    yield from ("ost-77", "example.com", "nobody@example.com", "nowhere")


def with_last_page(browser: Client, page: AdminPage) -> Timed:
    """Measure a page, and the last page of the same list."""
    content, time = timed_content(browser, page.address)
    last = LAST_PAGE.search(content)
    if not last or page.kind == "sort":
        return [(page, time)]
    address = f"{page.address}{'&' if '?' in page.address else '?'}p={int(last[1])}"
    return [(page, time), (AdminPage(page.rows, "last page", address), timed_content(browser, address)[1])]


def timed_content(browser: Client, address: str) -> tuple[bytes, float]:
    """Return the content of a page, and the median of its milliseconds. Raises RuntimeError if the page fails."""
    times = []
    for _ in range(TIMES):
        start = perf_counter()
        response = browser.get(address)
        times.append(1e3 * (perf_counter() - start))
        if response.status_code != 200:
            raise RuntimeError(f"{address}: {response.status_code}")
    return response.content, median(times)


def table_of(timed: Timed) -> list[str]:
    """Return a line for each list, and a line for each page that is slower than ``LIMIT``."""
    slowest: dict[str, dict[str, tuple[float, str]]] = defaultdict(dict)
    for page, time in timed:
        slowest[page.rows][page.kind] = max(slowest[page.rows].get(page.kind, (0, "")), (time, page.address))
    lines = [COLUMNS, ["---", *["---:"] * len(KINDS), "---"]]
    for rows, kinds in slowest.items():
        shown = [f"{kinds[kind][0]:.0f}" if kind in kinds else "" for kind in KINDS]
        lines.append([rows, *shown, max(kinds.values())[1]])
    slow = [f"Slower than {LIMIT} ms: {page.address} ({time:.0f} ms)" for page, time in timed if time > LIMIT]
    return [*(f"| {' | '.join(line)} |" for line in lines), *slow]
