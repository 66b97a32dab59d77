"""What this room does when others tell it something: a seat is free, a person is being erased, a mail bounced."""

from typing import Any

from anymail.signals import tracking
from django.db.models import F, Q
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from accounts.principals import SERVICE, Principal
from invitations.actions.waiting import complete_waiting
from invitations.email.delivery_reports import take_report
from invitations.email.models import Email
from invitations.email.provider_events import email_of, report_of
from invitations.email.queue import erase_emails, erased_address
from invitations.models import Invitation
from orgs.actions.saving import record
from orgs.models import Organization
from orgs.signals import account_purged, seat_freed


@receiver(seat_freed, sender=Organization, dispatch_uid="invitations.complete_waiting")
def give_freed_seats(organization: Organization, **kwargs: Any) -> None:
    """Complete the acceptances that wait for a seat; the sender holds the lock."""
    complete_waiting(by=SERVICE, organization=organization)


@receiver(account_purged, sender=User, dispatch_uid="invitations.erase_person")
def erase_person(user: User, addresses: set[str], by: Principal, **kwargs: Any) -> None:
    """Withdraw what is open to the person, and take their name and addresses out of every invitation and mail."""
    theirs = Invitation.objects.filter(Q(email__in=addresses) | Q(answered_by=user))
    theirs.mark_expired()
    for invitation in theirs.unanswered().select_related("organization"):
        if Invitation.objects.filter(pk=invitation.pk).withdraw():
            record("invitation.cancelled", by, invitation, invitation.organization)
    to_them = Q(recipient__in=addresses) | Q(invitation__in=theirs, recipient=F("invitation__email"))
    to_them_as_inviter = Q(invitation__inviter=user) & ~Q(recipient=F("invitation__email"))
    emails = Email.objects.filter(to_them | to_them_as_inviter)
    erase_emails(Email.objects.filter(pk__in=list(emails.values_list("pk", flat=True))))
    for key in list(theirs.values_list("pk", flat=True)):
        Invitation.objects.filter(pk=key).update(
            email=erased_address(key.hex), decline_reason="", updated_at=timezone.now()
        )
    user.sent_invitations.update(inviter_name="")


@receiver(tracking, dispatch_uid="invitations.note_report")
def note_report(event: Any, esp_name: str, **kwargs: Any) -> None:
    """Take a mail provider's signed report; what is about none of our mails changes nothing."""
    report, email_id = report_of(event, esp_name), email_of(event, esp_name)
    if report is not None and email_id is not None:
        take_report(email_id=email_id, report=report)
