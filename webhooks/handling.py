"""How the outbox delivers webhooks: what is sent, when it is tried again, and what the responses mean."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from core.encryption import SecretNotReadable
from outbox.handlers import DeliveryHandler
from outbox.leases import LeaseLost
from outbox.models import DeliveryState
from outbox.outcomes import Outcome, dropped
from webhooks.actions.failing import FAILING_AFTER, disable_failing, disable_gone, note_failure, note_success
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from webhooks.payloads import body_of
from webhooks.sending import SECONDS, Reply, send
from webhooks.signing import signed_headers

# The delays of the Standard Webhooks specification, after each failed attempt. They are about three days together.
DELAYS = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5)),
    *(timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24)),
)
MAX_ATTEMPTS = len(DELAYS) + 1
JITTER = 0.1  # the longest delay is so much longer, so that the endpoints of one receiver are not tried at once
SCHEDULE = sum(DELAYS, timedelta())
GONE = 410
BUSY = (429, 503)  # the statuses whose `Retry-After` counts


@dataclass(frozen=True)
class WebhookRequest:
    """A signed request."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class WebhookOutcome(Outcome):
    """The outcome of a request, with the status of the response and the duration in seconds."""

    status: int | None = None
    seconds: float | None = None


class WebhookTransport:
    """Send requests, each over a connection of its own. Several threads may use it at once."""

    def send(self, message: WebhookRequest) -> WebhookOutcome:
        """Send a request. 410 is final; every other failure may be temporary."""
        return outcome_of(send(message.url, message.headers, message.body))

    def close(self) -> None:
        """Do nothing, because no connection is kept."""

    @staticmethod
    def max_duration() -> timedelta:
        """Return the deadline of a request."""
        return timedelta(seconds=SECONDS)


def outcome_of(reply: Reply) -> WebhookOutcome:
    """Return what a reply means for the delivery."""
    state = DeliveryState.SENT if reply.is_success else DeliveryState.DEFERRED
    if reply.status == GONE:
        state = DeliveryState.FAILED
    wait = reply.retry_after if reply.status in BUSY else None
    return WebhookOutcome(state, reply.line, status=reply.status, seconds=reply.seconds, wait=wait)


class WebhookRows:
    """The endpoints and messages of a batch, read with two queries."""

    def __init__(self, deliveries: Sequence[WebhookDelivery]) -> None:
        self.endpoints = WebhookEndpoint.objects.in_bulk({delivery.endpoint_id for delivery in deliveries})
        self.messages = WebhookMessage.objects.in_bulk({delivery.message_id for delivery in deliveries})


class WebhookHandler(DeliveryHandler):
    """Handle the delivery of a message to an endpoint."""

    delivery: WebhookDelivery

    @staticmethod
    def load(deliveries: Sequence[WebhookDelivery]) -> WebhookRows:
        """Load the endpoints and messages."""
        return WebhookRows(deliveries)

    @property
    def endpoint(self) -> WebhookEndpoint:
        """The endpoint, as it was when the batch was read. Raises LeaseLost if it was deleted."""
        return self._row(self.batch.rows.endpoints, self.delivery.endpoint_id)

    @property
    def message(self) -> WebhookMessage:
        """The message. Raises LeaseLost if it was deleted."""
        return self._row(self.batch.rows.messages, self.delivery.message_id)

    def examine(self) -> Outcome | None:
        """Drop what is for a disabled endpoint, and wait if an operator has removed the key of its secret."""
        if not self.endpoint.is_enabled:
            return dropped("The endpoint is disabled.")
        try:
            self.endpoint.secrets_at(timezone.now())
        except SecretNotReadable as error:
            return Outcome(DeliveryState.QUEUED, error.message, by_server=False)
        return None

    def render(self) -> WebhookRequest:
        """Return the request, signed now. Only the time and the signatures differ from other attempts."""
        now, body = timezone.now(), body_of(self.delivery, self.message)
        signed = signed_headers(
            self.endpoint.secrets_at(now),
            message_id=self.message.header_id,
            timestamp=int(now.timestamp()),
            body=body,
        )
        trace = {"traceparent": self.delivery.traceparent} if self.delivery.traceparent else {}
        return WebhookRequest(self.endpoint.url, {"Content-Type": "application/json", **signed, **trace}, body)

    def on_sent(self, sent_at: datetime) -> None:
        """Note that the endpoint works."""
        note_success(self.endpoint, sent_at, is_test=self.delivery.sequence is None)

    def on_deferred(self, response: str, at: datetime) -> None:
        """Note that the endpoint fails. Disable it if it has failed for days."""
        failing_since = self.endpoint.failing_since
        if failing_since is None:
            note_failure(self.endpoint, at)
        elif at - failing_since >= FAILING_AFTER:
            disable_failing(self.endpoint, at)

    def on_final_failure(self, response: str) -> None:
        """Disable the endpoint, because it says that it is gone."""
        disable_gone(self.endpoint)

    def more_columns(self, outcome: Outcome, now: datetime) -> dict[str, object]:
        """Return the status and the duration."""
        return self.more_of_attempt(outcome)

    def more_of_attempt(self, outcome: Outcome) -> dict[str, object]:
        """Return the status and the duration."""
        if not isinstance(outcome, WebhookOutcome):
            return {}
        return {"status": outcome.status, "seconds": outcome.seconds}

    @property
    def give_up_after(self) -> timedelta | None:
        """Give up after the last attempt of the schedule, whenever that is."""
        return timedelta(0) if self.delivery.attempts + 1 >= MAX_ATTEMPTS else None

    def retry_delay(self, attempts: int, wait: timedelta | None = None) -> timedelta:
        """Return the delay of the schedule, a little longer at random, or a longer one that the endpoint asked for.

        An endpoint cannot ask for more than what is left of the schedule.
        """
        planned = DELAYS[min(attempts, len(DELAYS)) - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311 - no secret
        left = self.delivery.created_at + SCHEDULE - timezone.now()
        return max(planned, min(wait, left)) if wait else planned

    def _row(self, rows: Mapping[Any, Any], key: Any) -> Any:
        if key not in rows:
            raise LeaseLost
        return rows[key]
