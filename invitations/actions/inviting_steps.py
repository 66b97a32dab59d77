"""Steps shared by the actions that send an invitation. The caller must have locked the organization."""

from datetime import datetime
from typing import Any

from django.db.models import CharField, UUIDField
from django.utils import timezone

from accounts.principals import Principal
from core.addresses import Address, is_erased
from core.compiled_rows import CompiledRows
from core.rows import only_row
from events.changed_fields import changes_of
from invitations.actions.ending import mark_expired
from invitations.actions.granting import (
    lifetime_columns,
    require_can_resend_edit_or_withdraw,
    require_grant,
    successor_columns,
    voucher_columns,
)
from invitations.actions.transitions import raise_generation, reflect, withdraw
from invitations.email.limits import count_email, open_slots_left, require_open_slot
from invitations.email.models import Email
from invitations.email.queue import drop_scheduled, queue_email
from invitations.lookups import require_not_member
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from invitations.refusals import AlreadyInvited, GrantGone, InvitationExpired, InviteeErased, SameAddress
from orgs.actions.account_rights import require_other
from orgs.actions.saving import record, save_checked
from orgs.lookups import grant_data
from orgs.models import Organization
from orgs.policies import EffectivePermissions, Grant
from orgs.seats import require_seat

REPLACED = "A newer email was sent."  # the reason for which an email is dropped

UNANSWERED = CompiledRows(
    lambda organization, email: (
        Invitation.objects.filter(organization=organization, email=email).unanswered().with_details()
    ),
    organization=UUIDField(),
    email=CharField(),
)


def _to_unit(invitations: InvitationQuerySet, unit: Any) -> InvitationQuerySet:
    return invitations.filter(unit=unit)


def _to_organization(invitations: InvitationQuerySet) -> InvitationQuerySet:
    return invitations.filter(unit__isnull=True)


# What a new invitation takes over from the one that it replaces, if it is to the same person.
PERSONAL = ("language", "invitee_name", "message", "metadata")


def personal_columns(former: Invitation) -> dict[str, Any]:
    """Return the columns that are about the invitee, for an invitation that repeats ``former``."""
    return {name: getattr(former, name) for name in PERSONAL}


def changed_texts(**values: Any) -> dict[str, Any]:
    """Return the columns that are not None. Raises ValidationError for an invalid value."""
    given = {name: value for name, value in values.items() if value is not None}
    Invitation(**given).clean_fields(exclude={field.name for field in Invitation._meta.fields} - given.keys())
    return given


def replace_open_invitation(
    held: EffectivePermissions, organization: Organization, address: Address, grant: Grant, *, force: bool
) -> Invitation | None:
    """Cancel and return the unanswered invitation to this address and target. Return None if there is none.

    The caller then calls ``record_superseded``. If that invitation is overdue, mark it as expired and return None. If
    it is not overdue and ``force`` is false, raises AlreadyInvited. With ``force``, raises what
    ``require_can_resend_edit_or_withdraw`` raises. ``held`` are the caller's permissions.
    """
    same = UNANSWERED.of(organization=organization.pk, email=address)
    found = same.then(_to_unit, unit=(UUIDField(), grant.unit.pk)) if grant.unit else same.then(_to_organization)
    former: Invitation | None = only_row(found)
    if former is None:
        return None
    if former.is_overdue:
        mark_expired(Invitation.objects.filter(pk=former.pk))
        return None
    if not force:
        raise AlreadyInvited(invitation_id=former.pk)
    require_can_resend_edit_or_withdraw(held, former.grant)
    withdraw(former.pk)
    drop_scheduled(former, REPLACED)
    return former


def record_superseded(by: Principal, organization: Organization, former: Invitation, successor: Invitation) -> None:
    """Record that ``successor`` replaced ``former``, which was withdrawn if it was open."""
    changed = _changes_of_replaced(former, successor)
    record("invitation.superseded", by, former, organization, **changed)


def _changes_of_replaced(former: Invitation, successor: Invitation) -> dict[str, Any]:
    status = former.status if former.ended_unanswered else Invitation.Status.CANCELLED
    return changes_of(former, status=status, superseded_by=successor)


def send_new(
    by: Principal,
    organization: Organization,
    address: Address,
    grant: Grant,
    lifetime_days: int,
    former: Invitation | None,
    personal: dict[str, Any],
    inviter: dict[str, Any],
) -> Invitation:
    """Save a new invitation, queue its email, and set ``superseded_by`` of ``former``, if given.

    ``personal`` has the columns of ``personal_columns``. ``inviter`` has the column values from ``signature`` or
    ``successor_columns``. The caller must have checked the permissions and the grant. Raises OwnAccount if staff would
    invite themselves, AlreadyInvited, Invalid for the lifetime, ValidationError, and the errors of the limits
    (``invitations.email.limits``).
    """
    require_other(by, address)
    sent_at = count_in_place_of(former, by, organization, address)
    if sent_at is None and (former is None or former.is_emailed):
        require_open_slot(organization)
    columns = lifetime_columns(lifetime_days, sent_at) | personal | inviter
    invitation = new_invitation(organization, address, grant, is_emailed=sent_at is None, **columns)
    save_checked(invitation, conflict=AlreadyInvited)
    if former is not None:
        Invitation.objects.filter(pk=former.pk).update(superseded_by=invitation)
    queue_email(invitation, Email.Kind.INVITATION, sent_at, by)
    record("invitation.created", by, invitation, organization, lifetime_days=lifetime_days, **grant_data(grant))
    return invitation


def new_invitation(organization: Organization, address: Address, grant: Grant, **columns: Any) -> Invitation:
    """Return an unsaved invitation with this grant and these values of other columns."""
    invitation = Invitation(
        organization=organization,
        email=address,
        role=grant.role,
        permissions=sorted(grant.permissions),
        unit=grant.unit,
        unit_role=grant.unit_role,
        **columns,
    )
    invitation.is_overdue = False
    return invitation


def count_in_place_of(
    former: Invitation | None, by: Principal, organization: Organization, address: Address, slots: int = 1
) -> datetime | None:
    """Count an email that replaces the one of ``former``, if given. Return when it may be sent. None means now.

    ``drop_scheduled`` has made the time of the replaced email free, so the new one is sent at that time or earlier. If
    the replaced email waited for ``slots`` open slots, the new one waits too. Raises what ``count_email`` raises.
    """
    sent_at = count_email(by, organization, address)
    needs_slot = former is not None and not former.is_emailed
    if sent_at is None and needs_slot and open_slots_left(organization) < slots:
        return timezone.now()
    return sent_at


def resend_row(
    by: Principal,
    held: EffectivePermissions,
    organization: Organization,
    invitation: Invitation,
    changes: dict[str, Any],
    sent_at: datetime | None,
) -> dict[str, Any]:
    """Raise the generation of an open invitation, set these columns, and return the event data about what changed.

    The caller of the action becomes the inviter if the present one can no longer offer the grant. Raises what
    ``voucher_columns`` raises, and InvitationExpired.
    """
    changes = voucher_columns(by, held, organization, invitation, invitation.grant) | changes
    changes |= {} if invitation.is_emailed else {"is_emailed": sent_at is None}
    written = raise_generation(invitation.pk, **changes)
    if not written:
        raise InvitationExpired
    next_generation = {"generation": invitation.generation + 1}
    changed = changes_of(invitation, **changes, **next_generation)
    reflect(invitation, {**written, **next_generation})
    return changed


def send_corrected(
    by: Principal,
    held: EffectivePermissions,
    organization: Organization,
    former: Invitation,
    address: Address,
    lifetime_days: int,
) -> Invitation:
    """Replace an open or undeliverable invitation with a new one to another address.

    The rules of ``invite`` apply. Raises SameAddress, GrantGone, InviterCannotGrant, and what ``invite`` raises.
    """
    if address == former.email:
        raise SameAddress(fields={"email": [SameAddress.message]})
    grant = require_same_grant(held, former)
    inviter = successor_columns(by, held, organization, former)
    require_not_member(organization, address)
    replace_open_invitation(held, organization, address, grant, force=False)
    if former.is_open and not withdraw(former.pk):
        raise InvitationExpired
    drop_scheduled(former, REPLACED)
    require_seat(organization, address)
    invitation = send_new(by, organization, address, grant, lifetime_days, former, personal_columns(former), inviter)
    changed = _changes_of_replaced(former, invitation)
    record("invitation.address_corrected", by, former, organization, superseded_by=invitation.pk, **changed)
    return invitation


def send_again(
    by: Principal, held: EffectivePermissions, organization: Organization, invitation: Invitation, lifetime_days: int
) -> Invitation:
    """Replace an expired or undeliverable invitation with a new one that has the same grant.

    The rules of ``invite`` apply. Raises InviteeErased, GrantGone, InviterCannotGrant, and what ``invite`` raises.
    """
    if is_erased(invitation.email):
        raise InviteeErased
    grant = require_same_grant(held, invitation)
    inviter = successor_columns(by, held, organization, invitation)
    require_not_member(organization, invitation.email)
    replace_open_invitation(held, organization, invitation.email, grant, force=False)
    require_seat(organization, invitation.email)
    address, personal = invitation.email, personal_columns(invitation)
    successor = send_new(by, organization, address, grant, lifetime_days, invitation, personal, inviter)
    record_superseded(by, organization, invitation, successor)
    return successor


def require_same_grant(held: EffectivePermissions, former: Invitation) -> Grant:
    """Return the grant of the old invitation. Require that a caller with these permissions may offer it.

    Raises GrantGone if the role or the unit no longer exists, and what ``require_grant`` raises.
    """
    if not former.has_whole_grant:
        raise GrantGone
    require_grant(held, former.grant)
    return former.grant
