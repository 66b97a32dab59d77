"""The event model."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from core.literals import literal
from core.new_rows import new_row
from core.request_context import MAX_REQUEST_ID, current_request_id
from events.numbering import insert_events


class Actor(Protocol):
    """The user and the credential that caused an event. ``Principal`` satisfies this protocol."""

    @property
    def actor_id(self) -> UUID | None:
        """The id of the user. It is None if the service itself acts."""

    @property
    def method(self) -> str:
        """The kind of credential, such as ``session`` or ``api_key``."""

    @property
    def credential_id(self) -> UUID | None:
        """The id of the API key or OAuth application, if any."""


# The events that ``EventQuerySet.together`` will write.
_POSTPONED: "ContextVar[list[Event] | None]" = ContextVar("_POSTPONED", default=None)


class EventQuerySet(models.QuerySet["Event"]):
    """Queries for events, and the method ``record``. Only ``record`` writes events."""

    def record(
        self,
        kind: str,
        *,
        by: Actor,
        subject: models.Model,
        organization_id: UUID | None = None,
        followed: bool = False,
        **data: object,
    ) -> "Event":
        """Write an event inside the caller's transaction.

        The event of an organization gets the next number, so the caller has locked the organization with an earlier
        statement. ``kind`` is ``<noun>.<past participle>``. ``data`` may contain ids, states and permission names. It
        must not contain addresses or names of people, so that a person can be erased without changing events. The event
        of a changed row contains what ``events.changed_fields`` returns. ``followed`` says whether ``events.listeners``
        are called with the event.
        """
        event = new_row(
            self.model,
            kind=kind,
            organization_id=organization_id,
            actor_id=by.actor_id,
            actor_method=by.method,
            actor_credential_id=by.credential_id,
            subject_type=subject._meta.model_name,
            subject_id=subject.pk,
            data=data,
        )
        event.is_followed = followed
        postponed = _POSTPONED.get()
        if postponed is None:
            insert_events(event)
        else:
            postponed.append(event)
        return event

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write all events of the block at its end, together. Use it inside a transaction.

        The events of a block within a block are written with those of the outer one, in the order in which they happen.
        """
        events: list[Event] = []
        outer = _POSTPONED.get()
        token = _POSTPONED.set(events)
        try:
            yield
        finally:
            _POSTPONED.reset(token)
        if outer is None:
            insert_events(*events)
        else:
            outer.extend(events)

    def of_organization(self, organization_id: UUID) -> "EventQuerySet":
        """Return the events of an organization in the order of their numbers."""
        return self.filter(organization_id=organization_id).order_by("number")

    def founded_by(self, actor_id: UUID) -> "EventQuerySet":
        """Return the events of the organizations that a person created."""
        # A literal: generic plans use a partial index only if its condition is in the text of the query.
        created = RawSQL("'organization.created'", ())
        return self.filter(kind=created, actor_id=actor_id)

    def of_request(self, request_id: str) -> "EventQuerySet":
        """Return the events that a request caused. "" finds none."""
        # A literal, as in ``founded_by``.
        return self.exclude(request_id=literal("")).filter(request_id=request_id)

    def concerning(self, user_id: UUID) -> "EventQuerySet":
        """Return what a user did, and what happened to the user's account."""
        return self.filter(models.Q(actor_id=user_id) | models.Q(subject_id=user_id))

    def about(self, subject: models.Model) -> "EventQuerySet":
        """Return the events about an object, oldest first."""
        return self.filter(subject_type=subject._meta.model_name, subject_id=subject.pk).order_by("id")


class Event(models.Model):
    """An event: which user changed which object, how, and with which credential.

    Events are append-only. They have no foreign keys, so they remain after the objects are deleted. The events of an
    organization are numbered in the order in which they happened (``events.numbering``); their ids have the order of
    the clocks of all machines. Other events have no number.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=64)
    organization_id = models.UUIDField(null=True, editable=False)
    number = models.BigIntegerField(null=True, editable=False)
    actor_id = models.UUIDField(null=True, editable=False)
    actor_method = models.CharField(max_length=16)
    actor_credential_id = models.UUIDField(null=True, editable=False)
    subject_type = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # The request that caused the event. Empty if there was none, and in events of former versions.
    request_id = models.CharField(
        max_length=MAX_REQUEST_ID, default=current_request_id, db_default="", blank=True, editable=False
    )

    objects = EventQuerySet.as_manager()

    is_followed = False  # set by ``record``

    class Meta:
        """Indexes for the events of an organization, about an object, and by a user, and for a founder's organizations.

        The events of a founder are few among all events of this user, so they have an index of their own.
        """

        verbose_name, verbose_name_plural = _("event"), _("events")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["organization_id", "number"], name="event_number"),
            models.CheckConstraint(
                condition=models.Q(organization_id=None, number=None)
                | models.Q(organization_id__isnull=False, number__isnull=False, number__gte=1),
                name="event_of_organization_has_number",
            ),
        )
        indexes = (
            models.Index(fields=["organization_id", "id"], name="event_of_organization"),
            models.Index(fields=["subject_id", "id"], name="event_about_subject"),
            models.Index(fields=["actor_id", "id"], condition=models.Q(actor_id__isnull=False), name="event_by_actor"),
            models.Index(
                fields=["actor_id", "id"], condition=models.Q(kind="organization.created"), name="event_of_founder"
            ),
            # For the filters of the audit log in the admin, which is sorted by id. The first also has the columns by
            # which the emails of all organizations in a day are counted.
            models.Index(fields=["kind", "id", "created_at", "organization_id"], name="event_of_kind"),
            models.Index(fields=["actor_method", "id"], name="event_by_method"),
            models.Index(fields=["subject_type", "id"], name="event_about_type"),
            models.Index(fields=["request_id"], condition=~models.Q(request_id=""), name="event_of_request"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"
