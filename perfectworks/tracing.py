"""Send traces with OpenTelemetry (OTLP over HTTP), if ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set.

There is a span for each request. It continues the trace of the client. In the same trace, there is a span for each
attempt to deliver an email or a webhook that the request caused, and webhooks continue the trace. The attributes are
the fields of log lines without paths and responses, and exceptions are not recorded. So a span has no token, no query
string, no URL, no address and no name. The variables of the OpenTelemetry specification configure the exporter
and the sampling.
"""

from collections.abc import Callable
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.trace.status import StatusCode

from core.request_context import RequestContext, current_context
from core.request_middleware import route_of
from outbox.models import Delivery, DeliveryState
from outbox.outcomes import Outcome
from outbox.spans import Spans
from perfectworks import __version__

PROPAGATOR = TraceContextTextMapPropagator()


class TracingMiddleware:
    """Make a span for each request. List it after ``RequestContextMiddleware``, whose context gets the new trace."""

    make_tracer: Callable[[], Tracer]

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response, in a span that has the method, the route template and the status."""
        context = current_context() or RequestContext()
        spans: Any = self.make_tracer().start_as_current_span
        parent = parent_of(context)
        with spans("request", parent, SpanKind.SERVER, record_exception=False, set_status_on_exception=False) as span:
            context.traceparent = traceparent_of(span)
            response = self.get_response(request)
            describe_request(span, request, response.status_code, context)
        return response


def describe_request(span: Span, request: HttpRequest, status: int, context: RequestContext) -> None:
    """Set the name and the attributes of the span of a request."""
    route = route_of(request)
    span.update_name(f"{request.method} {route}")
    span.set_attributes(
        {
            "http.request.method": request.method or "",
            "http.route": route,
            "http.response.status_code": status,
            "request.id": context.request_id,
            "principal": context.principal,
            "organization.id": str(context.organization_id or ""),
            "database.statements": context.statements,
            "database.seconds": context.database_seconds,
        }
    )
    if status >= 500:
        span.set_status(StatusCode.ERROR)


class DeliverySpans(Spans):
    """Make a span for each attempt to deliver. One that loses its lease before anything is sent has none."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.open: WeakKeyDictionary[Delivery, Span] = WeakKeyDictionary()

    def begin(self, delivery: Delivery) -> None:
        """Begin a span in the trace of the request. What is sent continues this span."""
        span = self.tracer.start_span(f"deliver {delivery.LOG_NAME}", parent_of(delivery.cause), SpanKind.CLIENT)
        self.open[delivery] = span
        delivery.traceparent = traceparent_of(span)

    def end(self, delivery: Delivery, outcome: Outcome) -> None:
        """End the span."""
        span = self.open.pop(delivery, None)
        if span is not None:
            describe_delivery(span, delivery, outcome)
            span.end()


def describe_delivery(span: Span, delivery: Delivery, outcome: Outcome) -> None:
    """Set the attributes of the span of an attempt."""
    span.set_attributes(
        {
            "delivery.transport": delivery.LOG_NAME,
            "delivery.kind": delivery.kind_name,
            "delivery.outcome": str(outcome.state),
            "delivery.attempt": delivery.attempts + outcome.by_server,
            "request.id": delivery.request_id,
            **{name: str(value) for name, value in delivery.log_fields().items() if value},
        }
    )
    if outcome.state in (DeliveryState.DEFERRED, DeliveryState.FAILED):
        span.set_status(StatusCode.ERROR)


def parent_of(context: RequestContext) -> Context:
    """Return the span that the client has named."""
    return PROPAGATOR.extract({"traceparent": context.traceparent})


def traceparent_of(span: Span) -> str:
    """Return the span as a header of W3C Trace Context."""
    found = span.get_span_context()
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"


@cache
def tracer() -> Tracer:
    """Return the tracer of this process. It starts a thread, so the web server must have forked."""
    return tracer_with(BatchSpanProcessor(OTLPSpanExporter()))


def tracer_with(processor: SpanProcessor) -> Tracer:
    """Return a tracer whose spans go to this processor."""
    service = Resource({"service.name": "perfectworks", "service.version": __version__})
    provider = TracerProvider(resource=service.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(processor)
    return provider.get_tracer("perfectworks")


TracingMiddleware.make_tracer = staticmethod(tracer)
