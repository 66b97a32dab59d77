"""Receivers for signals of ``orgs`` (listed in ``orgs.signals``)."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from orgs.models import Organization
from orgs.signals import account_purged, organization_purging
from webhooks.actions.erasing import erase_from_webhooks
from webhooks.models import WebhookDelivery


@receiver(account_purged, sender=User, dispatch_uid="webhooks.erase_person")
def erase_person_from_webhooks(user: User, addresses: set[str], **kwargs: Any) -> None:
    """Remove the person from the messages."""
    erase_from_webhooks(user=user, addresses=addresses)


@receiver(organization_purging, sender=Organization, dispatch_uid="webhooks.wait_for_workers")
def wait_for_workers(organization: Organization, **kwargs: Any) -> None:
    """Wait for workers that record responses. The deliveries are deleted with the organization.

    Workers lock an endpoint before its deliveries, so this does too.
    """
    list(organization.webhook_endpoints.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    WebhookDelivery.objects.filter(endpoint__organization=organization).lock_unsent()
