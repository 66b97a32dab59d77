"""What the worker tells about the deliveries of a trace. By default nothing, see ``perfectworks.tracing``."""

from outbox.models import Delivery
from outbox.outcomes import Outcome


class Spans:
    """Tell nothing."""

    def begin(self, delivery: Delivery) -> None:
        """An attempt to deliver begins. May replace ``delivery.traceparent``, which webhooks pass on."""

    def end(self, delivery: Delivery, outcome: Outcome) -> None:
        """The attempt has ended with this outcome."""


_spans = Spans()


def use_spans(spans: Spans) -> None:
    """Tell these from now on."""
    global _spans  # noqa: PLW0603 - a worker calls it once, when it starts
    _spans = spans


def begin_span(delivery: Delivery) -> None:
    """Tell that an attempt to deliver begins."""
    _spans.begin(delivery)


def end_span(delivery: Delivery, outcome: Outcome) -> None:
    """Tell that the attempt has ended."""
    _spans.end(delivery, outcome)
