"""Delete messages: those that name a person who is erased, and old ones. Their deliveries are deleted with them."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from invitations.models import Invitation
from webhooks.models import WebhookMessage

KEPT = timedelta(days=30)
MAX_BATCH = 1000  # limits the run time of the statement; the next run deletes more


def erase_from_webhooks(*, user: User, addresses: set[str]) -> None:
    """Delete the messages that name the person: as a member, an invitee or an inviter.

    What was not delivered is lost for the receiver, who notices the gap in the sequence.
    """
    answered = Invitation.objects.filter(answered_by=user).order_by().values("pk")
    named = Q(user_id=user.pk) | Q(address__in=addresses) | Q(subject_id__in=answered)
    WebhookMessage.objects.filter(named).delete()


def delete_old_messages() -> bool:
    """Delete messages from more than 30 days ago. Return whether there may be more."""
    old = list(WebhookMessage.objects.before(timezone.now() - KEPT).values_list("pk", flat=True)[:MAX_BATCH])
    WebhookMessage.objects.filter(pk__in=old).delete()
    return len(old) == MAX_BATCH
