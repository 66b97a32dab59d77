"""The action that invites one person to several units at once: one invitation to each, in one email.

``Invitation.shares_email_of`` says which invitations belong together (decision 48).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.principals import Principal
from core.addresses import Address
from core.errors import Invalid
from events.models import Event
from invitations.actions.granting import DEFAULT_LIFETIME_DAYS, lifetime_columns, require_grant, signature
from invitations.actions.inviting_steps import new_invitation, record_superseded, replace_open_invitation
from invitations.email.limits import (
    TooManyOpenInvitations,
    count_email,
    open_limit,
    open_slots_left,
    require_scheduled_slot,
)
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.lookups import require_not_member
from invitations.models import Invitation
from invitations.refusals import AlreadyInvited
from orgs import policies
from orgs.actions.account_rights import require_other
from orgs.actions.saving import record, save_checked
from orgs.locks import lock_organization
from orgs.lookups import RoleKey, find_grant, grant_data
from orgs.models import Organization
from orgs.policies import EffectivePermissions, Grant
from orgs.seats import require_seat

MAX_UNITS = 20


@dataclass(frozen=True)
class UnitOffer:
    """A unit and the role in it."""

    unit_id: UUID
    unit_role_id: RoleKey


@transaction.atomic
def invite_to_units(  # noqa: PLR0913 - every field of an invitation
    *,
    by: Principal,
    organization_id: UUID,
    email: Address,
    units: Sequence[UnitOffer],
    role_id: RoleKey | None = None,
    permissions: frozenset[str] = frozenset(),
    lifetime_days: int = DEFAULT_LIFETIME_DAYS,
    language: str = "",
    invitee_name: str = "",
    message: str = "",
    metadata: dict[str, Any] | None = None,
    force: bool = False,
    has_default_role: bool = False,
) -> list[Invitation]:
    """Invite an address to several units with one email. Return one invitation to each unit, in the same order.

    Everything else is as in ``inviting.invite``, for each of the invitations. They need one open slot each, wait
    together if there are too few, and count as one email.

    Raises what ``invite`` raises, and Invalid for no units, too many units, and repeated units.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_any_member_management(by, organization)
    role_id = role_id or (organization.default_role_id if has_default_role else None)
    grants = _grants(held, organization, units, role_id=role_id, permissions=permissions)
    require_other(by, email)
    require_not_member(organization, email)
    formers = [replace_open_invitation(held, organization, email, grant, force=force) for grant in grants]
    require_seat(organization, email)
    sent_at = _sending_time(by, organization, email, formers)
    columns = {"language": language, "invitee_name": invitee_name, "message": message, "metadata": metadata or {}}
    columns |= lifetime_columns(lifetime_days, sent_at) | signature(by) | {"is_emailed": sent_at is None}
    invitations = [new_invitation(organization, email, grant, **columns) for grant in grants]
    with Event.objects.together():
        for invitation, former in zip(invitations, formers, strict=True):
            _save(by, organization, invitation, former, shares_email_of=invitations[0], lifetime_days=lifetime_days)
    queue_email(invitations[0], Email.Kind.INVITATION, sent_at, by)
    return invitations


def _grants(
    held: EffectivePermissions, organization: Organization, units: Sequence[UnitOffer], **of_organization: Any
) -> list[Grant]:
    """Return the grant for each unit. Require that a caller with these permissions may offer it."""
    if not 1 <= len(units) <= MAX_UNITS:
        raise Invalid(fields={"units": [f"Give 1 to {MAX_UNITS} units."]})
    if len({offer.unit_id for offer in units}) < len(units):
        raise Invalid(fields={"units": ["Give each unit once."]})
    grants = []
    for offer in units:
        grant = find_grant(organization, unit_id=offer.unit_id, unit_role_id=offer.unit_role_id, **of_organization)
        require_grant(held, grant)
        grants.append(grant)
    return grants


def _sending_time(
    by: Principal, organization: Organization, email: Address, formers: Sequence[Invitation | None]
) -> datetime | None:
    """Count one email for as many invitations as ``formers`` has places. Return when it may be sent. None means now.

    If there are too few open slots for all of them, the email waits, as that of a list does. Raises
    TooManyOpenInvitations if there is none, unless an email is replaced that waits itself, and what ``count_email``
    raises.
    """
    sent_at = count_email(by, organization, email)
    slots = open_slots_left(organization)
    if sent_at is not None or slots >= len(formers):
        return sent_at
    if slots < 1 and all(former is None or former.is_emailed for former in formers):
        raise TooManyOpenInvitations(limit=open_limit(organization))
    require_scheduled_slot(organization)
    return timezone.now()


def _save(
    by: Principal,
    organization: Organization,
    invitation: Invitation,
    former: Invitation | None,
    *,
    shares_email_of: Invitation,
    lifetime_days: int,
) -> None:
    """Save a new invitation and record its event. It replaces ``former``, if given."""
    invitation.shares_email_of = shares_email_of
    save_checked(invitation, conflict=AlreadyInvited)
    facts = grant_data(invitation.grant) | {"shares_email_of": shares_email_of.pk}
    record("invitation.created", by, invitation, organization, lifetime_days=lifetime_days, **facts)
    if former is not None:
        Invitation.objects.filter(pk=former.pk).update(superseded_by=invitation)
        record_superseded(by, organization, former, invitation)
