"""The actions of an organization on its invitations: invite, change, resend, correct the address, cancel.

Every action has the same five steps: lock the organization, check the permission, check the rules, change the rows,
record the event. Queueing an email adds an outbox row in the same transaction. ``by`` is the caller.
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from core.addresses import Address
from events.changed_fields import changes_of
from invitations.actions.granting import (
    DEFAULT_LIFETIME_DAYS,
    lifetime_columns,
    require_can_resend_edit_or_withdraw,
    require_grant,
    signature,
    voucher_columns,
)
from invitations.actions.inviting_steps import (
    REPLACED,
    changed_texts,
    count_in_place_of,
    record_superseded,
    replace_open_invitation,
    resend_row,
    send_again,
    send_corrected,
    send_new,
)
from invitations.actions.transitions import change_open, reflect, withdraw
from invitations.email.models import Email
from invitations.email.queue import drop_scheduled, queue_email, scheduled_for
from invitations.lookups import find_manageable, require_not_member
from invitations.models import Invitation
from invitations.refusals import InvitationExpired, require_correctable, require_open, why_not_open
from orgs import policies
from orgs.actions.account_rights import require_other
from orgs.actions.saving import record
from orgs.locks import lock_organization
from orgs.lookups import RoleKey, find_grant, grant_data
from orgs.models import Unit
from orgs.seats import require_seat


@transaction.atomic
def invite(  # noqa: PLR0913 - every field of an invitation
    *,
    by: Principal,
    organization_id: UUID,
    email: Address,
    role_id: RoleKey | None = None,
    permissions: frozenset[str] = frozenset(),
    unit_id: UUID | None = None,
    unit_kind: Unit.Kind | None = None,
    unit_role_id: RoleKey | None = None,
    lifetime_days: int = DEFAULT_LIFETIME_DAYS,
    language: str = "",
    invitee_name: str = "",
    message: str = "",
    metadata: dict[str, Any] | None = None,
    force: bool = False,
    has_default_role: bool = False,
) -> Invitation:
    """Invite an address into the organization and queue the invitation email.

    Without ``role_id``, the role is ``unassigned``, or with ``has_default_role`` the organization's default role, if it
    has one. The default language is the organization's. ``message`` is a personal message for the email and the page.
    ``metadata`` is a JSON object that only the organization sees. ``unit_kind``, if given, must be the unit's kind. If
    there is an open invitation to the same address and target, ``force`` replaces it. Without ``force``, AlreadyInvited
    is raised.

    Raises OrganizationNotFound, PermissionMissing, GrantTooWide, OwnAccount if staff would invite themselves,
    AlreadyMember, NoSeatLeft, Invalid for the lifetime, ValidationError for a field, and what ``find_grant`` raises for
    the role and the unit. If a limit is reached, raises TooManyOpenInvitations or RecipientSendingLimitReached. If a
    daily sending limit is reached, the email is scheduled.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_any_member_management(by, organization)
    grant = find_grant(
        organization,
        role_id=role_id or (organization.default_role_id if has_default_role else None),
        permissions=permissions,
        unit_id=unit_id,
        unit_kind=unit_kind,
        unit_role_id=unit_role_id,
    )
    require_grant(held, grant)
    require_not_member(organization, email)
    former = replace_open_invitation(held, organization, email, grant, force=force)
    require_seat(organization, email)
    personal = {"language": language, "invitee_name": invitee_name, "message": message, "metadata": metadata or {}}
    invitation = send_new(by, organization, email, grant, lifetime_days, former, personal, signature(by))
    if former is not None:
        record_superseded(by, organization, former, invitation)
    return invitation


@transaction.atomic
def update_invitation(
    *,
    by: Principal,
    organization_id: UUID,
    invitation_id: UUID,
    role_id: RoleKey | None = None,
    permissions: frozenset[str] | None = None,
    unit_role_id: RoleKey | None = None,
    lifetime_days: int | None = None,
    invitee_name: str | None = None,
    message: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Invitation:
    """Change an open invitation: its grant, expiry date, name, message or metadata. None leaves a value unchanged.

    ``lifetime_days`` counts from now. The caller must be able to offer a grant that changes. If the current inviter can
    no longer offer the grant, the caller must be able to, and becomes the inviter.

    Raises InvitationNotFound, PermissionMissing, GrantTooWide, OwnAccount for staff whose own address is invited,
    Invalid for the lifetime, ValidationError for a text, and what ``find_grant`` raises for the roles. If the
    invitation is not open, raises the error from ``why_not_open``.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_any_member_management(by, organization)
    invitation = find_manageable(held, organization, invitation_id)
    require_other(by, invitation.email)
    current = require_open(invitation).grant
    require_can_resend_edit_or_withdraw(held, current)
    grant = find_grant(
        organization,
        role_id=role_id or invitation.role_id,
        permissions=frozenset(invitation.permissions) if permissions is None else permissions,
        unit_id=invitation.unit_id,
        unit_role_id=unit_role_id or invitation.unit_role_id,
    )
    if grant != current:
        require_grant(held, grant)
    changes: dict[str, Any] = {
        "role": grant.role,
        "permissions": sorted(grant.permissions),
        "unit_role": grant.unit_role,
    }
    if lifetime_days is not None:
        changes |= lifetime_columns(lifetime_days, scheduled_for(invitation))
    changes |= changed_texts(invitee_name=invitee_name, message=message, metadata=metadata)
    changes |= voucher_columns(by, held, organization, invitation, grant)
    written = change_open(invitation.pk, **changes)
    if not written:
        raise InvitationExpired
    facts = grant_data(grant) | changes_of(invitation, **changes)
    record("invitation.updated", by, invitation, organization, lifetime_days=lifetime_days, **facts)
    return reflect(invitation, written)


@transaction.atomic
def resend(
    *, by: Principal, organization_id: UUID, invitation_id: UUID, lifetime_days: int = DEFAULT_LIFETIME_DAYS
) -> Invitation:
    """Email a new link and restart the lifetime. Older links then lead to a page about the newer email.

    The same applies to the open invitations that share the email: they share the new one, and the caller must be able
    to resend all of them.

    For an expired or undeliverable invitation, create and return a new one with the same grant. The caller becomes its
    inviter and must be able to offer the grant. The same applies if the current inviter can no longer offer the grant.
    Staff become the inviter only if the current one can no longer offer the grant and the invitation names nobody.

    Raises InvitationNotFound, InviteeErased, GrantGone, InviterCannotGrant for staff, and what ``invite`` raises. If
    the invitation ended in another way, raises the error from ``why_not_open``.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_any_member_management(by, organization)
    invitation = find_manageable(held, organization, invitation_id)
    if invitation.ended_unanswered and not invitation.is_superseded:
        return send_again(by, held, organization, invitation, lifetime_days)
    require_other(by, invitation.email)
    grant = require_open(invitation).grant
    require_can_resend_edit_or_withdraw(held, grant)
    others = list(invitation.open_in_same_email())
    for other in others:
        require_can_resend_edit_or_withdraw(held, other.grant)
    drop_scheduled(invitation, REPLACED, if_shared=True)
    sent_at = count_in_place_of(invitation, by, organization, invitation.email, slots=1 + len(others))
    changes = lifetime_columns(lifetime_days, sent_at)
    if invitation.shares_email_of_id is not None:
        changes["shares_email_of"] = invitation if others else None
    changed = {row.pk: resend_row(by, held, organization, row, changes, sent_at) for row in (invitation, *others)}
    queue_email(invitation, Email.Kind.INVITATION, sent_at, by)
    for row in (invitation, *others):
        record("invitation.resent", by, row, organization, generation=row.generation, **changed[row.pk])
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
    """Replace an invitation to a wrong address with a new one to ``email`` that has the same grant.

    The old invitation must be open or undeliverable. The rules and limits of ``invite`` apply to the new one.

    Raises InvitationNotFound, SameAddress, GrantGone, and what ``invite`` raises. If the old invitation is neither open
    nor undeliverable, raises the error from ``why_not_open``.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_any_member_management(by, organization)
    former = find_manageable(held, organization, invitation_id)
    return send_corrected(by, held, organization, require_correctable(former), email, lifetime_days)


@transaction.atomic
def cancel(*, by: Principal, organization_id: UUID, invitation_id: UUID) -> Invitation:
    """Cancel an open invitation, or an accepted one that waits for a seat.

    Raises InvitationNotFound, PermissionMissing and GrantTooWide. If the invitation has already ended, raises the error
    from ``why_not_open``.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_any_member_management(by, organization)
    invitation = find_manageable(held, organization, invitation_id)
    if invitation.finished_at is None:
        require_can_resend_edit_or_withdraw(held, invitation.grant)
    written = withdraw(invitation.pk)
    if not written:
        raise why_not_open(invitation)
    drop_scheduled(invitation, "The invitation is cancelled.")
    changed = changes_of(invitation, status=Invitation.Status.CANCELLED)
    record("invitation.cancelled", by, invitation, organization, **changed)
    return reflect(invitation, written)
