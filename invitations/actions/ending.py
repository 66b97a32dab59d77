"""How an invitation ends without a response: it expires, or its email cannot be delivered."""

import re
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.principals import SERVICE, Principal
from events.models import Event
from invitations.actions.transitions import leave_overdue, leave_pending
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.lookups import lock_invitation
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from invitations.refusals import InvitationNotFound
from orgs.actions.saving import record
from orgs.locks import lock_organization

_REASON = re.compile(r"[2-5]\d\d( [245]\.\d{1,3}\.\d{1,3})?|[a-z_]{1,32}", re.ASCII)


@transaction.atomic
def expire(*, organization_id: UUID, by: Principal = SERVICE) -> int:
    """Mark the organization's overdue invitations as expired; return how many.

    See ``mark_expired``. Raises OrganizationNotFound.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    return mark_expired(Invitation.objects.filter(organization=organization))


def mark_expired(invitations: InvitationQuerySet) -> int:
    """Mark those that are overdue as expired, with an event each; return how many. Needs a transaction.

    An inviter whose email never went out gets an email that says so. An overdue invitation counts as expired before
    this runs; but a role or unit can be deleted only when no unanswered row names it.
    """
    unsent = Email.objects.never_sent().filter(
        kind=Email.Kind.INVITATION,
        invitation=OuterRef("pk"),
        generation=OuterRef("generation"),
        invitation__organization__deleted_at__isnull=True,  # nothing is sent while it is archived
    )
    overdue = invitations.overdue().select_related("inviter").annotate(is_unsent=Exists(unsent))
    return sum(_mark_expired(invitation, is_unsent=invitation.is_unsent) for invitation in list(overdue))


def _mark_expired(invitation: Invitation, *, is_unsent: bool) -> bool:
    if not leave_overdue(invitation.pk):
        return False
    if is_unsent:
        queue_email(invitation, Email.Kind.UNDELIVERABLE)
    organization_id = invitation.organization_id
    Event.objects.record("invitation.expired", by=SERVICE, subject=invitation, organization_id=organization_id)
    return True


@transaction.atomic
def fail(*, invitation_id: UUID, generation: int, reason: str) -> bool:
    """Mark an open invitation as undeliverable and email the inviter.

    Return whether it existed, was open, and still had this ``generation``. ``reason`` is the email server's code
    (RFC 5321 and RFC 3463) or one word of our own; the server's sentence stays with the email, as it may name a person.
    Raises ValueError when ``reason`` is a sentence.
    """
    if not _REASON.fullmatch(reason):
        raise ValueError("The reason for an event is a code.")
    try:
        organization, invitation = lock_invitation(invitation_id, archived=True)
    except InvitationNotFound:
        return False
    if invitation.generation != generation or not leave_pending(invitation_id, Invitation.Status.ERROR):
        return False
    queue_email(invitation, Email.Kind.UNDELIVERABLE)
    record("invitation.failed", SERVICE, invitation, organization, reason=reason)
    return True
