"""The endpoints of organizations, the messages about their events, and the delivery of each message to an endpoint.

A message is written in the transaction of its event, once for all endpoints. A worker makes the deliveries of an
endpoint from the messages that follow its ``position`` (``webhooks.feeding``), so an event of thousands of people costs
no row for each endpoint.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.address_fields import AddressField, normalized_address_check
from core.encryption import decrypt
from core.ids import uuid7
from core.request_context import MAX_REQUEST_ID, MAX_TRACEPARENT, current_request_id, current_traceparent
from core.text import validate_plain_text
from core.web_addresses import WebAddressField
from orgs.models import Organization
from outbox.models import Delivery, DeliveryAttempt, DeliveryQuerySet


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    """Queries for endpoints."""

    def enabled(self) -> "WebhookEndpointQuerySet":
        """Return the endpoints to which webhooks are sent."""
        return self.filter(state="enabled")

    def of_organization(self, organization_id: Any) -> "WebhookEndpointQuerySet":
        """Return the endpoints of one organization, oldest first."""
        return self.filter(organization_id=organization_id).order_by("id")

    def failing(self) -> "WebhookEndpointQuerySet":
        """Return the enabled endpoints whose latest attempts have failed."""
        return self.enabled().filter(failing_since__isnull=False)

    def ended(self) -> "WebhookEndpointQuerySet":
        """Return the endpoints that the service has disabled."""
        return self.filter(state__in=("gone", "failing"))


class WebhookEndpoint(models.Model):
    """A URL to which an organization's events are sent.

    The secrets are encrypted. After a rotation, ``former_secret`` signs too, until ``former_secret_until``.
    """

    class State(models.TextChoices):
        """Webhooks are sent while the endpoint is enabled.

        ``disabled``: a person disabled it. ``gone``: it responded with 410. ``failing``: it failed for days.
        """

        ENABLED = "enabled"
        DISABLED = "disabled"
        GONE = "gone"
        FAILING = "failing"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="webhook_endpoints", db_index=False
    )
    url = WebAddressField()
    description = models.CharField(max_length=200, blank=True, validators=[validate_plain_text])
    event_types = models.JSONField(null=True, blank=True)  # None means all, also those of later versions
    state = models.CharField(max_length=16, choices=State.choices, default=State.ENABLED)
    failing_since = models.DateTimeField(null=True, blank=True)  # the first of the latest failures without a success
    secret = models.CharField(max_length=255)
    former_secret = models.CharField(max_length=255, blank=True)
    former_secret_until = models.DateTimeField(null=True, blank=True)
    # Deliveries exist for the messages up to the number `position`. `sequence` counts those deliveries. `has_news` is
    # true if there may be messages behind the position.
    position = models.BigIntegerField(default=0, editable=False)
    sequence = models.BigIntegerField(default=0, editable=False)
    has_news = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = WebhookEndpointQuerySet.as_manager()

    shown_secret: str  # set where the secret is shown, once

    class Meta:
        """A former secret has an end."""

        verbose_name, verbose_name_plural = _("webhook endpoint"), _("webhook endpoints")
        constraints = (
            models.CheckConstraint(
                condition=Q(former_secret="", former_secret_until__isnull=True)
                | (~Q(former_secret="") & Q(former_secret_until__isnull=False)),
                name="webhook_former_secret_ends",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["enabled", "disabled", "gone", "failing"]), name="webhook_state_known"
            ),
        )
        indexes = (
            models.Index(fields=["organization", "id"], name="webhook_of_organization"),
            models.Index(fields=["id"], condition=Q(has_news=True), name="webhook_with_news"),
        )

    def __str__(self) -> str:
        return self.description or self.url

    @property
    def is_enabled(self) -> bool:
        """Whether webhooks are sent to the endpoint."""
        return self.state == self.State.ENABLED

    def sends(self, event_type: str) -> bool:
        """Return whether the endpoint gets webhooks of this type."""
        return self.event_types is None or event_type in self.event_types

    def secrets_at(self, moment: datetime) -> list[str]:
        """Return the secrets that sign webhooks at this time, the newest first. Raises SecretNotReadable."""
        encrypted = [self.secret]
        if self.former_secret_until is not None and moment < self.former_secret_until:
            encrypted.append(self.former_secret)
        return [decrypt(one) for one in encrypted]


ALWAYS_IN_DATA = ("version", "organizationId", "event")  # the rest is the object that the event is about


class WebhookMessageQuerySet(models.QuerySet["WebhookMessage"]):
    """Queries for messages."""

    def of_organization(self, organization_id: Any) -> "WebhookMessageQuerySet":
        """Return the messages about events of one organization, in the order of their numbers. Tests are left out."""
        return self.filter(organization_id=organization_id, number__isnull=False).order_by("number")

    def for_endpoint(self, endpoint: WebhookEndpoint) -> "WebhookMessageQuerySet":
        """Return the messages of the types that the endpoint gets, in the order of their numbers."""
        messages = self.of_organization(endpoint.organization_id)
        return messages if endpoint.event_types is None else messages.filter(event_type__in=endpoint.event_types)

    def before(self, moment: datetime) -> "WebhookMessageQuerySet":
        """Return the messages from before this time, the oldest first, except those under a legal hold."""
        return self.filter(created_at__lt=moment, organization__legal_hold=False).order_by("created_at", "id")


class WebhookMessage(models.Model):
    """What webhooks say about an event: the type, and ``data``, rendered when the event was written.

    ``number`` is the number of the event. It is null if the message is a test for one endpoint. Every attempt sends the
    same bytes. ``user_id``, ``address`` and ``subject_id`` say whom the data names, so that the message can be erased.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.BigIntegerField(null=True, editable=False)
    event_type = models.CharField(max_length=64)
    data = models.TextField()
    subject_id = models.UUIDField(null=True, editable=False)
    user_id = models.UUIDField(null=True, editable=False)
    address = AddressField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # The request that caused the event, and the trace that its client named. Empty if there was none.
    request_id = models.CharField(
        max_length=MAX_REQUEST_ID, default=current_request_id, db_default="", blank=True, editable=False
    )
    traceparent = models.CharField(
        max_length=MAX_TRACEPARENT, default=current_traceparent, db_default="", blank=True, editable=False
    )

    objects = WebhookMessageQuerySet.as_manager()

    class Meta:
        """An event has one message. The indexes are for the order, the retention and the erasing of people."""

        verbose_name, verbose_name_plural = _("webhook message"), _("webhook messages")
        constraints = (
            models.UniqueConstraint(fields=["organization", "number"], name="webhook_message_number"),
            normalized_address_check("address", "webhook_message_address_normalized"),
        )
        indexes = (
            models.Index(fields=["created_at", "id"], name="webhook_message_by_age"),
            models.Index(fields=["subject_id"], name="webhook_message_of_subject"),
            models.Index(fields=["user_id"], condition=Q(user_id__isnull=False), name="webhook_message_of_user"),
            models.Index(fields=["address"], condition=Q(address__isnull=False), name="webhook_message_of_address"),
        )

    def __str__(self) -> str:
        return f"{self.event_type} {self.number or ''}".strip()

    @property
    def header_id(self) -> str:
        """The value of the header ``webhook-id``, which is the same for all endpoints and in all attempts."""
        return f"msg_{self.pk.hex}"

    def without_object(self) -> str:
        """Return ``data`` with null instead of the object that the event is about. The event itself has only ids."""
        kept = {name: value if name in ALWAYS_IN_DATA else None for name, value in json.loads(self.data).items()}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


# After so many failed attempts, half an hour after the first one, a delivery no longer holds up those after it.
HOLDING_ATTEMPTS = 4


class WebhookDeliveryQuerySet(DeliveryQuerySet["WebhookDelivery"]):
    """Queries for deliveries."""

    def due(self) -> "WebhookDeliveryQuerySet":
        """Return the deliveries that a worker can take. Each endpoint gets one at a time, in the order of its sequence.

        A delivery that has failed a few times does not hold up the others any more.
        """
        endpoint, sequence = models.OuterRef("endpoint"), models.OuterRef("sequence")
        earlier = WebhookDelivery.objects.holding_up(endpoint, sequence)
        in_flight = WebhookDelivery.objects.filter(endpoint=endpoint).being_sent()
        return super().due().filter(~models.Exists(earlier), ~models.Exists(in_flight))

    def holding_up(self, endpoint: Any, sequence: Any) -> "WebhookDeliveryQuerySet":
        """Return the unsent deliveries of the endpoint that must come before the one with this sequence."""
        return self.unsent().filter(endpoint=endpoint, sequence__lt=sequence, attempts__lt=HOLDING_ATTEMPTS)

    def next_of_endpoints(self, *, but: Iterable[UUID]) -> "QuerySet[WebhookDelivery, tuple[UUID, UUID]]":
        """Return the delivery that each endpoint gets next, with its organization, but of none of these endpoints.

        Several deliveries of an endpoint can be due at once: those that have stepped aside.
        """
        place = Window(RowNumber(), partition_by="endpoint_id", order_by=("due_at", "id"))
        first = self.due().exclude(endpoint__in=but).annotate(place=place).filter(place=1)
        return first.values_list("pk", "endpoint__organization_id")

    def overdue(self) -> "WebhookDeliveryQuerySet":
        """Return all deliveries whose time has come, also those that wait for an earlier one of their endpoint."""
        return super().due()

    def with_event_types(self) -> "WebhookDeliveryQuerySet":
        """Read the messages too, without their contents."""
        return self.select_related("message").defer("message__data")

    def newest_first(self) -> "WebhookDeliveryQuerySet":
        """Order by the events, the newest first. A delivery that is sent again keeps its place."""
        return self.order_by("-message_id")


class WebhookDelivery(Delivery):
    """The delivery of one message to one endpoint.

    ``sequence`` is 1, 2, 3 for the deliveries of an endpoint, so that the receiver notices a gap; it is null for a
    test. ``status`` and ``seconds`` are of the latest response.
    """

    LOG_NAME = "webhook"

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    message = models.ForeignKey(WebhookMessage, on_delete=models.CASCADE, related_name="deliveries")
    sequence = models.BigIntegerField(null=True, editable=False)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    shown_body: str  # set where the body is shown

    class Meta:
        """A message is delivered to an endpoint once."""

        verbose_name, verbose_name_plural = _("webhook delivery"), _("webhook deliveries")
        constraints = (
            *Delivery.Meta.constraints,
            models.UniqueConstraint(fields=["endpoint", "message"], name="webhook_delivery_once"),
        )
        indexes = (
            *Delivery.Meta.indexes,
            models.Index(
                fields=["endpoint", "sequence"], condition=Q(due_at__isnull=False), name="webhook_delivery_waiting"
            ),
        )

    def __str__(self) -> str:
        return f"{self.message} to {self.endpoint}"

    @property
    def next_attempt_at(self) -> datetime | None:
        """The time of the next attempt. None while a request is under way, and if none is planned."""
        return None if self.state == self.State.SENDING else self.due_at


class WebhookAttempt(DeliveryAttempt):
    """The response of an endpoint, or why there was none: the status, the duration and the first line."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="history")
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
