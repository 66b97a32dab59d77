"""Delete the invitations of a deleted organization, and erase a person from invitations and emails.

Both functions run in the transaction that deletes the organization or the account.
"""

from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from accounts.principals import Principal
from core.addresses import erased_address
from events.changed_fields import changes_of
from invitations.actions.ending import mark_expired
from invitations.actions.transitions import withdraw
from invitations.email.models import Email
from invitations.email.queue import erase_emails
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from orgs.actions.accounts import AccountBusy
from orgs.actions.saving import record
from orgs.models import Organization


def delete_invitations_of(organization: Organization) -> None:
    """Delete the organization's invitations and their emails. The caller must have locked the organization."""
    Email.objects.filter(invitation__organization=organization).lock_unsent()
    Invitation.objects.filter(organization=organization).delete()


def received_by(user: User, addresses: set[str]) -> InvitationQuerySet:
    """Return the invitations to these addresses of the person, and those that the person answered."""
    return Invitation.objects.filter(Q(email__in=addresses) | Q(answered_by=user))


def erase_from_invitations(*, by: Principal, user: User, addresses: set[str], locked: set[UUID]) -> None:
    """Cancel the person's unanswered invitations, and erase them from invitations and emails.

    That is their name and addresses, what was written about or to them, and the messages that they wrote. Raises
    AccountBusy if an organization that is not ``locked`` has invited the person.
    """
    found = dict(received_by(user, addresses).values_list("pk", "organization_id"))
    if not locked.issuperset(found.values()):
        raise AccountBusy
    received = Invitation.objects.filter(pk__in=found)
    _cancel_unanswered(by, received)
    to_invitee = Q(recipient__in=addresses) | Q(invitation__in=received, recipient=F("invitation__email"))
    to_inviter = Q(invitation__inviter=user) & ~Q(recipient=F("invitation__email"))
    emails = Email.objects.filter(to_invitee | to_inviter)
    erase_emails(Email.objects.filter(pk__in=list(emails.values_list("pk", flat=True))))
    for key in found:
        Invitation.objects.filter(pk=key).update(
            email=erased_address(key.hex),
            decline_reason="",
            invitee_name="",
            message="",
            metadata={},
            updated_at=timezone.now(),
        )
    user.sent_invitations.update(inviter_name="", message="")


def _cancel_unanswered(by: Principal, received: InvitationQuerySet) -> None:
    mark_expired(received)
    for invitation in received.unanswered().select_related("organization"):
        if withdraw(invitation.pk):
            changed = changes_of(invitation, status=Invitation.Status.CANCELLED)
            record("invitation.cancelled", by, invitation, invitation.organization, **changed)
