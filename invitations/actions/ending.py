"""The two ways an invitation ends without a response: it expires, or its email cannot be delivered."""

import re
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from accounts.principals import SERVICE, Principal
from events.changed_fields import changes_of
from events.models import Event
from invitations.actions.transitions import leave_overdue, leave_pending
from invitations.email.models import Email
from invitations.email.queue import queue_email, queue_emails
from invitations.lookups import lock_invitation
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from invitations.refusals import InvitationNotFound
from orgs.actions.saving import record
from orgs.locks import lock_organization

BATCH = 500  # invitations that are marked as expired by one statement
_REASON = re.compile(r"[2-5]\d\d( [245]\.\d{1,3}\.\d{1,3})?|[a-z_]{1,32}", re.ASCII)


@transaction.atomic
def expire(*, organization_id: UUID, by: Principal = SERVICE) -> int:
    """Lock the organization and mark up to ``BATCH`` overdue invitations as expired. Return how many have been marked.

    Raises OrganizationNotFound.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    return _mark_batch(Invitation.objects.filter(organization=organization))


def mark_expired(invitations: InvitationQuerySet) -> int:
    """Mark the overdue invitations as expired, and record an event for each. Return how many have been marked.

    Must run in a transaction, under the locks of the organizations. If the invitation email was never sent, the inviter
    gets an email about that. Overdue invitations count as expired even before this function marks them. However, until
    an invitation is marked, its role and unit cannot be deleted.
    """
    marked = batch = _mark_batch(invitations)
    while batch == BATCH:
        batch = _mark_batch(invitations)
        marked += batch
    return marked


def _mark_batch(invitations: InvitationQuerySet) -> int:
    """Mark up to ``BATCH`` invitations in one UPDATE. Their rows are locked first, so it changes all of them."""
    unsent = Email.objects.never_sent().filter(
        kind=Email.Kind.INVITATION,
        invitation=OuterRef("pk"),
        generation=OuterRef("generation"),
        invitation__organization__deleted_at__isnull=True,  # an archived organization sends no emails
    )
    overdue = invitations.overdue().select_related("inviter").order_by()
    overdue = overdue.annotate(is_unsent=Exists(unsent), is_followed=F("organization__has_webhooks"))
    batch = list(overdue.select_for_update(no_key=True, of=("self",))[:BATCH])
    if not batch:
        return 0
    marked = leave_overdue(*(invitation.pk for invitation in batch))
    queue_emails([invitation for invitation in batch if invitation.is_unsent], Email.Kind.UNDELIVERABLE)
    with Event.objects.together():
        for row in batch:
            of_row = {"subject": row, "organization_id": row.organization_id, "followed": row.is_followed}
            changed = changes_of(row, status=Invitation.Status.EXPIRED)
            Event.objects.record("invitation.expired", by=SERVICE, **of_row, **changed)
    return marked


@transaction.atomic
def fail(*, invitation_id: UUID, generation: int, reason: str) -> bool:
    """Mark an open invitation as undeliverable (status ``error``), and those that share its email. Email the inviter.

    Return False if the invitation does not exist, is not open, or has another ``generation``. ``reason`` is the mail
    server's reply code (RFC 5321 and RFC 3463) or a code of this service. The server's full response is stored only
    with the email, because it may name a person. Raises ValueError if ``reason`` is not a code.
    """
    if not _REASON.fullmatch(reason):
        raise ValueError("The reason for an event is a code.")
    try:
        organization, invitation = lock_invitation(invitation_id, archived=True)
    except InvitationNotFound:
        return False
    if invitation.generation != generation:
        return False
    rows = [invitation, *invitation.open_in_same_email()]
    failed = [row for row in rows if leave_pending(row.pk, Invitation.Status.ERROR)]
    for row in failed:
        changed = changes_of(row, status=Invitation.Status.ERROR)
        record("invitation.bounced", SERVICE, row, organization, reason=reason)
        record("invitation.failed", SERVICE, row, organization, reason=reason, **changed)
    if failed:
        queue_email(failed[0], Email.Kind.UNDELIVERABLE)
    return bool(failed)
