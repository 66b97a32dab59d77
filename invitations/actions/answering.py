"""The actions of an invitee: accept an invitation, decline it, or ask for a new one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from events.changed_fields import changes_of
from events.models import Event
from invitations.actions.giving import close_not_needed, give, needed_grant, parts_to_give
from invitations.actions.transitions import leave_pending, reflect
from invitations.email.address_hashes import SuppressionScope
from invitations.email.limits import count_email_to
from invitations.email.models import Email
from invitations.email.queue import drop_scheduled, queue_email
from invitations.email.suppressions import add_suppression
from invitations.lookups import find_for_invitee, lock_invitation
from invitations.models import Invitation
from invitations.refusals import AlreadyInvited, InvitationNotFound, InviterCannotGrant, require_open, why_not_open
from invitations.tokens import Proof
from orgs import policies
from orgs.actions.saving import record
from orgs.models import Membership, Organization
from orgs.seats import members_fill_seats


@dataclass(frozen=True)
class AcceptResult:
    """The accepted invitation and the membership. ``membership`` is None while the invitation waits for a seat.

    ``invitation.given`` has the parts of the grant that the person did not have yet.
    """

    invitation: Invitation
    membership: Membership | None
    was_member: bool = False


@transaction.atomic
def accept(
    *, by: Principal, invitation_id: UUID, proof: Proof | None = None, tell_inviter: bool = True
) -> AcceptResult:
    """Accept an invitation: create the membership, or wait for a seat if none is free.

    The caller must be a person who has verified the invited address. A caller who is already a member needs no seat,
    gets what the invitation adds (decision 35), and keeps everything else. The caller's other invitations that have
    nothing left to give are closed. ``proof`` is the verified token of the link that the caller opened, if any. The
    inviter gets an email unless ``tell_inviter`` is false.

    Raises PersonRequired, InvitationNotFound, InviterCannotGrant and AccountEnded. If the invitation is not open,
    raises the error from ``why_not_open``. With ``proof``, can also raise NotYours, AddressNotVerified and
    NewerEmailSent.
    """
    user = policies.require_human(by)
    organization, invitation = find_for_invitee(by, invitation_id, proof)
    require_open(invitation)
    former = policies.find_membership(user, organization) if invitation.is_to_member else None
    grant = needed_grant(organization, invitation, former)
    if grant is None:
        raise InviterCannotGrant
    was_member = former is not None
    if not was_member and members_fill_seats(organization):
        return _wait_for_a_seat(by, organization, invitation)
    given = parts_to_give(former, grant)
    with Event.objects.together():
        membership = give(by, organization, user, former, grant)
        changed = _answer(invitation, Invitation.Status.ACCEPTED, answered_by=user, given=given)
        record("invitation.accepted", by, invitation, organization, was_member=was_member, given=given, **changed)
    if tell_inviter:
        queue_email(invitation, Email.Kind.ANSWERED)
    if invitation.has_others:
        close_not_needed(by, organization, user)
    return AcceptResult(invitation, membership, was_member=was_member)


@transaction.atomic
def decline(
    *,
    by: Principal,
    invitation_id: UUID,
    proof: Proof | None = None,
    reason: str = "",
    unsubscribe_from: SuppressionScope | None = None,
    tell_inviter: bool = True,
) -> Invitation:
    """Decline an invitation, with an optional reason, and email the inviter unless ``tell_inviter`` is false.

    A caller with the emailed link needs no account. ``unsubscribe_from`` also adds the address to the suppression
    list. The inviter does not see that.

    Raises InvitationNotFound, and ValidationError for the reason. If the invitation is not open, raises the error from
    ``why_not_open``. With ``proof``, can also raise NotYours, AddressNotVerified and NewerEmailSent.
    """
    if by.user is not None:
        policies.require_human(by)
    organization, invitation = find_for_invitee(by, invitation_id, proof)
    require_open(invitation)
    Invitation(decline_reason=reason).clean_fields(
        exclude={f.name for f in Invitation._meta.fields} - {"decline_reason"}
    )
    changed = _answer(invitation, Invitation.Status.DECLINED, answered_by=by.user, decline_reason=reason)
    record("invitation.declined", by, invitation, organization, **changed)
    if tell_inviter:
        queue_email(invitation, Email.Kind.ANSWERED)
    if unsubscribe_from is not None:
        add_suppression(by, organization, invitation, unsubscribe_from)
    return invitation


@transaction.atomic
def ask_again(*, by: Principal, invitation_id: UUID, proof: Proof | None = None) -> Invitation:
    """Email the inviter of an expired invitation that the invitee wants a new one. Repeated requests send no email.

    ``proof`` may come from any email of the invitation. Without ``proof``, the caller must have verified the invited
    address.

    Raises InvitationNotFound. Raises AlreadyInvited if the invitation is still open. If the invitation ended in another
    way or was replaced, raises the error from ``why_not_open``. Raises RecipientSendingLimitReached if too many emails
    to the inviter were requested.
    """
    known = Invitation.objects.addressed_to(by.user) if proof is None else None
    organization, invitation = lock_invitation(invitation_id, among=known)
    if proof is not None and proof.invitation_id != invitation.pk:
        raise InvitationNotFound
    if invitation.state != Invitation.Status.EXPIRED or invitation.is_superseded:
        if invitation.is_open:
            raise AlreadyInvited
        raise why_not_open(invitation)
    if not Event.objects.about(invitation).filter(kind="invitation.asked_again").exists():
        email = queue_email(invitation, Email.Kind.ASK_AGAIN)
        if email is not None:
            count_email_to(email.recipient)
        record("invitation.asked_again", by, invitation, organization)
    return invitation


def _answer(invitation: Invitation, status: str, **values: Any) -> dict[str, Any]:
    """Set the new status, also on the loaded row, and return the event data about what changed.

    If the invitation is no longer open, raise the error from ``why_not_open``.
    """
    changed = changes_of(invitation, status=status, **values)
    written = leave_pending(invitation.pk, status, **values)
    if not written:
        raise why_not_open(Invitation.objects.get(pk=invitation.pk))
    drop_scheduled(invitation, f"The invitation is {status}.")
    reflect(invitation, written)
    return changed


def _wait_for_a_seat(by: Principal, organization: Organization, invitation: Invitation) -> AcceptResult:
    changed = _answer(invitation, Invitation.Status.PROCESSING, answered_by=by.user)
    record("invitation.waits_for_seat", by, invitation, organization, **changed)
    return AcceptResult(invitation, None)
