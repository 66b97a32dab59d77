"""Remove a person who is erased from the messages."""

from django.db.models import Q

from accounts.models import User
from invitations.models import Invitation
from webhooks.models import WebhookAttempt, WebhookDelivery, WebhookMessage, WebhookMessageQuerySet

MAX_BATCH = 1000  # limits the run time of the statements


def erase_from_webhooks(*, user: User, addresses: set[str]) -> None:
    """Remove the person from the messages that name them: as a member, an invitee or an inviter.

    The event is left, which has only ids. So receivers that have not got the message yet still learn that a membership
    or an invitation has ended.
    """
    answered = Invitation.objects.filter(answered_by=user).order_by().values("pk")
    named = Q(user_id=user.pk) | Q(address__in=addresses) | Q(subject_id__in=answered)
    keys = list(WebhookMessage.objects.filter(named).values_list("pk", flat=True))
    for start in range(0, len(keys), MAX_BATCH):
        _erase(WebhookMessage.objects.filter(pk__in=keys[start : start + MAX_BATCH]))


def _erase(messages: WebhookMessageQuerySet) -> None:
    """Leave the events of these messages. Responses to them are erased too, because they may repeat names."""
    rows = list(messages)
    for row in rows:
        row.data, row.user_id, row.address = row.without_object(), None, None
    WebhookMessage.objects.bulk_update(rows, ["data", "user_id", "address"])
    WebhookDelivery.objects.filter(message__in=rows).update(response="")
    WebhookAttempt.objects.filter(delivery__message__in=rows).update(response="")
