"""The actions of an organization on its invitations: invite, change, resend, correct the address, cancel.

Every action has the same five steps: lock the organization, check the permission, check the rules, change the rows,
record the event. Queueing an email adds an outbox row in the same transaction. ``by`` is the caller.
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from core.addresses import Address
from invitations.actions.granting import DEFAULT_LIFETIME_DAYS, require_grant, signature
from invitations.actions.inviting_steps import (
    changed_texts,
    record_superseded,
    replace_open_invitation,
    send_corrected,
    send_new,
)
from invitations.actions.managing_steps import (
    cancel_invitation,
    change_invitation,
    require_changeable,
    resend_invitation,
)
from invitations.lookups import find_manageable, require_not_member
from invitations.models import Invitation
from invitations.refusals import require_correctable
from orgs import policies
from orgs.locks import lock_organization
from orgs.lookups import RoleKey, find_grant
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
    current = require_changeable(by, held, invitation)
    grant = find_grant(
        organization,
        role_id=role_id or invitation.role_id,
        permissions=frozenset(invitation.permissions) if permissions is None else permissions,
        unit_id=invitation.unit_id,
        unit_role_id=unit_role_id or invitation.unit_role_id,
    )
    if grant != current:
        require_grant(held, grant)
    texts = changed_texts(invitee_name=invitee_name, message=message, metadata=metadata)
    return change_invitation(by, held, organization, invitation, grant, lifetime_days, texts)


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
    return resend_invitation(by, held, organization, invitation, lifetime_days)[0]


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
    return cancel_invitation(by, held, organization, invitation)
