"""Remind invitees once before an invitation expires. If the invitee answers first, the worker drops the reminder."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now

from accounts.principals import SERVICE
from invitations.actions.transitions import mark_reminded
from invitations.email.limits import count_reminder
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.lookups import lock_invitation
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from invitations.refusals import InvitationNotFound
from orgs.actions.saving import record

BEFORE_THE_END = timedelta(days=2)
AFTER_THE_FIRST_EMAIL = timedelta(days=1)


def ending_soon() -> InvitationQuerySet:
    """Return open invitations that need a reminder.

    These expire within two days, their invitation email was sent at least a day ago, and they have no reminder.

    An email that the provider could not deliver yet (``deferred``) counts as sent. An email that was withheld because
    its recipient unsubscribed counts as sent too, so that the organization sees the same events. The worker also
    withholds the reminder.

    Invitations that share an email get one reminder. ``reminded_generation`` says that a reminder exists. An index
    leaves these invitations out, which may be many.
    """
    of_row = Coalesce(OuterRef("shares_email_of"), OuterRef("pk"))
    emails = Email.objects.filter(invitation=of_row, generation=OuterRef("generation"))
    arrived = ["sent", "delivered", "deferred"]
    a_day_ago = Now() - AFTER_THE_FIRST_EMAIL
    went_out = Q(state__in=arrived, sent_at__lte=a_day_ago) | Q(withheld_at__lte=a_day_ago)
    emailed = emails.filter(went_out, kind="invitation")
    return Invitation.objects.open().filter(
        Exists(emailed),
        ~Exists(emails.filter(kind="reminder")),
        reminded_generation__lt=F("generation"),
        expires_at__lte=Now() + BEFORE_THE_END,
        organization__deleted_at__isnull=True,
    )


@transaction.atomic
def remind(*, invitation_id: UUID) -> bool:
    """Queue the reminder for an invitation. Return False if the invitation no longer needs one.

    A reminder counts toward the sending limits. Raises SendingLimitReached, RecipientSendingLimitReached.
    """
    try:
        organization, invitation = lock_invitation(invitation_id)
    except InvitationNotFound:
        return False
    if not ending_soon().filter(pk=invitation_id).exists():
        return False
    count_reminder(organization, invitation.email)
    queue_email(invitation, Email.Kind.REMINDER)
    mark_reminded(invitation_id, invitation.generation)
    record("invitation.reminded", SERVICE, invitation, organization, generation=invitation.generation)
    return True
