"""Receivers for signals of ``orgs`` (listed in ``orgs.signals``)."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from orgs.signals import account_purged
from webhooks.actions.erasing import erase_from_webhooks


@receiver(account_purged, sender=User, dispatch_uid="webhooks.erase_person")
def erase_person_from_webhooks(user: User, addresses: set[str], **kwargs: Any) -> None:
    """Delete the messages that name the person."""
    erase_from_webhooks(user=user, addresses=addresses)
