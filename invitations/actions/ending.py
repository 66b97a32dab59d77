"""How an invitation ends that nobody answered: it expires, or its email cannot be delivered."""

import re
from uuid import UUID

from django.db import transaction

from accounts.principals import SERVICE, Principal
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.lookups import (
    lock_invitation,
)
from invitations.models import Invitation
from invitations.refusals import (
    InvitationNotFound,
)
from orgs.actions.saving import record
from orgs.locks import lock_organization

_REASON = re.compile(r"[2-5]\d\d( [245]\.\d{1,3}\.\d{1,3})?|[a-z_]{1,32}", re.ASCII)


# The service's own side: conveniences that nothing waits for, and the mail server's word


@transaction.atomic
def expire(*, organization_id: UUID, by: Principal = SERVICE) -> int:
    """Give the organization's overdue invitations their end state; returns how many.

    Whoever invited is told of those whose mail never went out.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    return organization.invitations.mark_expired()


@transaction.atomic
def fail(*, invitation_id: UUID, generation: int, reason: str) -> bool:
    """Mark an open invitation as undeliverable and tell the inviter; whether it was there and open, of this generation.

    ``reason`` is the mail server's code (RFC 5321 and 3463) or one word of ours; its sentence stays in the row of
    the mail, as it may name a person. Raises ValueError for a sentence.
    """
    if not _REASON.fullmatch(reason):
        raise ValueError("The reason for an event is a code.")
    try:
        organization, invitation = lock_invitation(invitation_id, archived=True)
    except InvitationNotFound:
        return False
    row = Invitation.objects.filter(pk=invitation_id, generation=generation)
    if not row.leave_pending(Invitation.Status.ERROR):
        return False
    queue_email(invitation, Email.Kind.UNDELIVERABLE)
    record("invitation.failed", SERVICE, invitation, organization, reason=reason)
    return True
