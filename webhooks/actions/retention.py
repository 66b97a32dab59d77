"""Delete messages that are older than the service keeps, with their deliveries."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from accounts.principals import SERVICE
from orgs.locks import OrganizationNotFound, lock_organization
from webhooks.models import WebhookMessage, WebhookMessageQuerySet

MAX_DELETED = 1000  # in each transaction


def delete_messages_before(moment: datetime) -> Iterator[int]:
    """Delete the messages from before this time, in short transactions. Yield how many after each.

    Those of organizations under a legal hold stay.
    """
    while deleted := _delete_some(WebhookMessage.objects.before(moment)):
        yield deleted


@transaction.atomic
def _delete_some(old: WebhookMessageQuerySet) -> int:
    """Delete some of these messages, all of one organization, which may have come under a legal hold meanwhile."""
    organization_id = old.values_list("organization_id", flat=True).first()
    if organization_id is None:
        return 0
    try:
        lock_organization(organization_id, by=SERVICE, archived=True)
    except OrganizationNotFound:
        return 0
    keys = list(old.filter(organization=organization_id).values_list("pk", flat=True)[:MAX_DELETED])
    WebhookMessage.objects.filter(pk__in=keys).delete()
    return len(keys)
