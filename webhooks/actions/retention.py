"""Delete messages that are older than the service keeps, with their deliveries."""

from collections.abc import Iterator
from datetime import datetime

from webhooks.models import WebhookMessage

MAX_DELETED = 1000  # limits the run time of the statement


def delete_messages_before(moment: datetime) -> Iterator[int]:
    """Delete the messages from before this time, in short transactions. Yield how many after each.

    Those of organizations under a legal hold stay.
    """
    old = WebhookMessage.objects.before(moment).values_list("pk", flat=True)
    while keys := list(old[:MAX_DELETED]):
        WebhookMessage.objects.filter(pk__in=keys).delete()
        yield len(keys)
