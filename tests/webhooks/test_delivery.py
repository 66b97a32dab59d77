"""Test the way of a webhook from the event to the receiver, over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from core.addresses import normalize_address
from core.request_context import RequestContext, within
from events.models import Event
from invitations.actions.inviting import invite
from orgs.actions import accounts, members, organizations, roles, units
from orgs.models import Organization, Unit
from orgs.permissions import EDITOR_ROLE, Level
from outbox.handlers import Batch, Queue
from tests.factories import WebhookDeliveryFactory, WebhookEndpointFactory
from tests.support.people import membership_of, session_of
from tests.webhooks.receiving import Received
from tests.webhooks.test_documents import faults_of
from webhooks import lane
from webhooks.actions import endpoints, replaying
from webhooks.handling import WebhookHandler, WebhookTransport
from webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage

pytestmark = pytest.mark.django_db

Deliver = Callable[[], None]


def rename(owner: User, organization: Organization, name: str) -> None:
    organizations.update_organization(by=session_of(owner), organization_id=organization.pk, name=name)


def let_time_pass() -> None:
    WebhookDelivery.objects.unsent().update(due_at=Now())


def due_times() -> list[Any]:
    return [*WebhookDelivery.objects.unsent().values_list("due_at", flat=True)]


def ledger() -> list[tuple[Any, ...]]:
    return [*WebhookDelivery.objects.order_by("id").values_list("message__event_type", "state", "attempts", "status")]


def test_events_arrive_in_order_signed_and_numbered(owner, member, organization, endpoint, receiver, deliver: Deliver):
    by = session_of(owner)
    invite(by=by, organization_id=organization.pk, email=normalize_address("invitee@example.com"), role_id=EDITOR_ROLE)
    unit = units.create_unit(by=by, organization_id=organization.pk, kind=Unit.Kind.WORKSPACE, name="Office")
    roles.create_role(
        by=by, organization_id=organization.pk, level=Level.ORGANIZATION, name="Guide", permissions=frozenset()
    )
    membership = membership_of(member, organization)
    members.remove_member(by=by, organization_id=organization.pk, membership_id=membership.pk)
    units.delete_unit(by=by, organization_id=organization.pk, unit_id=unit.pk)
    rename(owner, organization, "Lakeside")
    deliver()

    assert receiver.types == [
        *("invitation.created", "unit.created", "role.created", "membership.removed", "unit.deleted"),
        "organization.updated",
    ]
    told = [received.json for received in receiver.received]
    assert [one["sequence"] for one in told] == [1, 2, 3, 4, 5, 6]
    events = list(Event.objects.of_organization(organization.pk).filter(kind__in=receiver.types))
    assert [one["data"]["event"]["id"] for one in told] == [str(event.pk) for event in events]
    assert receiver.ids == [f"msg_{event.pk.hex}" for event in events]
    assert [one["data"]["event"]["number"] for one in told] == [event.number for event in events]
    invited, made, _, removed, deleted, renamed = (one["data"] for one in told)
    assert (invited["invitation"]["email"], invited["invitation"]["state"]) == ("invitee@example.com", "pending")
    assert made["unit"] == deleted["unit"]
    assert (removed["member"]["email"], removed["member"]["role"]["name"]) == ("member@example.com", "viewer")
    assert renamed["organization"]["name"] == "Lakeside"
    assert ledger() == [(kind, "sent", 1, 200) for kind in receiver.types]
    assert [fault for one in told for fault in faults_of(one)] == []


def test_a_delivery_names_the_request_that_caused_it_and_passes_on_its_trace(
    owner, organization, endpoint, receiver, deliver: Deliver
):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with within(RequestContext("the-first-request", trace)):
        rename(owner, organization, "Lakeside")
    rename(owner, organization, "Riverside")
    deliver()

    causes = WebhookDelivery.objects.order_by("sequence").values_list("request_id", "traceparent")
    assert list(causes) == [("the-first-request", trace), ("", "")]
    assert [received.traceparent for received in receiver.received] == [trace, None]


def test_receivers_learn_that_a_member_has_erased_their_account(
    owner, member, organization, endpoint, receiver, deliver: Deliver
):
    membership = membership_of(member, organization)
    accounts.purge_account(by=session_of(member), user=member)
    deliver()

    [told] = [received.json for received in receiver.received]
    assert (told["type"], told["data"]["member"]) == ("membership.left", None)
    assert told["data"]["event"]["subject"] == {"type": "membership", "id": str(membership.pk)}
    assert faults_of(told) == []


def test_an_endpoint_gets_only_the_types_that_it_chose(owner, organization, endpoint, receiver, deliver: Deliver):
    WebhookEndpoint.objects.update(event_types=["role.created"])
    rename(owner, organization, "Lakeside")
    roles.create_role(
        by=session_of(owner),
        organization_id=organization.pk,
        level=Level.ORGANIZATION,
        name="Guide",
        permissions=frozenset(),
    )
    deliver()

    assert [(received.type, received.json["sequence"]) for received in receiver.received] == [("role.created", 1)]


def test_an_endpoint_that_chooses_more_types_gets_them_from_then_on(
    owner, organization, endpoint, receiver, deliver: Deliver
):
    WebhookEndpoint.objects.update(event_types=["role.created"])
    rename(owner, organization, "Lakeside")
    deliver()
    named = {"by": session_of(owner), "organization_id": organization.pk, "endpoint_id": endpoint.pk}
    endpoints.update_endpoint(**named, event_types=None)
    rename(owner, organization, "Riverside")
    deliver()

    assert [received.json["data"]["organization"]["name"] for received in receiver.received] == ["Riverside"]


def test_a_retry_sends_the_same_bytes_and_what_follows_waits(owner, organization, endpoint, receiver, deliver: Deliver):
    receiver.respond = lambda received: 500
    rename(owner, organization, "One")
    rename(owner, organization, "Two")
    deliver()
    assert [row[1:] for row in ledger()] == [("deferred", 1, 500), ("queued", 0, None)]
    assert timedelta(seconds=4) < max(due_times()) - timezone.now() < timedelta(seconds=6)

    receiver.respond = lambda received: 200
    let_time_pass()
    deliver()

    first, again, second = receiver.received
    assert (first.id, first.body) == (again.id, again.body)
    assert first.signatures != second.signatures
    assert [received.json["data"]["organization"]["name"] for received in receiver.received] == ["One", "One", "Two"]
    assert [row[1:] for row in ledger()] == [("sent", 2, 200), ("sent", 1, 200)]
    assert [*WebhookAttempt.objects.order_by("id").values_list("status", flat=True)] == [500, 200, 200]


def test_after_four_failures_a_delivery_steps_aside(owner, organization, endpoint, receiver, deliver: Deliver):
    def refuse_first(received: Received) -> int:
        return 500 if received.json["sequence"] == 1 else 200

    receiver.respond = refuse_first
    rename(owner, organization, "One")
    rename(owner, organization, "Two")
    for _ in range(3):
        deliver()
        let_time_pass()
    assert [received.json["sequence"] for received in receiver.received] == [1, 1, 1]
    deliver()
    deliver()

    assert [received.json["sequence"] for received in receiver.received] == [1, 1, 1, 1, 2]


def test_after_the_last_attempt_a_delivery_has_failed(owner, organization, endpoint, receiver, deliver: Deliver):
    receiver.respond = lambda received: 503
    rename(owner, organization, "One")
    delays = []
    for _ in range(10):
        deliver()
        delays += [due_at - timezone.now() for due_at in due_times()]
        let_time_pass()
    deliver()

    assert ledger() == [("organization.updated", "failed", 10, 503)]
    assert len(receiver.received) == 10
    assert timedelta(hours=75) < sum(delays, timedelta()) < timedelta(hours=75 * 1.11)


def test_410_disables_the_endpoint(owner, organization, endpoint, receiver, deliver: Deliver):
    receiver.respond = lambda received: 410
    rename(owner, organization, "One")
    rename(owner, organization, "Two")
    deliver()
    rename(owner, organization, "Three")
    deliver()

    endpoint.refresh_from_db()
    assert endpoint.state == "gone"
    assert [row[1:] for row in ledger()] == [("failed", 1, 410), ("dropped", 0, None)]
    disabled = Event.objects.get(kind="webhook_endpoint.disabled")
    assert (disabled.actor_method, disabled.data["new"]) == ("service", {"state": "gone"})


@pytest.mark.parametrize(("days", "state"), [(4.9, "enabled"), (5.1, "failing")])
def test_five_days_of_failures_disable_the_endpoint(
    owner, organization, endpoint, receiver, deliver: Deliver, days: float, state: str
):
    receiver.respond = lambda received: 500
    rename(owner, organization, "One")
    deliver()
    endpoint.refresh_from_db()
    assert endpoint.failing_since is not None
    WebhookEndpoint.objects.update(failing_since=endpoint.failing_since - timedelta(days=days))
    let_time_pass()
    deliver()

    endpoint.refresh_from_db()
    assert endpoint.state == state


def test_a_success_ends_the_failure_and_what_stepped_aside_is_tried_at_once(
    owner, organization, endpoint, receiver, deliver: Deliver
):
    receiver.respond = lambda received: 500
    rename(owner, organization, "One")
    for _ in range(4):
        deliver()
        let_time_pass()
    deliver()
    rename(owner, organization, "Two")
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(hours=2))
    receiver.respond = lambda received: 200
    deliver()

    endpoint.refresh_from_db()
    assert endpoint.failing_since is None
    assert [row[1] for row in ledger()] == ["sent", "sent"]


def handler_of(endpoint: WebhookEndpoint) -> WebhookHandler:
    """Return the handler of a delivery that is under way. It has loaded the endpoint."""
    delivery = WebhookDeliveryFactory.create(endpoint=endpoint, message__organization=endpoint.organization)
    handler = WebhookHandler(delivery, Batch([delivery]))
    assert handler.endpoint == endpoint
    return handler


def test_a_success_ends_a_failure_that_another_worker_has_stored_meanwhile(endpoint):
    handler, now = handler_of(endpoint), timezone.now()
    WebhookEndpoint.objects.update(failing_since=now)
    handler.on_sent(now)

    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_a_late_failure_does_not_disable_an_endpoint_that_was_enabled_again(owner, organization, endpoint):
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=6))
    handler = handler_of(endpoint)
    named = {"by": session_of(owner), "organization_id": organization.pk, "endpoint_id": endpoint.pk}
    endpoints.disable_endpoint(**named)
    endpoints.enable_endpoint(**named)
    handler.on_deferred("503", timezone.now())

    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.failing_since) == ("enabled", None)


@pytest.mark.parametrize(("changed", "is_failing"), [("url", False), ("description", True)])
def test_failures_of_a_former_url_do_not_count(owner, organization, endpoint, changed, is_failing):
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=4))
    values = {"url": "https://example.com/new", "description": "The new one"}
    endpoints.update_endpoint(
        by=session_of(owner), organization_id=organization.pk, endpoint_id=endpoint.pk, **{changed: values[changed]}
    )

    endpoint.refresh_from_db()
    assert (endpoint.failing_since is not None) == is_failing


@pytest.mark.parametrize(("changed", "is_due"), [("url", True), ("description", False)])
def test_what_a_former_url_refused_is_tried_at_once_with_the_new_one(owner, organization, endpoint, changed, is_due):
    later = timezone.now() + timedelta(hours=20)
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=4))
    waiting = WebhookDeliveryFactory.create(
        endpoint=endpoint, message__organization=organization, state="deferred", sent_at=None, due_at=later
    )
    values = {"url": "https://example.com/new", "description": "The new one"}
    endpoints.update_endpoint(
        by=session_of(owner), organization_id=organization.pk, endpoint_id=endpoint.pk, **{changed: values[changed]}
    )

    waiting.refresh_from_db()
    assert (waiting.due_at is not None and waiting.due_at < later) == is_due


def test_a_late_410_of_a_former_url_does_not_disable_the_new_one(owner, organization, endpoint):
    handler = handler_of(endpoint)
    endpoints.update_endpoint(
        by=session_of(owner),
        organization_id=organization.pk,
        endpoint_id=endpoint.pk,
        url="https://example.com/new",
    )
    handler.on_final_failure("410 Gone")

    endpoint.refresh_from_db()
    assert endpoint.state == "enabled"


def test_both_secrets_sign_after_a_rotation(owner, organization, endpoint, receiver, deliver: Deliver):
    named = {"by": session_of(owner), "organization_id": organization.pk, "endpoint_id": endpoint.pk}
    _, secret = endpoints.rotate_secret(**named)
    rename(owner, organization, "One")
    deliver()
    receiver.secret = secret
    rename(owner, organization, "Two")
    deliver()

    assert [len(received.signatures) for received in receiver.received] == [2, 2]
    assert receiver.received[0].json["sequence"] == 1


def test_a_missing_key_waits_for_the_operator(owner, organization, endpoint, receiver, deliver: Deliver, settings):
    rename(owner, organization, "One")
    keys = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = ["another key, because an operator has removed the old one"]
    deliver()
    assert ledger() == [("organization.updated", "queued", 0, None)]

    settings.ENCRYPTION_KEYS = keys
    let_time_pass()
    deliver()
    assert ledger() == [("organization.updated", "sent", 1, 200)]


def test_a_test_is_sent_and_does_not_count(owner, organization, endpoint, receiver, deliver: Deliver):
    replaying.send_test(by=session_of(owner), organization_id=organization.pk, endpoint_id=endpoint.pk)
    rename(owner, organization, "One")
    deliver()

    tests = [received.json for received in receiver.received if received.type == "webhook.test"]
    assert [(one["sequence"], one["data"]["endpointId"]) for one in tests] == [(None, str(endpoint.pk))]
    assert [received.json["sequence"] for received in receiver.received if received.type != "webhook.test"] == [1]


def test_a_test_that_fails_holds_up_nothing(owner, organization, endpoint, receiver, deliver: Deliver):
    receiver.respond = lambda received: 200 if received.json["sequence"] else 500
    replaying.send_test(by=session_of(owner), organization_id=organization.pk, endpoint_id=endpoint.pk)
    deliver()
    rename(owner, organization, "One")
    deliver()

    assert ledger() == [("webhook.test", "deferred", 1, 500), ("organization.updated", "sent", 1, 200)]


def test_after_a_test_that_arrives_everything_is_tried_at_once(
    owner, organization, endpoint, receiver, deliver: Deliver
):
    receiver.respond = lambda received: 401
    rename(owner, organization, "One")
    rename(owner, organization, "Two")
    deliver()
    receiver.respond = lambda received: 200
    replaying.send_test(by=session_of(owner), organization_id=organization.pk, endpoint_id=endpoint.pk)
    deliver()

    assert [received.json["sequence"] for received in receiver.received] == [1, None, 1, 2]


def test_many_due_deliveries_of_one_endpoint_do_not_hide_those_of_others(
    owner, organization, endpoint, receiver, monkeypatch: pytest.MonkeyPatch
):
    """The first step of the worker sends one of each, although it looks at fewer deliveries than the first has."""
    monkeypatch.setattr(lane, "CANDIDATES", 2)
    for _ in range(5):
        replaying.send_test(by=session_of(owner), organization_id=organization.pk, endpoint_id=endpoint.pk)
    other = WebhookEndpointFactory.create(url=receiver.url)
    WebhookDeliveryFactory.create(endpoint=other, waiting=True)
    worker = lane.WebhookLane(WebhookTransport(), [Queue(WebhookDelivery, WebhookHandler, WebhookTransport)])
    worker.step()
    worker.close()

    assert sorted(received.type for received in receiver.received) == ["organization.updated", "webhook.test"]


def test_one_is_sent_again_with_the_same_id(owner, organization, endpoint, receiver, deliver: Deliver):
    named = {"by": session_of(owner), "organization_id": organization.pk, "endpoint_id": endpoint.pk}
    rename(owner, organization, "One")
    deliver()
    replaying.replay_delivery(**named, delivery_id=WebhookDelivery.objects.get().pk)
    deliver()

    first, again = receiver.received
    assert (first.id, first.body) == (again.id, again.body)
    assert WebhookAttempt.objects.count() == 2


def test_everything_since_a_time_is_sent_again_and_what_was_missed(
    owner, organization, endpoint, receiver, deliver: Deliver
):
    named = {"by": session_of(owner), "organization_id": organization.pk, "endpoint_id": endpoint.pk}
    rename(owner, organization, "Zero")
    deliver()
    since = timezone.now()
    rename(owner, organization, "One")
    WebhookEndpoint.objects.update(event_types=["role.created"])
    deliver()
    WebhookEndpoint.objects.update(event_types=None)
    rename(owner, organization, "Two")
    deliver()
    receiver.received.clear()
    replaying.replay_since(**named, since=since)
    deliver()

    told = [
        (received.json["data"]["organization"]["name"], received.json["sequence"]) for received in receiver.received
    ]
    assert sorted(told) == [("One", 3), ("Two", 2)]  # One is sent for the first time


def test_an_enabled_endpoint_gets_what_happens_from_then_on(owner, organization, endpoint, receiver, deliver: Deliver):
    named = {"by": session_of(owner), "organization_id": organization.pk, "endpoint_id": endpoint.pk}
    other, _ = endpoints.create_endpoint(by=session_of(owner), organization_id=organization.pk, url=receiver.url)
    endpoints.disable_endpoint(**named)
    rename(owner, organization, "One")
    endpoints.enable_endpoint(**named)
    rename(owner, organization, "Two")
    deliver()

    assert [*endpoint.deliveries.values_list("sequence", flat=True)] == [1]
    assert other.deliveries.count() == 2


def test_an_organization_without_endpoints_writes_nothing(owner, organization):
    rename(owner, organization, "One")

    assert not WebhookMessage.objects.exists()
