"""The one model of what happened."""

from typing import Protocol
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from core.ids import uuid7


class Actor(Protocol):
    """Whoever causes an event: a principal knows its user and the credential it came by."""

    @property
    def actor_id(self) -> UUID | None:
        """The id of the acting user; None when the service itself acts."""

    @property
    def method(self) -> str:
        """The kind of credential, such as ``session`` or ``api_key``."""

    @property
    def credential_id(self) -> UUID | None:
        """The API key or OAuth application itself, where there is one."""


class EventQuerySet(models.QuerySet["Event"]):
    """Events, and the one way to write them."""

    def record(
        self,
        kind: str,
        *,
        by: Actor,
        subject: models.Model,
        organization_id: UUID | None = None,
        **data: object,
    ) -> "Event":
        """Write what just happened, inside the caller's transaction.

        ``kind`` is ``<noun>.<past participle>``; ``data`` holds ids, states and permission names only:
        no address and no name ever goes into an event, so that erasing a person needs no rewriting of history.
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
        """The events of one organization, oldest first."""
        return self.filter(organization_id=organization_id).order_by("id")

    def about(self, subject: models.Model) -> "EventQuerySet":
        """The events about one object, oldest first."""
        return self.filter(subject_type=subject._meta.model_name, subject_id=subject.pk).order_by("id")


class Event(models.Model):
    """One thing that happened: who did what to which object, and by which credential.

    Append-only and without foreign keys, so that it outlives everything it mentions.
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
        """Two indexes: an organization's log in order, and one object's story."""

        ordering = ("id",)
        indexes = (
            models.Index(fields=["organization_id", "id"], name="event_of_organization"),
            models.Index(fields=["subject_id", "id"], name="event_about_subject"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"
