"""What happens to the scheduled email of an invitation until it has been sent."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.principals import SERVICE, Principal
from events.changed_fields import changes_of
from events.models import Event
from invitations.actions.granting import DEFAULT_LIFETIME_DAYS, expiry
from invitations.actions.transitions import change_open
from invitations.email.limits import free_times, open_slots_left
from invitations.email.models import Email
from invitations.lookups import lock_invitation
from invitations.models import Invitation
from invitations.refusals import InvitationNotFound
from orgs.actions.saving import record
from orgs.models import Organization

MOVED_IN_ONE_STATEMENT = 500
KEPT_OPEN = timedelta(hours=3)  # longer than a worker waits before it looks for an open slot again


@transaction.atomic
def take_slot(*, email_id: UUID, invitation_id: UUID) -> bool:
    """Let a scheduled email be sent that is due. Return False if it waits for an open slot.

    Each invitation that shares the email needs a slot. The invitation does not expire while its email waits. If the
    email was dropped in the meantime, nothing changes, and the worker cannot take its lease.
    """
    try:
        organization, invitation = lock_invitation(invitation_id)
    except InvitationNotFound:
        return False
    rows = [invitation, *invitation.open_in_same_email()]
    waiting = [row.pk for row in rows if row.is_open and not row.is_emailed]
    if waiting and open_slots_left(organization) < len(waiting):
        for row in rows:
            _keep_open(organization, row)
        return False
    Email.objects.filter(pk=email_id, state=Email.State.SCHEDULED).update(state=Email.State.QUEUED)
    if waiting:
        Invitation.objects.filter(pk__in=waiting).update(is_emailed=True)
    return True


def start_lifetime(organization: Organization, invitation: Invitation, sent_at: datetime) -> None:
    """Set a new expiry date, because the scheduled email of the invitation was sent. It does not become earlier.

    The same applies to the invitations that share the email. The caller has locked the organization. Does nothing if no
    email was scheduled or the invitation is not open.
    """
    for row in (invitation, *invitation.open_in_same_email()):
        _start_lifetime(organization, row, sent_at)


def _start_lifetime(organization: Organization, invitation: Invitation, sent_at: datetime) -> None:
    if invitation.lifetime_days is None or not invitation.is_open:
        return
    expires_at = max(invitation.expires_at, expiry(invitation.lifetime_days, sent_at))
    changed = changes_of(invitation, expires_at=expires_at, lifetime_days=None)
    if change_open(invitation.pk, expires_at=expires_at, lifetime_days=None):
        record("invitation.emailed", SERVICE, invitation, organization, **changed)


def reschedule(*, by: Principal, organization: Organization) -> None:
    """Schedule the organization's scheduled emails again, in the same order, because its daily limit has changed.

    The caller has locked the organization. Emails that are due, or wait for an open slot, keep their times.
    """
    later = Email.objects.scheduled_of(organization.pk).filter(counted_at__gt=timezone.now())
    emails = list(later.select_related("invitation"))
    if not emails:
        return
    Email.objects.filter(pk__in=[email.pk for email in emails]).update(counted_at=None)
    times = free_times(organization, [email.responsible_id for email in emails])
    moved: list[Invitation] = []
    with Event.objects.together():
        for email, moment in zip(emails, times, strict=True):
            moved += _move(by, organization, email, moment)
    Email.objects.bulk_update(emails, ["due_at", "counted_at"], batch_size=MOVED_IN_ONE_STATEMENT)
    Invitation.objects.bulk_update(moved, ["expires_at", "updated_at"], batch_size=MOVED_IN_ONE_STATEMENT)


def _move(by: Principal, organization: Organization, email: Email, moment: datetime) -> list[Invitation]:
    """Set the times of an email and of its invitations, and record their events. The caller saves the rows."""
    email.due_at = email.counted_at = moment
    rows = [row for row in (email.invitation, *email.invitation.open_in_same_email()) if row.finished_at is None]
    for row in rows:
        expires_at = expiry(row.lifetime_days or DEFAULT_LIFETIME_DAYS, moment)
        changed = changes_of(row, expires_at=expires_at)
        row.expires_at, row.updated_at = expires_at, timezone.now()
        record("invitation.rescheduled", by, row, organization, **changed)
    return rows


def _keep_open(organization: Organization, invitation: Invitation) -> None:
    """Let an invitation whose email waits for a slot expire later, if it would expire soon."""
    if invitation.lifetime_days is None or invitation.expires_at > timezone.now() + KEPT_OPEN:
        return
    expires_at = expiry(invitation.lifetime_days)
    changed = changes_of(invitation, expires_at=expires_at)
    if change_open(invitation.pk, expires_at=expires_at):
        record("invitation.postponed", SERVICE, invitation, organization, **changed)
