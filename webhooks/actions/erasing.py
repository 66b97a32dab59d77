"""Remove a person who is erased from the messages, and delete old messages with their deliveries."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from invitations.models import Invitation
from webhooks.models import WebhookMessage

KEPT = timedelta(days=30)
MAX_BATCH = 1000  # limits the run time of the statement; the next run deletes more


def erase_from_webhooks(*, user: User, addresses: set[str]) -> None:
    """Remove the person from the messages that name them: as a member, an invitee or an inviter.

    The event is left, which has only ids. So receivers that have not got the message yet still learn that a membership
    or an invitation has ended.
    """
    answered = Invitation.objects.filter(answered_by=user).order_by().values("pk")
    named = Q(user_id=user.pk) | Q(address__in=addresses) | Q(subject_id__in=answered)
    keys = list(WebhookMessage.objects.filter(named).values_list("pk", flat=True))
    for start in range(0, len(keys), MAX_BATCH):
        messages = list(WebhookMessage.objects.filter(pk__in=keys[start : start + MAX_BATCH]))
        for message in messages:
            message.data, message.user_id, message.address = message.without_object(), None, None
        WebhookMessage.objects.bulk_update(messages, ["data", "user_id", "address"])


def delete_old_messages() -> bool:
    """Delete messages from more than 30 days ago. Return whether there may be more."""
    old = list(WebhookMessage.objects.before(timezone.now() - KEPT).values_list("pk", flat=True)[:MAX_BATCH])
    WebhookMessage.objects.filter(pk__in=old).delete()
    return len(old) == MAX_BATCH
