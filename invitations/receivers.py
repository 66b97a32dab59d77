"""What ``invitations`` does on signals: of ``orgs`` (listed in ``orgs.signals``) and of email providers.

Those of ``orgs`` arrive inside the transaction of the action that sends them.
"""

from typing import Any

from anymail.signals import tracking
from django.db.models import F, Q
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from accounts.principals import SERVICE, Principal
from invitations.actions.ending import mark_expired
from invitations.actions.transitions import replace_role, withdraw
from invitations.actions.waiting import complete_waiting
from invitations.email.delivery_reports import take_report
from invitations.email.models import Email
from invitations.email.provider_events import email_of, report_of
from invitations.email.queue import erase_emails, erased_address
from invitations.models import Invitation
from orgs.actions.saving import record
from orgs.models import Organization, Role, Unit
from orgs.signals import account_purged, organization_purging, role_deleting, seat_freed, unit_deleting


@receiver(seat_freed, sender=Organization, dispatch_uid="invitations.complete_waiting")
def give_freed_seats(organization: Organization, **kwargs: Any) -> None:
    """Complete acceptances that wait for a seat."""
    complete_waiting(by=SERVICE, organization=organization)


@receiver(role_deleting, sender=Role, dispatch_uid="invitations.replace_deleted_role")
def replace_deleted_role(organization: Organization, role: Role, successor: Role | None, **kwargs: Any) -> None:
    """Mark overdue invitations as expired, and let unanswered ones name the successor, if there is one."""
    mark_expired(Invitation.objects.filter(organization=organization))
    if successor is not None:
        replace_role(organization, role, successor)


@receiver(unit_deleting, sender=Unit, dispatch_uid="invitations.expire_before_unit_ends")
def expire_before_unit_ends(organization: Organization, **kwargs: Any) -> None:
    """Mark overdue invitations as expired, so that they do not keep the unit in use."""
    mark_expired(Invitation.objects.filter(organization=organization))


@receiver(organization_purging, sender=Organization, dispatch_uid="invitations.delete_invitations")
def delete_invitations(organization: Organization, **kwargs: Any) -> None:
    """Delete the organization's invitations and their emails."""
    Invitation.objects.filter(organization=organization).delete()


@receiver(account_purged, sender=User, dispatch_uid="invitations.erase_person")
def erase_person(user: User, addresses: set[str], by: Principal, **kwargs: Any) -> None:
    """Cancel the person's unanswered invitations, and erase their name and addresses from invitations and emails."""
    received = Invitation.objects.filter(Q(email__in=addresses) | Q(answered_by=user))
    mark_expired(received)
    for invitation in received.unanswered().select_related("organization"):
        if withdraw(invitation.pk):
            record("invitation.cancelled", by, invitation, invitation.organization)
    to_invitee = Q(recipient__in=addresses) | Q(invitation__in=received, recipient=F("invitation__email"))
    to_inviter = Q(invitation__inviter=user) & ~Q(recipient=F("invitation__email"))
    emails = Email.objects.filter(to_invitee | to_inviter)
    erase_emails(Email.objects.filter(pk__in=list(emails.values_list("pk", flat=True))))
    for key in list(received.values_list("pk", flat=True)):
        Invitation.objects.filter(pk=key).update(
            email=erased_address(key.hex), decline_reason="", updated_at=timezone.now()
        )
    user.sent_invitations.update(inviter_name="")


@receiver(tracking, dispatch_uid="invitations.note_report")
def note_report(event: Any, esp_name: str, **kwargs: Any) -> None:
    """Apply an email provider's signed report; one about an unknown email changes nothing."""
    report, email_id = report_of(event, esp_name), email_of(event, esp_name)
    if report is not None and email_id is not None:
        take_report(email_id=email_id, report=report)
