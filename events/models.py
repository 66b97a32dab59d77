"""The event model."""

from typing import Protocol
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from core.ids import uuid7


class Actor(Protocol):
    """The cause of an event: a user and a credential. Principals are actors."""

    @property
    def actor_id(self) -> UUID | None:
        """The id of the user; None if the service itself acts."""

    @property
    def method(self) -> str:
        """The kind of credential: ``session``, ``api_key`` and so on."""

    @property
    def credential_id(self) -> UUID | None:
        """The id of the API key or OAuth application, if any."""


class EventQuerySet(models.QuerySet["Event"]):
    """Queries of events, and ``record``, the only way to write them."""

    def record(
        self,
        kind: str,
        *,
        by: Actor,
        subject: models.Model,
        organization_id: UUID | None = None,
        **data: object,
    ) -> "Event":
        """Write an event inside the caller's transaction.

        ``kind`` is ``<noun>.<past participle>``. ``data`` may contain ids, states and permission names, but no
        address and no name of a person, so that erasing a person needs no change to events.
        """
        return self.create(
            kind=kind,
            organization_id=organization_id,
            actor_id=by.actor_id,
            actor_method=by.method,
            actor_credential_id=by.credential_id,
            subject_type=subject._meta.model_name,
            subject_id=subject.pk,
            data=data,
        )

    def of_organization(self, organization_id: UUID) -> "EventQuerySet":
        """Return the events of an organization, oldest first."""
        return self.filter(organization_id=organization_id).order_by("id")

    def about(self, subject: models.Model) -> "EventQuerySet":
        """Return the events about an object, oldest first."""
        return self.filter(subject_type=subject._meta.model_name, subject_id=subject.pk).order_by("id")


class Event(models.Model):
    """An event: who did what to which object, with which credential.

    Events are append-only and have no foreign keys, so they outlive the objects that they refer to.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=64)
    organization_id = models.UUIDField(null=True, editable=False)
    actor_id = models.UUIDField(null=True, editable=False)
    actor_method = models.CharField(max_length=16)
    actor_credential_id = models.UUIDField(null=True, editable=False)
    subject_type = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        """One index for the events of an organization, one for those about an object."""

        ordering = ("id",)
        indexes = (
            models.Index(fields=["organization_id", "id"], name="event_of_organization"),
            models.Index(fields=["subject_id", "id"], name="event_about_subject"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"
