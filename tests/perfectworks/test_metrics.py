"""Test the metrics: who may read them, what they count, that their series are bounded, and what refers to them."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import yaml
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import Resolver404, resolve
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from core.api.errors import problem_of
from core.metrics import METHODS, count_delivery, count_limit
from core.request_middleware import WITHOUT_ROUTE, RequestContextMiddleware
from core.statement_clock import run_counted
from orgs.actions.organizations import update_organization
from orgs.limits import TooManyRoles
from outbox.models import DeliveryState
from perfectworks import __version__
from perfectworks.process_metrics import note_threads
from tests.factories import (
    AccountEmailFactory,
    EmailFactory,
    OrganizationFactory,
    WebhookDeliveryFactory,
    WorkerHeartbeatFactory,
)
from tests.support.outbox import deliver_next
from tests.support.people import session_of

TOKEN = "a-token-for-the-tests"
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations"
Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def scrape(settings: Any, db: None) -> Callable[[], dict[Sample, float]]:
    settings.METRICS_TOKEN = TOKEN

    def scrape() -> dict[Sample, float]:
        response = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        families = text_string_to_metric_families(response.content.decode())
        return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}

    return scrape


def value(found: dict[Sample, float], name: str, **labels: str) -> float:
    return found.get((f"perfectworks_{name}", frozenset(labels.items())), 0.0)


@pytest.mark.django_db
def test_without_a_token_in_the_settings_there_are_no_metrics(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("sent", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer ü"])
def test_only_the_token_opens_the_metrics(settings, sent):
    settings.METRICS_TOKEN = TOKEN
    response = Client().get("/metrics", headers={"Authorization": sent})
    assert (response.status_code, response.content) == (401, b"")
    assert Client().post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405


def test_requests_are_counted_by_route_and_status(scrape, organization, owner):
    before = scrape()
    client = Client()
    client.force_login(owner)
    for _ in range(2):
        assert client.get(f"/api/v0/organizations/{organization.pk}").status_code == 200
    after = scrape()

    route = "/api/v0/organizations/<uuid:organization_id>"
    counted = ("http_requests_total", {"method": "GET", "route": route, "status": "200"})
    assert value(after, counted[0], **counted[1]) - value(before, counted[0], **counted[1]) == 2
    name = "http_request_duration_seconds_count"
    assert value(after, name, route=route) - value(before, name, route=route) == 2


HOSTILE = ["/{}", "/i/{}", "/api/v0/{}", "/wacht/organizations/{}", "/static/{}", "/healthz/{}", "/admin/{}", "/%00{}"]


def answer(request: Any) -> HttpResponse:
    try:
        request.resolver_match = resolve(request.path_info)
    except Resolver404:
        return HttpResponse(status=404)
    return HttpResponse()


def test_ten_thousand_hostile_paths_and_methods_add_no_series():
    middleware, requests = RequestContextMiddleware(answer), RequestFactory()

    def send(number: int) -> None:
        path = HOSTILE[number % len(HOSTILE)].format(uuid4().hex)
        middleware(requests.generic("GET" if number % 2 else f"X{number}", path))

    def series() -> int:
        return sum(len(family.samples) for family in REGISTRY.collect())

    for number in range(2 * len(HOSTILE)):
        send(number)
    before = series()
    for number in range(10_000):
        send(number)
    assert series() == before


@pytest.mark.django_db(transaction=True)
def test_events_are_counted_when_they_are_committed(settings, owner):
    organization = OrganizationFactory.create(owners=[owner])

    def renamed() -> float:
        return REGISTRY.get_sample_value("perfectworks_events_total", {"kind": "organization.updated"}) or 0

    before = renamed()
    update_organization(by=session_of(owner), organization_id=organization.pk, name="Lakeside")
    assert renamed() == before + 1
    with transaction.atomic():
        update_organization(by=session_of(owner), organization_id=organization.pk, name="Riverside")
        transaction.set_rollback(True)
    assert renamed() == before + 1


def test_deliveries_are_counted_by_outcome(scrape, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    labels = {"transport": "email", "kind": "invitation", "outcome": "sent"}
    before = value(scrape(), "deliveries_total", **labels)
    EmailFactory.create(state="queued", due_at=Now(), sent_at=None)
    assert deliver_next()
    assert value(scrape(), "deliveries_total", **labels) == before + 1


def test_a_limit_is_counted_by_the_code_of_its_error(scrape):
    before = value(scrape(), "limits_met_total", limit="too_many_roles")
    problem_of(TooManyRoles())
    assert value(scrape(), "limits_met_total", limit="too_many_roles") == before + 1


def test_a_limit_of_a_page_is_counted_by_the_name_of_the_page(scrape, settings):
    settings.ACCOUNT_RATE_LIMITS = {"signup": "0/m/ip"}
    before = value(scrape(), "limits_met_total", limit="account_signup")
    assert Client().post("/accounts/signup/").status_code == 429
    assert value(scrape(), "limits_met_total", limit="account_signup") == before + 1


def test_the_outbox_is_shown_by_kind_and_transport(scrape):
    waiting = {"state": "queued", "sent_at": None}
    EmailFactory.create(kind="reminder", **waiting, due_at=Now() - timedelta(minutes=10))
    EmailFactory.create(kind="reminder", **waiting, due_at=Now() + timedelta(minutes=10))
    AccountEmailFactory.create(purpose="password_changed", **waiting, due_at=Now() - timedelta(minutes=1))
    WebhookDeliveryFactory.create(deferred=True)
    found = scrape()

    reminders = {"transport": "email", "kind": "reminder"}
    assert value(found, "outbox_waiting", state="queued", **reminders) == 2
    assert value(found, "outbox_due", **reminders) == 1
    assert 600 <= value(found, "outbox_oldest_due_seconds", **reminders) < 700
    assert value(found, "outbox_due", transport="email", kind="password_changed") == 1
    webhooks = {"transport": "webhook", "kind": "webhook"}
    assert value(found, "outbox_waiting", state="deferred", **webhooks) == 1
    assert (value(found, "outbox_due", **webhooks), value(found, "outbox_oldest_due_seconds", **webhooks)) == (0, 0)


def test_the_workers_the_migrations_and_the_version_are_shown(scrape):
    WorkerHeartbeatFactory.create(beat_at=Now() - timedelta(minutes=2))
    WorkerHeartbeatFactory.create(beat_at=Now() - timedelta(seconds=20))
    found = scrape()

    assert value(found, "workers") == 1
    assert 20 <= value(found, "worker_heartbeat_age_seconds") < 60
    assert value(found, "migrations_pending") == 0
    assert value(found, "build_info", version=__version__) == 1
    assert value(found, "database_up") == 1


def test_without_a_database_the_other_metrics_are_shown(scrape):
    def away(*_: object) -> None:
        raise OperationalError

    with connection.execute_wrapper(away):
        found = scrape()
    assert value(found, "database_up") == 0
    assert value(found, "build_info", version=__version__) == 1
    assert ("perfectworks_workers", frozenset()) not in found


# What refers to metrics

NAME = re.compile(r"perfectworks_\w+")
MATCHER = re.compile(r'(\w+)=~?"([^"]*)"')


def expressions() -> Iterator[str]:
    dashboard = json.loads((OPERATIONS / "grafana-dashboard.json").read_text())
    yield from (target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    rules = yaml.safe_load((OPERATIONS / "alerts.yaml").read_text())
    yield from (rule["expr"] for group in rules["groups"] for rule in group["rules"])


@pytest.fixture
def shown(scrape, client: Client) -> dict[Sample, float]:
    """All metrics, after something of everything has happened. The pool exists on PostgreSQL only."""
    from core.metrics import POOL, count_events

    with connection.execute_wrapper(run_counted):
        client.get("/i/not-a-token")
        client.get("/healthz/ready")
    WorkerHeartbeatFactory.create()
    count_limit("too_many_roles")
    count_events(["invitation.accepted", "user.signed_in"])
    for state in DeliveryState.values:
        count_delivery("email", "invitation", state, 0.1)
    for state in ("open", "idle", "waiting"):
        POOL.labels(state).set(0)
    note_threads([SimpleNamespace(threads=[1], active_count=0, queue=[])])
    return scrape()


@pytest.mark.any_database
@pytest.mark.parametrize("expression", [*expressions()])
def test_the_dashboard_and_the_alerts_use_metrics_and_labels_that_exist(shown, expression):
    names = NAME.findall(expression)
    assert names
    labels = {name: {label for (found, pairs) in shown if found == name for label, _ in pairs} for name in names}
    assert all(any(found == name for found, _ in shown) for name in names)
    for label, _ in MATCHER.findall(expression):
        assert all(label in labels[name] for name in names)
    for group in re.findall(r"by \(([^)]*)\)", expression):
        assert {one.strip() for one in group.split(",")} <= set.union(*labels.values())


def test_checks_of_health_count_neither_as_errors_nor_as_fast_requests():
    """A monitor of a service without a worker gets 503 each time. That is another alert."""
    rated = [
        one for one in expressions() if 'status=~"5.."' in one or re.match(r"histogram_quantile\(.*by \(le\)", one)
    ]
    left_out = [re.findall(r'route!~"([^"]*)"', one) for one in rated]
    assert len(rated) == 6
    assert all(found and all(re.fullmatch(found[0], path) for path in WITHOUT_ROUTE) for found in left_out)


def test_the_documentation_lists_each_metric(shown):
    documented = set(NAME.findall((OPERATIONS.parent / "operations.md").read_text()))
    names = {re.sub("_(bucket|sum|count)$", "", name) for name, _ in shown if name.startswith("perfectworks_")}
    assert names == documented


def test_no_label_has_a_value_that_a_caller_chooses(shown):
    assert {label for name, pairs in shown if name.startswith("perfectworks_") for label, _ in pairs} == {
        *("method", "route", "status", "le", "kind", "transport", "outcome", "state", "limit", "version")
    }
    methods = {dict(pairs)["method"] for name, pairs in shown if name == "perfectworks_http_requests_total"}
    assert methods <= {*METHODS, "other"}
    statuses = {dict(pairs)["status"] for name, pairs in shown if name == "perfectworks_http_requests_total"}
    assert all(re.fullmatch("[1-5][0-9]{2}", status) for status in statuses)


def test_alerts_have_a_severity_and_a_summary():
    rules = yaml.safe_load((OPERATIONS / "alerts.yaml").read_text())
    for group, name in product(rules["groups"], ("alert", "expr", "for", "labels", "annotations")):
        assert all(name in rule for rule in group["rules"])


def test_the_documentation_says_what_to_do_about_each_alert():
    rules = yaml.safe_load((OPERATIONS / "alerts.yaml").read_text())
    named = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    rows = re.findall(r"^\| `PerfectWorks.*$", (OPERATIONS.parent / "operations.md").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(name for row in rows for name in re.findall(r"`(PerfectWorks\w+)`", row))


def test_the_dashboard_asks_the_chosen_datasource_and_its_panels_do_not_overlap():
    dashboard = json.loads((OPERATIONS / "grafana-dashboard.json").read_text())
    panels = dashboard["panels"]
    assert [panel["id"] for panel in panels] == [*range(1, len(panels) + 1)]
    assert [(one["name"], one["query"]) for one in dashboard["templating"]["list"]] == [("datasource", "prometheus")]
    asked = [*panels, *(target for panel in panels for target in panel["targets"])]
    assert all(one["datasource"] == {"type": "prometheus", "uid": "${datasource}"} for one in asked)
    places = [panel["gridPos"] for panel in panels]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
