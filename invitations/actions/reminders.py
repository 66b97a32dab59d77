"""One reminder before an invitation ends. An answer makes it needless: the worker drops it unsent."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.principals import SERVICE
from invitations.email.limits import count_email
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
    """Open invitations that end within two days, whose mail went out a day ago or more, not reminded of yet.

    A mail that its provider could not bring ("deferred") gets its second chance by this. One that its recipient
    refused is followed as any other, so that nobody can tell; its reminder is refused too.
    """
    emails = Email.objects.filter(invitation=OuterRef("pk"), generation=OuterRef("generation"))
    arrived = ["sent", "delivered", "deferred"]
    a_day_ago = Now() - AFTER_THE_FIRST_EMAIL
    went_out = Q(state__in=arrived, sent_at__lte=a_day_ago) | Q(withheld_at__lte=a_day_ago)
    emailed = emails.filter(went_out, kind="invitation")
    return Invitation.objects.open().filter(
        Exists(emailed),
        ~Exists(emails.filter(kind="reminder")),
        expires_at__lte=Now() + BEFORE_THE_END,
        organization__deleted_at__isnull=True,
    )


@transaction.atomic
def remind(*, invitation_id: UUID) -> bool:
    """Queue the reminder of an invitation that ends soon; whether it still did, and had none.

    Raises what the limits of inviting say: a reminder shares them, and waits.
    """
    try:
        organization, invitation = lock_invitation(invitation_id)
    except InvitationNotFound:
        return False
    if not ending_soon().filter(pk=invitation_id).exists():
        return False
    count_email(SERVICE, organization, invitation.email)
    queue_email(invitation, Email.Kind.REMINDER)
    record("invitation.reminded", SERVICE, invitation, organization, generation=invitation.generation)
    return True
