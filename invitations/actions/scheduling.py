"""What happens to the scheduled email of an invitation until it has been sent."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.principals import SERVICE
from events.changed_fields import changes_of
from invitations.actions.granting import expiry
from invitations.actions.transitions import change_open
from invitations.email.limits import open_slots_left
from invitations.email.models import Email
from invitations.lookups import lock_invitation
from invitations.models import Invitation
from invitations.refusals import InvitationNotFound
from orgs.actions.saving import record
from orgs.models import Organization

KEPT_OPEN = timedelta(hours=3)  # longer than a worker waits before it looks for an open slot again


@transaction.atomic
def take_slot(*, email_id: UUID, invitation_id: UUID) -> bool:
    """Let a scheduled email be sent that is due. Return False if it waits for an open slot.

    The invitation does not expire while its email waits. If the email was dropped in the meantime, nothing changes, and
    the worker cannot take its lease.
    """
    try:
        organization, invitation = lock_invitation(invitation_id)
    except InvitationNotFound:
        return False
    if not invitation.is_emailed and open_slots_left(organization) < 1:
        _keep_open(organization, invitation)
        return False
    Email.objects.filter(pk=email_id, state=Email.State.SCHEDULED).update(state=Email.State.QUEUED)
    if not invitation.is_emailed:
        Invitation.objects.filter(pk=invitation_id).update(is_emailed=True)
    return True


def start_lifetime(organization: Organization, invitation: Invitation, sent_at: datetime) -> None:
    """Set the expiry date anew, because the scheduled email of the invitation was sent. It does not become earlier.

    The caller has locked the organization. Does nothing if no email was scheduled or the invitation is not open.
    """
    if invitation.lifetime_days is None or not invitation.is_open:
        return
    expires_at = max(invitation.expires_at, expiry(invitation.lifetime_days, sent_at))
    _change(organization, invitation, "invitation.emailed", expires_at=expires_at, lifetime_days=None)


def _keep_open(organization: Organization, invitation: Invitation) -> None:
    if invitation.is_open and invitation.lifetime_days and invitation.expires_at < timezone.now() + KEPT_OPEN:
        _change(organization, invitation, "invitation.postponed", expires_at=expiry(invitation.lifetime_days))


def _change(organization: Organization, invitation: Invitation, kind: str, **values: object) -> None:
    if change_open(invitation.pk, **values):
        record(kind, SERVICE, invitation, organization, **changes_of(invitation, **values))
