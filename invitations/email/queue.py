"""The mails of an invitation: a row first, in the transaction of the change; ``sending.py`` brings it on its way."""

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils import timezone

from core.emails import message_id
from core.ids import uuid7
from invitations.email.models import TO_INVITEE, Attempt, Email, EmailQuerySet

if TYPE_CHECKING:
    from invitations.models import Invitation
    from invitations.querysets import InvitationQuerySet

METADATA_KEY = "mail_id"  # under which a mail provider keeps the id of our row for us
KEEP_TAGS_ONLY = ("mailersend", "postal")  # the providers that keep it as a tag, for want of metadata
ERASED_DOMAIN = "@erased.invalid"


def queue_email(invitation: "Invitation", kind: Email.Kind) -> Email | None:
    """Write the mail into the outbox; None when it is for an inviter who has no address any more."""
    recipient = invitation.email if kind in TO_INVITEE else _inviter_address(invitation)
    if not recipient:
        return None
    key = uuid7()
    return Email.objects.create(
        id=key,
        invitation=invitation,
        kind=kind,
        recipient=recipient,
        generation=invitation.generation,
        message_id=message_id(key),
    )


def with_delivery(invitations: "InvitationQuerySet") -> "InvitationQuerySet":
    """Loads the ``delivery`` of each in one more query, however many there are."""
    newest = Email.objects.newest_of_each_invitation()
    return invitations.prefetch_related(Prefetch("emails", newest, to_attr="newest_mails"))


def delivery_is(state: str) -> Exists:
    """What ``filter`` takes for the invitations whose newest mail is in this state, as their organization is told."""
    told = Q(state=state, withheld_at__isnull=True)
    if state == Email.State.SENT:
        told |= Q(withheld_at__isnull=False)
    return newest_email_is(told)


def newest_email_is(condition: Q) -> Exists:
    """What ``filter`` takes for the invitations whose newest mail to the invitee is so."""
    newest = Email.objects.newest_of_each_invitation()
    return Exists(newest.filter(condition, invitation=OuterRef("pk")))


def erase_emails(emails: EmailQuerySet) -> None:
    """Take back what is unsent, and take the recipients and the mail servers' words out of all of them."""
    emails.unsent().update(state=Email.State.DROPPED, due_at=None, lease_id=None, updated_at=timezone.now())
    for email in emails.values_list("pk", flat=True):
        Email.objects.filter(pk=email).update(
            recipient=erased_address(email.hex), response="", reason="", updated_at=timezone.now()
        )
    # Last: whoever writes words down has changed the mail before, and waited there.
    Attempt.objects.filter(email__in=emails).update(response="")


def erased_address(key: str) -> str:
    """An address that reaches nobody, different for every row so that no uniqueness rule is broken."""
    return f"erased-{key}{ERASED_DOMAIN}"


def is_erased(address: str) -> bool:
    """Whether it is such an address: nothing that could name the person may be written down any more."""
    return address.endswith(ERASED_DOMAIN)


def _inviter_address(invitation: "Invitation") -> str | None:
    return invitation.inviter.email if invitation.inviter and invitation.inviter.is_active else None
