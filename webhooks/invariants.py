"""What is always true of webhooks (``core.invariants``)."""

from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet

from core.invariants import invariant
from orgs.models import Organization
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookMessage

Keys = QuerySet[Any, Any]


@invariant
def organizations_know_their_webhooks() -> Keys:
    """An organization has ``has_webhooks`` exactly if one of its endpoints is enabled."""
    enabled = Exists(WebhookEndpoint.objects.enabled().filter(organization=OuterRef("pk")))
    wrong = (Q(has_webhooks=True) & ~Q(enabled)) | (Q(has_webhooks=False) & Q(enabled))
    return Organization.objects.filter(wrong).order_by().values_list("pk", flat=True)


@invariant
def webhooks_stay_in_their_organization() -> Keys:
    """An endpoint gets messages of its own organization only."""
    other = WebhookDelivery.objects.exclude(message__organization=F("endpoint__organization"))
    return other.order_by().values_list("pk", flat=True)


@invariant
def webhook_sequences_have_no_duplicate() -> Keys:
    """The deliveries of an endpoint have different numbers in its sequence."""
    numbered = WebhookDelivery.objects.filter(sequence__isnull=False).order_by().values("endpoint", "sequence")
    return numbered.annotate(found=Count("pk")).filter(found__gt=1).values_list("endpoint", flat=True)


@invariant
def webhook_sequences_are_counted() -> Keys:
    """The sequence of an endpoint counts its deliveries."""
    highest = WebhookDelivery.objects.order_by().values("endpoint").annotate(highest=Max("sequence"))
    return highest.filter(highest__gt=F("endpoint__sequence")).values_list("endpoint", flat=True)


@invariant
def webhooks_are_not_overlooked() -> Keys:
    """An enabled endpoint with messages behind its position has ``has_news``."""
    later = WebhookMessage.objects.filter(organization=OuterRef("organization"), number__gt=OuterRef("position"))
    quiet = WebhookEndpoint.objects.enabled().filter(has_news=False, event_types__isnull=True)
    return quiet.filter(Exists(later)).order_by().values_list("pk", flat=True)
