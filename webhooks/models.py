"""The endpoints of organizations."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.encryption import decrypt
from core.ids import uuid7
from core.text import validate_plain_text
from core.web_addresses import WebAddressField
from orgs.models import Organization


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    """Queries for endpoints."""

    def enabled(self) -> "WebhookEndpointQuerySet":
        """Return the endpoints to which webhooks are sent."""
        return self.filter(state="enabled")

    def of_organization(self, organization_id: Any) -> "WebhookEndpointQuerySet":
        """Return the endpoints of one organization, oldest first."""
        return self.filter(organization_id=organization_id).order_by("id")


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
        indexes = (models.Index(fields=["organization", "id"], name="webhook_of_organization"),)

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
