"""What a mail provider reports after it took a mail, and what that changes.

Reports come late, twice, out of order, before our own commit of "sent", about older mails and about none of ours.
Nothing of that matters: ``FOLLOWS`` says which report changes a mail, by one conditional UPDATE, and an invitation only
ever leaves ``pending``, so that no report undoes an answer.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from accounts.principals import SERVICE
from invitations.actions.ending import fail
from invitations.email.address_hashes import SuppressionScope
from invitations.email.models import Attempt, Email
from invitations.email.queue import is_erased
from invitations.email.suppressions import add_suppression
from invitations.lookups import lock_invitation
from invitations.refusals import InvitationNotFound
from orgs.actions.saving import record

SENT, DEFERRED, DELIVERED = Email.State.SENT, Email.State.DEFERRED, Email.State.DELIVERED
BOUNCED, FAILED, COMPLAINED = Email.State.BOUNCED, Email.State.FAILED, Email.State.COMPLAINED

# THE table: each state that can be reported, and those it may follow. A mail that we take for unsent is behind every
# report: the provider has it. A bounce may follow a delivery (a server took it, a mailbox behind it did not), a
# complaint anything (it was read). A deferral follows another one in other words. All else is old news.
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
    """One report: the state of the mail, the code for the event, the server's own words for the ledger.

    ``is_final`` says that the address cannot be reached, which ends the invitation.
    """

    state: Email.State
    code: str
    words: str = ""
    is_final: bool = False


@transaction.atomic
def take_report(*, email_id: UUID, report: Report) -> bool:
    """Note what became of a mail; whether that was news.

    What is final ends its open invitation. A complaint is a "do not write to me again" to the organization.
    """
    email = Email.objects.filter(pk=email_id).first()
    if email is None:
        return False
    try:
        organization, invitation = lock_invitation(email.invitation_id, archived=True)
    except InvitationNotFound:
        return False
    words = "" if is_erased(email.recipient) else report.words
    if not _move(email, report.state, words):
        return False
    Attempt.objects.create(email=email, state=report.state, response=words)
    facts = {"invitation_id": email.invitation_id, "email_kind": email.kind, "reason": report.code}
    record(f"email.{report.state}", SERVICE, email, organization, **facts)
    if report.is_final and email.is_to_invitee:
        fail(invitation_id=email.invitation_id, generation=email.generation, reason=report.code)
    if report.state == COMPLAINED and email.is_to_invitee and not is_erased(email.recipient):
        add_suppression(SERVICE, organization, invitation, SuppressionScope.ORGANIZATION)
    return True


def _move(email: Email, state: Email.State, words: str) -> bool:
    """Give the mail its new state where that may follow and is news, and the recipient was not erased meanwhile."""
    behind = Q(due_at__isnull=False) | Q(state__in=FOLLOWS[state])
    said = Attempt.objects.filter(email=OuterRef("pk"), state=state, response=words)
    rows = Email.objects.filter(behind, pk=email.pk, recipient=email.recipient)
    rows = rows.exclude(Exists(said), state=state, due_at__isnull=True)
    sent_at = None if state == FAILED else Coalesce(F("sent_at"), Now())
    told = {"state": state, "response": words, "reason": "", "sent_at": sent_at}
    return bool(rows.update(**told, due_at=None, lease_id=None, updated_at=timezone.now()))
