"""Unsubscribe an address from the emails of one organization or of all organizations, and undo it.

Suppressions take effect when emails are sent (``handlers.py``). Organizations do not see them. An unsubscribed person
can still be invited and can answer the invitation on the website. The organization sees the email as sent, and its
audit log does not contain suppressions.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.models import User
from accounts.principals import Principal
from core.addresses import is_erased
from core.errors import NotFound
from events.models import Event
from invitations.email.address_hashes import Suppression, SuppressionScope, suppression_digests
from invitations.lookups import lock_invitation
from invitations.models import Invitation
from invitations.refusals import InvitationNotFound
from invitations.tokens import Proof, Purpose
from orgs import policies
from orgs.models import Organization

PROVES_MAILBOX = (Purpose.EMAILED, Purpose.UNSUBSCRIBE)


class SuppressionNotFound(NotFound):
    """The suppression does not exist, or it is for an address of another person."""

    message = "This address has not asked for that."


@dataclass(frozen=True)
class SuppressedAddress:
    """A suppression and its address in plain text."""

    address: str
    suppression: Suppression


@transaction.atomic
def unsubscribe(*, by: Principal, invitation_id: UUID, scope: SuppressionScope, proof: Proof | None = None) -> None:
    """Suppress emails to the invited address. Do nothing if they are already suppressed.

    The link in any email of the invitation is sufficient. The state of the invitation does not matter, and no sign-in
    is needed. Without a link, the caller must have verified the invited address. Raises InvitationNotFound.
    """
    organization, invitation = lock_invitation(invitation_id, archived=True)
    _require_mailbox(by, invitation, proof)
    add_suppression(by, organization, invitation, scope)


def add_suppression(by: Principal, organization: Organization, invitation: Invitation, scope: SuppressionScope) -> None:
    """Add the suppression unless it exists. The caller must have checked the permission."""
    scope_organization = organization if scope == SuppressionScope.ORGANIZATION else None
    if Suppression.objects.by_address(invitation.email, scope_organization).exists():
        return
    suppression, is_new = Suppression.objects.get_or_create(
        digest=suppression_digests(invitation.email, scope_organization)[0],
        defaults={"organization": scope_organization},
    )
    if is_new:
        Event.objects.record("suppression.created", by=by, subject=suppression, scope=scope)


@transaction.atomic
def remove_suppression(*, by: Principal, suppression_id: UUID) -> None:
    """Remove a suppression of one of the caller's verified addresses. Raises SuppressionNotFound."""
    person = policies.require_person(by)
    own = (found.suppression for found in suppressions_of(person))
    suppression = next((found for found in own if found.pk == suppression_id), None)
    if suppression is None:
        raise SuppressionNotFound
    deleted, _ = Suppression.objects.filter(pk=suppression_id).delete()
    if not deleted:
        raise SuppressionNotFound
    Event.objects.record("suppression.deleted", by=by, subject=suppression, scope=suppression.scope)


def find_emailed(invitation_id: UUID) -> Invitation:
    """Return the invitation of an email, even if the organization is archived. Raises InvitationNotFound."""
    invitation = Invitation.objects.with_details().filter(pk=invitation_id).first()
    if invitation is None or is_erased(invitation.email):
        raise InvitationNotFound
    return invitation


def suppressions_of(person: User) -> list[SuppressedAddress]:
    """Return the suppressions of the person's verified addresses.

    These are suppressions for all organizations, and for single organizations that invited one of the addresses.
    """
    return [found for address in sorted(person.verified_addresses()) for found in suppressions_by(address)]


def suppressions_by(address: str) -> list[SuppressedAddress]:
    """Return the suppressions of an address, for all organizations and for those that invited it."""
    inviting = Organization.objects.filter(invitations__email=address).distinct()
    digests = suppression_digests(address, None)
    for organization in inviting:
        digests += suppression_digests(address, organization)
    rows = Suppression.objects.filter(digest__in=digests).select_related("organization")
    return [
        SuppressedAddress(address, suppression)
        for suppression in rows.order_by(F("organization__name").asc(nulls_last=True), "id")
    ]


def _require_mailbox(by: Principal, invitation: Invitation, proof: Proof | None) -> None:
    """Raise InvitationNotFound unless a link or a verified address proves that the caller reads the mailbox."""
    by_link = proof is not None and proof.invitation_id == invitation.pk and proof.purpose in PROVES_MAILBOX
    by_account = by.user is not None and invitation.email in by.user.verified_addresses()
    if is_erased(invitation.email) or not (by_link or by_account):
        raise InvitationNotFound
