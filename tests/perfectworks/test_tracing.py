"""Test the spans of requests: what they contain, whose trace they continue, and who continues them."""

import json
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from core.request_context import HEADER
from invitations.email.models import Email
from perfectworks import __version__
from perfectworks.tracing import TracingMiddleware, tracer_with
from tests.support.project_settings import PRODUCTION, load

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
EXPORTER = InMemorySpanExporter()
TRACER = tracer_with(SimpleSpanProcessor(EXPORTER))


class KeptTraces(TracingMiddleware):
    """Keep the spans instead of sending them."""

    make_tracer = staticmethod(lambda: TRACER)


@pytest.fixture
def traced(settings: Any) -> Client:
    first, *others = settings.MIDDLEWARE
    settings.MIDDLEWARE = [first, f"{__name__}.KeptTraces", *others]
    EXPORTER.clear()
    return Client(raise_request_exception=False)


def only_span() -> ReadableSpan:
    [span] = EXPORTER.get_finished_spans()
    return span


@pytest.mark.django_db
def test_a_span_has_the_template_of_the_path_and_no_secret(traced):
    response = traced.get("/i/hunter2?token=hunter2", headers={HEADER: "the-request", "Cookie": "a=hunter2"})

    span = only_span()
    assert span.name == "GET /i/<str:token>"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/i/<str:token>",
        "http.response.status_code": response.status_code,
        "request.id": "the-request",
        "principal": "",
        "organization.id": "",
        "database.statements": 0,
        "database.seconds": 0.0,
    }
    assert dict(span.resource.attributes) == {"service.name": "perfectworks", "service.version": __version__}
    assert "hunter2" not in span.to_json()


def test_a_crash_is_an_error_without_its_message(traced, monkeypatch):
    def crash() -> str:
        raise ValueError("hunter2")

    monkeypatch.setattr("perfectworks.health.obstacle", crash)
    assert traced.get("/healthz/ready").status_code == 500
    span = json.loads(only_span().to_json())
    assert (span["status"], span["events"]) == ({"status_code": "ERROR"}, [])


def test_an_exception_is_not_part_of_the_span():
    def crash(_request: HttpRequest) -> HttpResponse:
        raise ValueError("hunter2")

    EXPORTER.clear()
    with pytest.raises(ValueError, match="hunter2"):
        KeptTraces(crash)(RequestFactory().get("/"))
    assert "hunter2" not in only_span().to_json()


def test_the_trace_of_the_client_continues_to_the_email(traced, owner, organization):
    traced.force_login(owner)
    response = traced.post(
        f"/api/v0/organizations/{organization.pk}/invitations",
        {"email": "invitee@example.com"},
        "application/json",
        headers={"traceparent": f"00-{TRACE}-{CALLER}-01"},
    )

    span = only_span()
    assert response.status_code == 201
    assert span.parent is not None
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, CALLER)
    assert Email.objects.get().traceparent == f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert (span.attributes or {})["organization.id"] == str(organization.pk)


@pytest.mark.parametrize(("endpoint", "is_traced"), [("", False), ("http://127.0.0.1:4318", True)])
def test_nothing_is_traced_unless_a_collector_is_set(endpoint, is_traced):
    found = load(**PRODUCTION, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert ("perfectworks.tracing.TracingMiddleware" in found["MIDDLEWARE"]) == is_traced
