"""What can happen to an invitation.

Besides: ``reminders.py``, ``reports.py`` of mail providers, ``mail_refusals.py``, ``waiting.py`` for a seat; the mails:
``delivery.py``; how many: ``limits.py``; why an invitation is refused: ``refusals.py``.
Every action takes the same five steps: lock the organization, require the permission, check the rule, change,
record the event; a mail is a row written in the same transaction. ``by`` is the caller; everything is keyword-only.
An invitation leaves ``pending`` by one conditional UPDATE whose row count decides, so no race has two winners.
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from core.addresses import Address
from invitations.actions.granting import (
    DEFAULT_LIFETIME_DAYS,
    expiry,
    require_grant,
    require_withdrawal,
    voucher_columns,
)
from invitations.actions.inviting_steps import replace_open_invitation, send_again, send_corrected, send_new
from invitations.email.limits import count_email
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.lookups import (
    find_invitation,
    find_managed,
    require_not_member,
)
from invitations.models import Invitation
from invitations.refusals import (
    InvitationExpired,
    require_correctable,
    require_open,
    why_not_open,
)
from orgs import policies
from orgs.actions.saving import record
from orgs.locks import lock_organization
from orgs.lookups import find_grant, grant_data
from orgs.models import Unit
from orgs.seats import require_seat

# The organization's side


@transaction.atomic
def invite(  # noqa: PLR0913 - all that an invitation can say
    *,
    by: Principal,
    organization_id: UUID,
    email: Address,
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
    Unprocessable for what does not fit, and over a limit TooManyOpenInvitations, OrganizationSendingLimitReached,
    InviterSendingLimitReached or RecipientSendingLimitReached.
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
    require_not_member(organization, email)
    former = replace_open_invitation(by, organization, email, grant, force=force)
    require_seat(organization, email)
    return send_new(by, organization, email, grant, lifetime_days, former, language)


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
    changes |= voucher_columns(by, organization, invitation, grant)
    if not Invitation.objects.filter(pk=invitation.pk).change_open(**changes):
        raise InvitationExpired
    record("invitation.updated", by, invitation, organization, lifetime_days=lifetime_days, **grant_data(grant))
    return find_invitation(organization, invitation_id)


@transaction.atomic
def resend(
    *, by: Principal, organization_id: UUID, invitation_id: UUID, lifetime_days: int = DEFAULT_LIFETIME_DAYS
) -> Invitation:
    """Mail a new link and start the time anew; older links then say that a newer mail was sent.

    An expired or undeliverable invitation is followed by a new one with the same grant, which is returned. The caller
    must be able to grant it, and becomes the inviter where the present inviter can no longer vouch for it. Raises what
    inviting raises, over a limit OrganizationSendingLimitReached, InviterSendingLimitReached or
    RecipientSendingLimitReached, and for one that was answered the refusal that says so.
    """
    organization = lock_organization(organization_id, by=by)
    invitation = find_managed(by, organization, invitation_id)
    if invitation.ended_unanswered and not invitation.is_superseded:
        return send_again(by, organization, invitation, lifetime_days)
    grant = require_open(invitation).grant
    require_grant(by, organization, grant)
    count_email(by, organization, invitation.email)
    changes = voucher_columns(by, organization, invitation, grant) | {"expires_at": expiry(lifetime_days)}
    if not Invitation.objects.filter(pk=invitation.pk).raise_generation(**changes):
        raise InvitationExpired
    invitation = find_invitation(organization, invitation_id)
    queue_email(invitation, Email.Kind.INVITATION)
    record("invitation.resent", by, invitation, organization, generation=invitation.generation)
    return invitation


@transaction.atomic
def correct_address(
    *,
    by: Principal,
    organization_id: UUID,
    invitation_id: UUID,
    email: Address,
    lifetime_days: int = DEFAULT_LIFETIME_DAYS,
) -> Invitation:
    """Let a new invitation to the right address, with the same grant, take the place of one to a wrong address.

    That one is open, or its mail could not be delivered. All rules for inviting hold, its limits too; raises the same,
    TooManyOpenInvitations among them, SameAddress, and what became of the invitation where it is neither.
    """
    organization = lock_organization(organization_id, by=by)
    former = find_managed(by, organization, invitation_id)
    return send_corrected(by, organization, require_correctable(former), email, lifetime_days)


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
