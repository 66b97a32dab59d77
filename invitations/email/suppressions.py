"""“Do not write to me again”: from one organization, or from any; and the way back.

A refusal is honored where mails are sent (``sending.py``), and silently: inviting goes on as before, the invitation is
there for its invitee, and the organization is told of its mail what it is told of any. So nothing about a refusal is
in an organization's log either.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.models import User
from accounts.principals import Principal
from core.errors import NotFound
from events.models import Event
from invitations.email.address_hashes import MailRefusal, Reach, refusal_digests
from invitations.email.queue import is_erased
from invitations.lookups import lock_invitation
from invitations.models import Invitation
from invitations.refusals import InvitationNotFound
from invitations.tokens import Proof, Purpose
from orgs import policies
from orgs.models import Organization

PROVES_MAILBOX = (Purpose.MAILED, Purpose.REFUSING)


class MailRefusalNotFound(NotFound):
    """Unknown, taken back already, or another address's."""

    message = "This address has not asked for that."


@dataclass(frozen=True)
class Refused:
    """One refusal, and the person's address that it is about."""

    address: str
    refusal: MailRefusal


@transaction.atomic
def refuse_mails(*, by: Principal, invitation_id: UUID, reach: Reach, proof: Proof | None = None) -> None:
    """Send no mails to the invited address any more; refusing twice is refusing once.

    The link of any of the invitation's mails suffices, signed out, whatever became of it; without one the caller must
    have proven the invited address. Raises InvitationNotFound.
    """
    organization, invitation = lock_invitation(invitation_id, archived=True)
    _require_mailbox(by, invitation, proof)
    note_refusal(by, organization, invitation, reach)


def note_refusal(by: Principal, organization: Organization, invitation: Invitation, reach: Reach) -> None:
    """Write it down unless it is there; the caller has seen to who asks."""
    whose = organization if reach == Reach.ORGANIZATION else None
    if MailRefusal.objects.by_address(invitation.email, whose).exists():
        return
    refusal, is_new = MailRefusal.objects.get_or_create(
        digest=refusal_digests(invitation.email, whose)[0], defaults={"organization": whose}
    )
    if is_new:
        Event.objects.record("mails.refused", by=by, subject=refusal, reach=reach)


@transaction.atomic
def allow_mails(*, by: Principal, refusal_id: UUID) -> None:
    """Take a refusal of one of the caller's proven addresses back; raises MailRefusalNotFound."""
    person = policies.require_person(by)
    refusal = next((found.refusal for found in refusals_of(person) if found.refusal.pk == refusal_id), None)
    if refusal is None or not MailRefusal.objects.filter(pk=refusal_id).delete()[0]:
        raise MailRefusalNotFound
    Event.objects.record("mails.allowed", by=by, subject=refusal, reach=refusal.reach)


def find_written_to(invitation_id: UUID) -> Invitation:
    """The invitation that a mail was about, also of an archived organization; raises InvitationNotFound."""
    invitation = Invitation.objects.with_details().filter(pk=invitation_id).first()
    if invitation is None or is_erased(invitation.email):
        raise InvitationNotFound
    return invitation


def refusals_of(person: User) -> list[Refused]:
    """What the person's proven addresses have refused: of any organization, and of each that has invited them."""
    return [found for address in sorted(person.verified_addresses()) for found in _refusals_by(address)]


def _refusals_by(address: str) -> list[Refused]:
    inviting = Organization.objects.filter(invitations__email=address).distinct()
    digests = refusal_digests(address, None)
    for organization in inviting:
        digests += refusal_digests(address, organization)
    rows = MailRefusal.objects.filter(digest__in=digests).select_related("organization")
    return [Refused(address, refusal) for refusal in rows.order_by(F("organization__name").asc(nulls_last=True), "id")]


def _require_mailbox(by: Principal, invitation: Invitation, proof: Proof | None) -> None:
    """Raise InvitationNotFound unless a link or the caller's own proven address shows the mailbox."""
    by_link = proof is not None and proof.invitation_id == invitation.pk and proof.purpose in PROVES_MAILBOX
    by_account = by.user is not None and invitation.email in by.user.verified_addresses()
    if is_erased(invitation.email) or not (by_link or by_account):
        raise InvitationNotFound
