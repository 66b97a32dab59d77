"""Test the spans of deliveries: whose trace they continue, who continues them, and what they do not contain."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from accounts.models import User
from core.addresses import normalize_address
from core.request_context import RequestContext, within
from invitations.actions.inviting import invite
from invitations.email.models import Email
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE
from outbox.spans import Spans, use_spans
from perfectworks.tracing import DeliverySpans, tracer_with
from tests.support.outbox import deliver_next
from tests.support.people import session_of
from webhooks.models import WebhookDelivery

pytestmark = pytest.mark.django_db

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    use_spans(DeliverySpans(tracer_with(SimpleSpanProcessor(exporter))))
    yield exporter
    use_spans(Spans())


@pytest.fixture
def invited(owner: User, organization: Organization) -> None:
    with within(RequestContext("the-request", f"00-{TRACE}-{CALLER}-01")):
        address = normalize_address("invitee@example.com")
        invite(by=session_of(owner), organization_id=organization.pk, email=address, role_id=EDITOR_ROLE)


def only_span(exporter: InMemorySpanExporter) -> ReadableSpan:
    [span] = exporter.get_finished_spans()
    assert span.parent is not None
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, CALLER)
    return span


def test_the_span_of_an_email_has_no_address_and_no_link(exporter, invited, mailoutbox):
    assert deliver_next()

    span, email = only_span(exporter), Email.objects.get()
    assert (span.name, span.status.is_ok) == ("deliver email", True)
    assert dict(span.attributes or {}) == {
        "delivery.transport": "email",
        "delivery.kind": "invitation",
        "delivery.outcome": "sent",
        "delivery.attempt": 1,
        "request.id": "the-request",
        "email_id": str(email.pk),
        "invitation_id": str(email.invitation_id),
        "organization_id": str(email.invitation.organization_id),
    }
    assert not [secret for secret in ("example.com", "/i/", "Riverside") if secret in span.to_json()]


def test_a_receiver_of_webhooks_continues_the_span(exporter, endpoint, receiver, invited, deliver):
    deliver()

    span, delivery = only_span(exporter), WebhookDelivery.objects.get()
    assert (span.name, span.status.is_ok) == ("deliver webhook", True)
    assert dict(span.attributes or {}) == {
        "delivery.transport": "webhook",
        "delivery.kind": "webhook",
        "delivery.outcome": "sent",
        "delivery.attempt": 1,
        "request.id": "the-request",
        "webhook_id": str(delivery.pk),
    }
    assert [received.traceparent for received in receiver.received] == [f"00-{TRACE}-{span.context.span_id:016x}-01"]
    assert delivery.traceparent == f"00-{TRACE}-{CALLER}-01"
    assert not [secret for secret in ("example.com", receiver.url, "whsec_") if secret in span.to_json()]


def test_an_attempt_that_fails_is_an_error_without_the_response(exporter, endpoint, receiver, invited, deliver):
    receiver.respond = lambda _received: 503
    deliver()

    span = only_span(exporter)
    assert (span.status.is_ok, span.status.description, span.events) == (False, None, ())
    assert (span.attributes or {})["delivery.outcome"] == "deferred"


def test_an_email_that_is_not_rendered_is_an_error_without_its_message(
    exporter: Any, invited: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_handler: Any) -> None:
        raise ValueError("hunter2")

    monkeypatch.setattr("invitations.email.handlers.InvitationEmailHandler.render", crash)
    deliver_next()

    span = only_span(exporter)
    assert (span.status.is_ok, "hunter2" in span.to_json()) == (False, False)
    assert (span.attributes or {})["delivery.outcome"] == "failed"


@pytest.mark.django_db(transaction=True)
def test_a_worker_makes_spans_if_a_collector_is_set(exporter, invited, settings, monkeypatch):
    use_spans(Spans())
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
    monkeypatch.setattr("perfectworks.tracing.tracer", lambda: tracer_with(SimpleSpanProcessor(exporter)))
    call_command("worker", once=True)

    assert only_span(exporter).name == "deliver email"


def test_without_a_collector_a_delivery_makes_no_span(exporter, invited, mailoutbox):
    use_spans(Spans())
    assert deliver_next()

    assert exporter.get_finished_spans() == ()
    assert Email.objects.get().traceparent == f"00-{TRACE}-{CALLER}-01"
