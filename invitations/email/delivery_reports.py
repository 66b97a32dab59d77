"""Apply the reports that an email provider sends after it has accepted an email.

Reports can be late, duplicated, out of order, or about older or unknown emails. They can also arrive before this
service has recorded the email as sent. ``FOLLOWS`` lists the state changes that are allowed. One conditional UPDATE
checks the current state and sets the new one. A report cannot undo an answer, because an invitation leaves ``pending``
only once.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from accounts.principals import SERVICE
from core.addresses import is_erased
from events.changed_fields import changes_of
from invitations.actions.ending import fail
from invitations.actions.scheduling import start_lifetime
from invitations.email.address_hashes import SuppressionScope
from invitations.email.models import Attempt, Email
from invitations.email.suppressions import add_suppression
from invitations.lookups import lock_invitation
from invitations.refusals import InvitationNotFound
from orgs.actions.saving import record

SENT, DEFERRED, DELIVERED = Email.State.SENT, Email.State.DEFERRED, Email.State.DELIVERED
BOUNCED, FAILED, COMPLAINED = Email.State.BOUNCED, Email.State.FAILED, Email.State.COMPLAINED

# Maps each state that can be reported to the current states in which such a report is accepted. Otherwise, the report
# is ignored.
# - Every report is accepted for an email that is not recorded as sent yet, because the provider already has the email.
# - A bounce may follow a delivery: a server accepted the email, but another server rejected it later.
# - A complaint may follow every other reported state, because it proves that the recipient received the email.
# - A deferral may follow another deferral if the server's response is different.
FOLLOWS: dict[str, frozenset[Email.State]] = {
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

    ``is_final`` means that the address cannot be reached. Such a report ends the invitation.
    """

    state: Email.State
    code: str
    response: str = ""
    is_final: bool = False


@transaction.atomic
def take_report(*, email_id: UUID, report: Report) -> bool:
    """Record a report about an email. Return whether the report changed the email.

    If the email is to the invitee, a final report puts the email's open invitation in the state ``error`` (``fail``),
    and a complaint unsubscribes the recipient from the organization.
    """
    invitation_id = Email.objects.filter(pk=email_id).values_list("invitation_id", flat=True).first()
    if invitation_id is None:
        return False
    try:
        organization, invitation = lock_invitation(invitation_id, archived=True)
    except InvitationNotFound:
        return False
    email = Email.objects.select_for_update(no_key=True).filter(pk=email_id).first()  # a worker may be sending it
    if email is None:
        return False
    response = "" if is_erased(email.recipient) else report.response
    if not _change_state(email, report.state, response):
        return False
    Attempt.objects.create(email=email, state=report.state, response=response)
    if email.due_at is not None and email.is_to_invitee and email.generation == invitation.generation:
        start_lifetime(organization, invitation, timezone.now())  # the worker cannot record the email as sent now
    facts = {"invitation_id": email.invitation_id, "email_kind": email.kind, "reason": report.code}
    facts |= changes_of(email, state=report.state)
    record(f"email.{report.state}", SERVICE, email, organization, **facts)
    if report.is_final and email.is_to_invitee:
        fail(invitation_id=email.invitation_id, generation=email.generation, reason=report.code)
    if report.state == COMPLAINED and email.is_to_invitee and not is_erased(email.recipient):
        add_suppression(SERVICE, organization, invitation, SuppressionScope.ORGANIZATION)
    return True


def _change_state(email: Email, state: Email.State, response: str) -> bool:
    """Set the state if ``FOLLOWS`` allows that, the report is not a duplicate, and the recipient was not erased."""
    may_change = Q(due_at__isnull=False) | Q(state__in=FOLLOWS[state])
    same_attempt = Attempt.objects.filter(email=OuterRef("pk"), state=state, response=response)
    rows = Email.objects.filter(may_change, pk=email.pk, recipient=email.recipient)
    rows = rows.exclude(Exists(same_attempt), state=state, due_at__isnull=True)
    sent_at = None if state == FAILED else Coalesce(F("sent_at"), Now())
    columns = {"state": state, "response": response, "reason": "", "sent_at": sent_at}
    return bool(rows.update(**columns, due_at=None, lease_id=None, updated_at=timezone.now()))
