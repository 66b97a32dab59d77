"""Queue, query and erase emails. Emails are queued in the transaction of the change. ``deliver`` sends them."""

from collections.abc import Iterable
from datetime import datetime
from itertools import repeat
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.utils import timezone

from accounts.principals import SERVICE, Principal
from core.addresses import erased_address
from core.bulk_insert import insert_all
from core.compiled_inserts import insert
from core.emails import message_id
from core.ids import uuid7
from core.new_rows import new_row
from invitations.email.models import TO_INVITEE, Attempt, Email, EmailQuerySet

if TYPE_CHECKING:
    from invitations.models import Invitation
    from invitations.querysets import InvitationQuerySet


def queue_email(
    invitation: "Invitation", kind: Email.Kind, at: datetime | None = None, by: Principal = SERVICE
) -> Email | None:
    """Add an email to the outbox. If it is to the invitee, it becomes the invitation's ``newest_email``.

    ``at`` is when an email to the invitee may be sent (``limits.count_email``). It counts for the organization and for
    the person who is responsible for ``by``. Do nothing if the recipient is an inviter whose account is deleted or
    inactive.
    """
    email = _email(invitation, kind, at, by)
    if not email.recipient:
        return None
    insert(email)
    if kind in TO_INVITEE:
        invitation.queued_email = email
    return email


def queue_emails(
    invitations: Iterable["Invitation"],
    kind: Email.Kind,
    times: Iterable[datetime | None] | None = None,
    by: Principal = SERVICE,
) -> None:
    """Add emails to the outbox like ``queue_email``, all together.

    ``times`` has the time for each invitation (``limits.sending_times``).
    """
    pairs = zip(invitations, repeat(None) if times is None else times, strict=False)
    emails = [_email(invitation, kind, at, by) for invitation, at in pairs]
    insert_all(email for email in emails if email.recipient)


def _email(invitation: "Invitation", kind: Email.Kind, at: datetime | None, by: Principal) -> Email:
    key = uuid7()
    email = new_row(
        Email,
        id=key,
        invitation_id=invitation.pk,
        kind=kind,
        recipient=(invitation.email if kind in TO_INVITEE else _inviter_address(invitation)) or "",
        generation=invitation.generation,
        message_id=message_id(key),
    )
    if kind in TO_INVITEE:
        email.invitation_id = invitation.shares_email_of_id or invitation.pk
        email.counted_at = at or email.created_at
        email.organization_id, email.responsible_id = invitation.organization_id, by.responsible_id
    if at is not None:
        email.state, email.due_at = Email.State.SCHEDULED, at
    return email


def scheduled_for(invitation: "Invitation") -> datetime | None:
    """Return when the email of an invitation is due that was scheduled and has not been sent. None if there is none."""
    email = invitation.newest_email if invitation.lifetime_days is not None else None
    return email.due_at if email else None


def known_time(due_at: datetime | None) -> datetime | None:
    """Return when an email that has just been scheduled will be sent. None if nobody knows.

    An email that waits for an open slot is due at once: it is sent as soon as another invitation makes room.
    """
    return due_at if due_at and due_at > timezone.now() else None


def drop_scheduled(invitation: "Invitation", reason: str, *, if_shared: bool = False) -> None:
    """Drop the scheduled email of an invitation, if there is one. It does not count toward any limit then.

    If other open invitations share the email, it is only dropped with ``if_shared``. The caller must have locked the
    organization.
    """
    if invitation.lifetime_days is None or (not if_shared and invitation.open_in_same_email().exists()):
        return
    scheduled = invitation.emails_to_invitee.filter(state=Email.State.SCHEDULED)
    columns = {"state": Email.State.DROPPED, "due_at": None, "counted_at": None, "reason": reason}
    scheduled.update(**columns, updated_at=timezone.now())


def with_delivery(invitations: "InvitationQuerySet") -> "InvitationQuerySet":
    """Annotate ``newest_email_columns``, from which ``Invitation.newest_email`` is made, in the same query."""
    of_row = Coalesce(OuterRef("shares_email_of"), OuterRef("pk"))
    newest = Email.objects.to_invitee().filter(invitation=of_row).newest_first()
    columns = JSONObject(**{name: name for name in Email.COLUMNS_IN_LISTS})
    return invitations.annotate(newest_email_columns=Subquery(newest.values_list(columns)[:1]))


def delivery_is(state: str) -> Exists:
    """Return a condition for invitations with this delivery state, as the organization may see it."""
    shown = Q(state=state, withheld_at__isnull=True)
    if state == Email.State.SENT:
        shown |= Q(state=Email.State.DROPPED, withheld_at__isnull=False)
    return newest_email_is(shown)


def newest_email_is(condition: Q) -> Exists:
    """Return a condition for invitations whose newest email to the invitee meets ``condition``.

    It consists of two EXISTS, so that PostgreSQL can start from the emails if few of them meet the condition.
    """
    of_row = Coalesce(OuterRef("shares_email_of"), OuterRef("pk"))
    email, newer = Email.objects.to_invitee().filter(condition, invitation=of_row), Email.objects.to_invitee()
    of_same = newer.filter(invitation=OuterRef("invitation"))
    is_newer = Q(generation__gt=OuterRef("generation")) | Q(generation=OuterRef("generation"), id__gt=OuterRef("id"))
    return Exists(email.exclude(Exists(of_same.filter(is_newer))))


def erase_emails(emails: EmailQuerySet) -> None:
    """Drop the unsent emails. Remove recipients and mail server responses from all of these emails."""
    emails.filter(state=Email.State.SCHEDULED).update(counted_at=None)
    emails.unsent().update(state=Email.State.DROPPED, due_at=None, lease_id=None, updated_at=timezone.now())
    for email in emails.values_list("pk", flat=True):
        Email.objects.filter(pk=email).update(
            recipient=erased_address(email.hex), response="", reason="", updated_at=timezone.now()
        )
    # Erase the attempts last. Other transactions update the email before they add an attempt. After the updates above,
    # they must therefore wait for this transaction.
    Attempt.objects.filter(email__in=emails).update(response="")


def _inviter_address(invitation: "Invitation") -> str | None:
    return invitation.inviter.email if invitation.inviter and invitation.inviter.is_active else None
