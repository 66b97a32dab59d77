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
from invitations.email.address_hashes import Suppression, SuppressionScope, suppression_digests
from invitations.email.queue import is_erased
from invitations.lookups import lock_invitation
from invitations.models import Invitation
from invitations.refusals import InvitationNotFound
from invitations.tokens import Proof, Purpose
from orgs import policies
from orgs.models import Organization

PROVES_MAILBOX = (Purpose.EMAILED, Purpose.UNSUBSCRIBE)


class SuppressionNotFound(NotFound):
    """Unknown, taken back already, or another address's."""

    message = "This address has not asked for that."


@dataclass(frozen=True)
class SuppressedAddress:
    """One refusal, and the person's address that it is about."""

    address: str
    suppression: Suppression


@transaction.atomic
def unsubscribe(*, by: Principal, invitation_id: UUID, scope: SuppressionScope, proof: Proof | None = None) -> None:
    """Send no mails to the invited address any more; refusing twice is refusing once.

    The link of any of the invitation's mails suffices, signed out, whatever became of it; without one the caller must
    have proven the invited address. Raises InvitationNotFound.
    """
    organization, invitation = lock_invitation(invitation_id, archived=True)
    _require_mailbox(by, invitation, proof)
    add_suppression(by, organization, invitation, scope)


def add_suppression(by: Principal, organization: Organization, invitation: Invitation, scope: SuppressionScope) -> None:
    """Write it down unless it is there; the caller has seen to who asks."""
    whose = organization if scope == SuppressionScope.ORGANIZATION else None
    if Suppression.objects.by_address(invitation.email, whose).exists():
        return
    refusal, is_new = Suppression.objects.get_or_create(
        digest=suppression_digests(invitation.email, whose)[0], defaults={"organization": whose}
    )
    if is_new:
        Event.objects.record("suppression.created", by=by, subject=refusal, scope=scope)


@transaction.atomic
def remove_suppression(*, by: Principal, suppression_id: UUID) -> None:
    """Take a refusal of one of the caller's proven addresses back; raises SuppressionNotFound."""
    person = policies.require_person(by)
    refusal = next(
        (found.suppression for found in suppressions_of(person) if found.suppression.pk == suppression_id), None
    )
    if refusal is None:
        raise SuppressionNotFound
    deleted, _ = Suppression.objects.filter(pk=suppression_id).delete()
    if not deleted:
        raise SuppressionNotFound
    Event.objects.record("suppression.deleted", by=by, subject=refusal, scope=refusal.scope)


def find_emailed(invitation_id: UUID) -> Invitation:
    """The invitation that a mail was about, also of an archived organization; raises InvitationNotFound."""
    invitation = Invitation.objects.with_details().filter(pk=invitation_id).first()
    if invitation is None or is_erased(invitation.email):
        raise InvitationNotFound
    return invitation


def suppressions_of(person: User) -> list[SuppressedAddress]:
    """What the person's proven addresses have refused: of any organization, and of each that has invited them."""
    return [found for address in sorted(person.verified_addresses()) for found in _suppressions_by(address)]


def _suppressions_by(address: str) -> list[SuppressedAddress]:
    inviting = Organization.objects.filter(invitations__email=address).distinct()
    digests = suppression_digests(address, None)
    for organization in inviting:
        digests += suppression_digests(address, organization)
    rows = Suppression.objects.filter(digest__in=digests).select_related("organization")
    return [
        SuppressedAddress(address, refusal)
        for refusal in rows.order_by(F("organization__name").asc(nulls_last=True), "id")
    ]


def _require_mailbox(by: Principal, invitation: Invitation, proof: Proof | None) -> None:
    """Raise InvitationNotFound unless a link or the caller's own proven address shows the mailbox."""
    by_link = proof is not None and proof.invitation_id == invitation.pk and proof.purpose in PROVES_MAILBOX
    by_account = by.user is not None and invitation.email in by.user.verified_addresses()
    if is_erased(invitation.email) or not (by_link or by_account):
        raise InvitationNotFound
