"""The abstract models of everything that the service sends: a delivery, and the other side's responses to it.

Each app that sends something has a table of its own, whose model inherits from ``Delivery``, and a table of attempts,
whose model inherits from ``DeliveryAttempt`` and has a key to the delivery with the related name ``history``.

The only table of this app has the heartbeats of the workers.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.address_fields import AddressField, normalized_address_check
from core.ids import uuid7
from core.request_context import HEADER as REQUEST_ID_HEADER
from core.request_context import (
    MAX_REQUEST_ID,
    MAX_TRACEPARENT,
    RequestContext,
    current_request_id,
    current_traceparent,
)

RESPONSE_LENGTH = 1000
AnyDelivery = TypeVar("AnyDelivery", bound="Delivery")


class DeliveryQuerySet(models.QuerySet[AnyDelivery]):
    """Queries for deliveries by state."""

    def unsent(self) -> Self:
        """Return the deliveries that wait for a worker or are being sent."""
        return self.filter(due_at__isnull=False)

    def due(self) -> Self:
        """Return the deliveries that a worker can take, by the database clock, the earliest ``due_at`` first.

        A delivery whose reservation or lease has ended is due again.
        """
        return self.filter(due_at__lte=Now()).order_by("due_at", "id")

    def deferred(self) -> Self:
        """Return the deliveries that wait for another attempt after a temporary error, the earliest first."""
        return self.filter(state="deferred", due_at__gt=Now()).order_by("due_at", "id")

    def being_sent(self) -> Self:
        """Return the deliveries whose lease a worker holds."""
        return self.filter(state="sending", due_at__gt=Now())

    def lock_unsent(self) -> None:
        """Wait for workers that are recording an outcome, and let no other begin until the transaction ends.

        Call this before deleting deliveries. Otherwise, an attempt that a worker adds during the deletion would refer
        to a deleted row, and the deletion would fail.
        """
        list(self.unsent().order_by("pk").select_for_update(of=("self",)).values_list("pk"))


class Delivery(models.Model):
    """Something that the service sends. It is created in the same transaction as the change that causes it.

    The manager of a model has the methods of ``DeliveryQuerySet``.
    """

    class State(models.TextChoices):
        """The state of a delivery.

        ``scheduled``: it waits for a time at which it is permitted, and a worker takes it then like any other.
        ``deferred``: the other side rejected it temporarily. ``failed``: it was rejected permanently, or this
        service stopped trying. ``dropped``: it was no longer needed when it was due. ``delivered``, ``bounced`` and
        ``complained`` are reported by an email provider.
        """

        SCHEDULED = "scheduled"
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        DELIVERED = "delivered"
        DEFERRED = "deferred"
        BOUNCED = "bounced"
        COMPLAINED = "complained"
        FAILED = "failed"
        DROPPED = "dropped"

    #: What the log calls it.
    LOG_NAME: ClassVar[str] = "delivery"
    #: The column that says which kind of delivery it is, if the table has several.
    KIND_FIELD: ClassVar[str] = ""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    # `response` is the other side's latest response. `reason` is why this service did not contact the other side.
    response = models.CharField(max_length=RESPONSE_LENGTH, blank=True)
    reason = models.CharField(max_length=RESPONSE_LENGTH, blank=True, db_default="")
    # When a worker can take the delivery. While a worker has it, this is the end of the reservation or of the lease.
    # Null if there is nothing left to send.
    due_at = models.DateTimeField(null=True, blank=True, db_default=Now())
    lease_id = models.UUIDField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    # The request that caused the delivery, and the trace that its client named. Empty if there was none.
    request_id = models.CharField(
        max_length=MAX_REQUEST_ID, default=current_request_id, db_default="", blank=True, editable=False
    )
    traceparent = models.CharField(
        max_length=MAX_TRACEPARENT, default=current_traceparent, db_default="", blank=True, editable=False
    )

    if TYPE_CHECKING:
        history: Any

    class Meta:
        """Require dates that fit the state, and a lease only while sending. A model adds its own constraints to these.

        Django puts the name of the model into the names.
        """

        abstract = True
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    state__in=["scheduled", "queued", "sending", "deferred"],
                    due_at__isnull=False,
                    sent_at__isnull=True,
                )
                | Q(
                    state__in=["sent", "delivered", "deferred", "bounced", "complained"],
                    due_at__isnull=True,
                    sent_at__isnull=False,
                )
                | Q(state__in=["failed", "dropped"], due_at__isnull=True, sent_at__isnull=True),
                name="%(class)s_dates_fit_state",
            ),
            models.CheckConstraint(
                condition=Q(state="sending", lease_id__isnull=False) | (~Q(state="sending") & Q(lease_id__isnull=True)),
                name="%(class)s_lease_while_sending",
            ),
        )
        indexes = (models.Index(fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="%(class)s_unsent"),)

    def log_fields(self) -> dict[str, object]:
        """Return the fields with which the log names this delivery."""
        return {f"{self.LOG_NAME}_id": self.pk}

    @classmethod
    def kinds(cls) -> list[str]:
        """Return the kinds of this table, for metrics."""
        if not cls.KIND_FIELD:
            return [cls.LOG_NAME]
        column: Any = cls._meta.get_field(cls.KIND_FIELD)
        return [kind for kind, _ in column.choices]

    @property
    def kind_name(self) -> str:
        """The kind of this delivery, for metrics."""
        return str(getattr(self, self.KIND_FIELD)) if self.KIND_FIELD else self.LOG_NAME

    @property
    def cause(self) -> RequestContext:
        """The request that caused the delivery."""
        return RequestContext(self.request_id, self.traceparent)


DeliveryState = Delivery.State


class EmailDelivery(Delivery):
    """An email to one address. Each attempt has the same Message-ID."""

    LOG_NAME = "email"

    recipient = AddressField()
    message_id = models.CharField(max_length=255)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the message that name the email, and the request that caused it."""
        cause = {REQUEST_ID_HEADER: self.request_id} if self.request_id else {}
        return {"Message-ID": self.message_id, **cause}

    class Meta:
        abstract = True
        constraints = (
            *Delivery.Meta.constraints,
            normalized_address_check("recipient", "%(class)s_recipient_normalized"),
            models.UniqueConstraint(fields=["message_id"], name="%(class)s_message_id"),
        )
        indexes = Delivery.Meta.indexes


class DeliveryAttempt(models.Model):
    """The other side's response to a delivery, or a provider's later report.

    If the worker crashes during an attempt, the attempt is not recorded.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    state = models.CharField(max_length=16, choices=DeliveryState.choices)
    response = models.CharField(max_length=RESPONSE_LENGTH, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.state} {self.response}".strip()


class WorkerHeartbeatQuerySet(models.QuerySet["WorkerHeartbeat"]):
    """Queries for heartbeats."""

    def alive(self) -> "WorkerHeartbeatQuerySet":
        """Return those of workers that run, by the database clock."""
        return self.filter(beat_at__gt=Now() - WorkerHeartbeat.ALIVE_FOR)


class WorkerHeartbeat(models.Model):
    """A process that delivers (``outbox.heartbeat``). It updates its row several times in ``ALIVE_FOR``."""

    ALIVE_FOR = timedelta(minutes=1)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    host = models.CharField(max_length=255)
    process = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    beat_at = models.DateTimeField(db_default=Now())

    objects = WorkerHeartbeatQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("worker"), _("workers")

    def __str__(self) -> str:
        return f"{self.host} {self.process}"
