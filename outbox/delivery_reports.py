"""The reports that an email provider sends after it has accepted an email.

Reports can be late, duplicated, out of order, or about older or unknown emails. They can also arrive before this
service has recorded the email as sent. ``FOLLOWS`` lists the state changes that are allowed. One conditional UPDATE
checks the current state and sets the new one.
"""

from dataclasses import dataclass

from django.db.models import Exists, F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from outbox.models import DeliveryState, EmailDelivery

SENT, DEFERRED, DELIVERED = DeliveryState.SENT, DeliveryState.DEFERRED, DeliveryState.DELIVERED
BOUNCED, FAILED, COMPLAINED = DeliveryState.BOUNCED, DeliveryState.FAILED, DeliveryState.COMPLAINED

# Maps each state that can be reported to the current states in which such a report is accepted. Otherwise, the report
# is ignored.
# - Every report is accepted for an email that is not recorded as sent yet, because the provider already has the email.
# - A bounce may follow a delivery: a server accepted the email, but another server rejected it later.
# - A complaint may follow every other reported state, because it proves that the recipient received the email.
# - A deferral may follow another deferral if the server's response is different.
FOLLOWS: dict[str, frozenset[DeliveryState]] = {
    SENT: frozenset(),
    DEFERRED: frozenset({SENT, DEFERRED}),
    DELIVERED: frozenset({SENT, DEFERRED}),
    FAILED: frozenset({SENT, DEFERRED}),
    BOUNCED: frozenset({SENT, DEFERRED, DELIVERED}),
    COMPLAINED: frozenset({SENT, DEFERRED, DELIVERED, BOUNCED, FAILED}),
}


@dataclass(frozen=True)
class Report:
    """The reported state of an email, the reason code for the audit event, and the server's response.

    ``is_final`` means that the address cannot be reached.
    """

    state: DeliveryState
    code: str
    response: str = ""
    is_final: bool = False


def change_state(email: EmailDelivery, state: DeliveryState, response: str) -> bool:
    """Set the state, and return whether it has changed.

    It changes if ``FOLLOWS`` allows that, the report is not a duplicate, and the recipient was not erased.
    """
    may_change = Q(due_at__isnull=False) | Q(state__in=FOLLOWS[state])
    same_attempt = email.history.filter(state=state, response=response)
    rows = type(email)._default_manager.filter(may_change, pk=email.pk, recipient=email.recipient)
    rows = rows.exclude(Exists(same_attempt), state=state, due_at__isnull=True)
    sent_at = None if state == FAILED else Coalesce(F("sent_at"), Now())
    columns = {"state": state, "response": response, "reason": "", "sent_at": sent_at}
    return bool(rows.update(**columns, due_at=None, lease_id=None, updated_at=timezone.now()))
