"""What can happen to an invitation.

Besides: ``reminders.py``, ``reports.py`` of mail providers, ``mail_refusals.py``, ``waiting.py`` for a seat; the mails:
``delivery.py``; how many: ``limits.py``; why an invitation is refused: ``refusals.py``.
Every action takes the same five steps: lock the organization, require the permission, check the rule, change,
record the event; a mail is a row written in the same transaction. ``by`` is the caller; everything is keyword-only.
An invitation leaves ``pending`` by one conditional UPDATE whose row count decides, so no race has two winners.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principals import SERVICE, Principal
from events.models import Event
from invitations.addressees import Reach
from invitations.delivery import queue_mail
from invitations.issuing import clear_the_way, read_address, send_anew, send_corrected, send_new
from invitations.limits import take_mail, take_mail_to
from invitations.mail_refusals import note_refusal
from invitations.models import Invitation
from invitations.outbox import Mail
from invitations.recipients import (
    find_for_invitee,
    find_invitation,
    find_managed,
    lock_invitation,
    require_not_member,
)
from invitations.refusals import (
    AlreadyInvited,
    InvitationExpired,
    InvitationNotFound,
    InviterCannotGrant,
    require_correctable,
    require_open,
    why_not_open,
)
from invitations.terms import (
    DEFAULT_LIFETIME_DAYS,
    expiry,
    require_grant,
    require_withdrawal,
    vouched_grant,
    vouching,
)
from invitations.tokens import Proof
from orgs import policies
from orgs.actions import admit
from orgs.models import Membership, Organization, Unit
from orgs.references import describe, find_grant
from orgs.seats import members_fill_seats, require_seat
from orgs.tenancy import lock_organization
from orgs.writing import record

_REASON = re.compile(r"[2-5]\d\d( [245]\.\d{1,3}\.\d{1,3})?|[a-z_]{1,32}", re.ASCII)


@dataclass(frozen=True)
class Answer:
    """What an acceptance led to: the invitation as it now is, and the membership unless it waits for a seat."""

    invitation: Invitation
    membership: Membership | None
    was_member: bool = False


# The organization's side


@transaction.atomic
def invite(  # noqa: PLR0913 - all that an invitation can say
    *,
    by: Principal,
    organization_id: UUID,
    email: str,
    role_id: UUID | None = None,
    permissions: frozenset[str] = frozenset(),
    unit_id: UUID | None = None,
    unit_kind: Unit.Kind | None = None,
    unit_role_id: UUID | None = None,
    lifetime_days: int = DEFAULT_LIFETIME_DAYS,
    language: str = "",
    force: bool = False,
) -> Invitation:
    """Offer an address a place in the organization, and queue the mail that says so.

    Without a role it is ``unassigned``; a unit is of the ``unit_kind``, if one is given; without a ``language`` it
    speaks the organization's. ``force`` withdraws the open invitation to the same address and target in favor of this
    one; otherwise that is AlreadyInvited. Raises AlreadyMember, NoSeatLeft, GrantTooWide, ValidationError or
    Unprocessable for what does not fit, and over a limit TooManyOpenInvitations, OrganizationMailsUsedUp,
    InviterMailsUsedUp or RecipientMailsUsedUp.
    """
    organization = lock_organization(organization_id, by=by)
    policies.require_any_member_management(by, organization)
    grant = find_grant(
        organization,
        role_id=role_id,
        permissions=permissions,
        unit_id=unit_id,
        unit_kind=unit_kind,
        unit_role_id=unit_role_id,
    )
    require_grant(by, organization, grant)
    address = read_address(email)
    require_not_member(organization, address)
    former = clear_the_way(by, organization, address, grant, force=force)
    require_seat(organization, address)
    return send_new(by, organization, address, grant, lifetime_days, former, language)


@transaction.atomic
def update_invitation(
    *,
    by: Principal,
    organization_id: UUID,
    invitation_id: UUID,
    role_id: UUID | None = None,
    permissions: frozenset[str] | None = None,
    unit_role_id: UUID | None = None,
    lifetime_days: int | None = None,
) -> Invitation:
    """Change what an open invitation grants, or how long it lives from now; None leaves it as it is.

    The rule for inviting holds for the present grant and for the new one.
    """
    organization = lock_organization(organization_id, by=by)
    invitation = find_managed(by, organization, invitation_id)
    require_grant(by, organization, require_open(invitation).grant)
    grant = find_grant(
        organization,
        role_id=role_id or invitation.role_id,
        permissions=frozenset(invitation.permissions) if permissions is None else permissions,
        unit_id=invitation.unit_id,
        unit_role_id=unit_role_id or invitation.unit_role_id,
    )
    require_grant(by, organization, grant)
    changes: dict[str, Any] = {
        "role": grant.role,
        "permissions": sorted(grant.permissions),
        "unit_role": grant.unit_role,
    }
    if lifetime_days is not None:
        changes["expires_at"] = expiry(lifetime_days)
    changes |= vouching(by, organization, invitation, grant)
    if not Invitation.objects.filter(pk=invitation.pk).change_open(**changes):
        raise InvitationExpired
    record("invitation.updated", by, invitation, organization, lifetime_days=lifetime_days, **describe(grant))
    return find_invitation(organization, invitation_id)


@transaction.atomic
def resend(
    *, by: Principal, organization_id: UUID, invitation_id: UUID, lifetime_days: int = DEFAULT_LIFETIME_DAYS
) -> Invitation:
    """Mail a new link and start the time anew; older links then say that a newer mail was sent.

    An expired or undeliverable invitation is followed by a new one with the same grant, which is returned. Whoever
    resends must be able to grant it, and vouches for it where the inviter no longer can. Raises
    OrganizationMailsUsedUp, InviterMailsUsedUp or RecipientMailsUsedUp, what became of it, and for one that is followed
    by another the same as inviting.
    """
    organization = lock_organization(organization_id, by=by)
    invitation = find_managed(by, organization, invitation_id)
    if invitation.ended_unanswered and not invitation.is_superseded:
        return send_anew(by, organization, invitation, lifetime_days)
    grant = require_open(invitation).grant
    require_grant(by, organization, grant)
    take_mail(by, organization, invitation.email)
    changes = vouching(by, organization, invitation, grant) | {"expires_at": expiry(lifetime_days)}
    if not Invitation.objects.filter(pk=invitation.pk).raise_generation(**changes):
        raise InvitationExpired
    invitation = find_invitation(organization, invitation_id)
    queue_mail(invitation, Mail.Kind.INVITATION)
    record("invitation.resent", by, invitation, organization, generation=invitation.generation)
    return invitation


@transaction.atomic
def correct_address(
    *,
    by: Principal,
    organization_id: UUID,
    invitation_id: UUID,
    email: str,
    lifetime_days: int = DEFAULT_LIFETIME_DAYS,
) -> Invitation:
    """Let a new invitation to the right address, with the same grant, take the place of one to a wrong address.

    That one is open, or its mail could not be delivered. All rules for inviting hold, its limits too; raises the same,
    TooManyOpenInvitations among them, SameAddress, and what became of the invitation where it is neither.
    """
    organization = lock_organization(organization_id, by=by)
    former = find_managed(by, organization, invitation_id)
    return send_corrected(by, organization, require_correctable(former), read_address(email), lifetime_days)


@transaction.atomic
def cancel(*, by: Principal, organization_id: UUID, invitation_id: UUID) -> Invitation:
    """Withdraw an open invitation, or an acceptance that still waits for a seat."""
    organization = lock_organization(organization_id, by=by)
    invitation = find_managed(by, organization, invitation_id)
    require_withdrawal(by, organization, invitation)
    if not Invitation.objects.filter(pk=invitation.pk).withdraw():
        raise why_not_open(invitation)
    record("invitation.cancelled", by, invitation, organization)
    return find_invitation(organization, invitation_id)


# The invitee's side


@transaction.atomic
def accept(*, by: Principal, invitation_id: UUID, proof: Proof | None = None) -> Answer:
    """Say yes, as a person who has proven the invited address; makes the membership, or waits for a seat.

    Someone who is a member already answers the invitation and keeps exactly the rights they have.
    ``proof`` is what the link showed, when there was one. Raises InvitationNotFound (or NotYours and
    AddressNotVerified to whoever shows the link), InviterCannotGrant, or what became of the invitation.
    """
    user = policies.require_person(by)
    organization, invitation = find_for_invitee(by, invitation_id, proof)
    require_open(invitation)
    membership = policies.find_membership(user, organization)
    was_member = membership is not None
    if membership is None:
        grant = vouched_grant(organization, invitation)
        if grant is None:
            raise InviterCannotGrant
        if members_fill_seats(organization):
            return _wait_for_a_seat(by, organization, invitation)
        membership = admit(by=by, organization=organization, user=user, grant=grant)
    _leave_pending(invitation, Invitation.Status.ACCEPTED, answered_by=user)
    record("invitation.accepted", by, invitation, organization, was_member=was_member)
    queue_mail(invitation, Mail.Kind.ANSWERED)
    return Answer(find_invitation(organization, invitation_id), membership, was_member=was_member)


@transaction.atomic
def decline(
    *,
    by: Principal,
    invitation_id: UUID,
    proof: Proof | None = None,
    reason: str = "",
    no_mails: Reach | None = None,
) -> Invitation:
    """Say no for good, with an optional reason; the inviter is told. The mailed link alone suffices, signed out.

    ``no_mails`` also asks not to be written to again, which nobody is told.
    """
    if by.user is not None:
        policies.require_person(by)
    organization, invitation = find_for_invitee(by, invitation_id, proof)
    require_open(invitation)
    invitation.decline_reason = reason
    invitation.clean_fields(exclude={f.name for f in invitation._meta.fields} - {"decline_reason"})
    _leave_pending(invitation, Invitation.Status.DECLINED, answered_by=by.user, decline_reason=reason)
    record("invitation.declined", by, invitation, organization)
    queue_mail(invitation, Mail.Kind.ANSWERED)
    if no_mails is not None:
        note_refusal(by, organization, invitation, no_mails)
    return find_invitation(organization, invitation_id)


@transaction.atomic
def ask_again(*, by: Principal, invitation_id: UUID, proof: Proof | None = None) -> Invitation:
    """From an expired invitation's page: ask whoever invited for a new one. Asking twice asks once.

    The link of any of its mails suffices, signed out; without one the caller must have proven the invited address.
    Raises RecipientMailsUsedUp when many have just asked the same person.
    """
    known = Invitation.objects.addressed_to(by.user) if proof is None else None
    organization, invitation = lock_invitation(invitation_id, among=known)
    if proof is not None and proof.invitation_id != invitation.pk:
        raise InvitationNotFound
    if invitation.state != Invitation.Status.EXPIRED or invitation.is_superseded:
        raise why_not_open(invitation) if not invitation.is_open else AlreadyInvited()
    if not Event.objects.about(invitation).filter(kind="invitation.asked_again").exists():
        mail = queue_mail(invitation, Mail.Kind.ASK_AGAIN)
        if mail is not None:
            take_mail_to(mail.recipient)
        record("invitation.asked_again", by, invitation, organization)
    return invitation


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
    queue_mail(invitation, Mail.Kind.UNDELIVERABLE)
    record("invitation.failed", SERVICE, invitation, organization, reason=reason)
    return True


# Steps


def _leave_pending(invitation: Invitation, status: str, **values: Any) -> None:
    """Answer, or raise what became of the invitation meanwhile."""
    if not Invitation.objects.filter(pk=invitation.pk).leave_pending(status, **values):
        raise why_not_open(Invitation.objects.get(pk=invitation.pk))


def _wait_for_a_seat(by: Principal, organization: Organization, invitation: Invitation) -> Answer:
    _leave_pending(invitation, Invitation.Status.PROCESSING, answered_by=by.user)
    record("invitation.waits_for_seat", by, invitation, organization)
    return Answer(find_invitation(organization, invitation.pk), None)
