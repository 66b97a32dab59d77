"""Delete messages that are older than the service keeps, with their deliveries."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from orgs.locks import lock_organization_of_first
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
    organization_id = lock_organization_of_first(old)
    keys = list(old.filter(organization=organization_id).values_list("pk", flat=True)[:MAX_DELETED])
    WebhookMessage.objects.filter(pk__in=keys).delete()
    return len(keys)
