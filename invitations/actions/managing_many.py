"""The actions on many invitations of an organization, with a verdict for each: resend, withdraw, extend.

Each invitation gets the steps and the rules of the action for one (``inviting``), in the order of the ids, under one
lock of the organization and in one transaction. An invitation that is refused changes nothing and stops no other one.
"""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from core.errors import DomainError, Invalid
from events.models import Event
from invitations.actions.granting import DEFAULT_LIFETIME_DAYS, expiry
from invitations.actions.managing_steps import (
    cancel_invitation,
    change_invitation,
    require_changeable,
    resend_invitation,
)
from invitations.bulk.selection import MAX_RESENT, MAX_SELECTED, SelectedResult, SelectedVerdict, refusal_of
from invitations.email.limits import lock_counters
from invitations.email.queue import known_time, scheduled_for
from invitations.models import Invitation
from invitations.refusals import ExpiresLater, InvitationNotFound
from orgs import policies
from orgs.locks import lock_organization
from orgs.models import Organization
from orgs.policies import EffectivePermissions

Step = Callable[[Invitation], SelectedResult]


@transaction.atomic
def resend_many(
    *,
    by: Principal,
    organization_id: UUID,
    invitation_ids: Sequence[UUID],
    lifetime_days: int = DEFAULT_LIFETIME_DAYS,
) -> list[SelectedResult]:
    """Resend invitations. Return what became of each, in the same order. An id that is repeated counts once.

    Invitations that share an email are sent together, once.

    Raises OrganizationNotFound, PermissionMissing, and Invalid for the lifetime or more than MAX_RESENT ids.
    """
    organization, held, found = _locked_and_found(by, organization_id, invitation_ids, MAX_RESENT)
    expiry(lifetime_days)
    lock_counters(by, {invitation.email for invitation in found.values()})
    return _each(invitation_ids, found, partial(_resent, by, held, organization, lifetime_days, {}))


@transaction.atomic
def withdraw_many(*, by: Principal, organization_id: UUID, invitation_ids: Sequence[UUID]) -> list[SelectedResult]:
    """Cancel invitations that are open or wait for a seat. Returns what ``resend_many`` does.

    Raises OrganizationNotFound, PermissionMissing, and Invalid for more than MAX_SELECTED ids.
    """
    organization, held, found = _locked_and_found(by, organization_id, invitation_ids)
    with Event.objects.together():
        return _each(invitation_ids, found, partial(_withdrawn, by, held, organization))


@transaction.atomic
def extend_many(
    *,
    by: Principal,
    organization_id: UUID,
    invitation_ids: Sequence[UUID],
    lifetime_days: int = DEFAULT_LIFETIME_DAYS,
) -> list[SelectedResult]:
    """Let open invitations expire ``lifetime_days`` from now. Those that expire later are refused.

    Returns what ``resend_many`` does. Raises OrganizationNotFound, PermissionMissing, and Invalid for the lifetime or
    more than MAX_SELECTED ids.
    """
    organization, held, found = _locked_and_found(by, organization_id, invitation_ids)
    expiry(lifetime_days)
    with Event.objects.together():
        return _each(invitation_ids, found, partial(_extended, by, held, organization, lifetime_days))


def _locked_and_found(
    by: Principal, organization_id: UUID, invitation_ids: Sequence[UUID], limit: int = MAX_SELECTED
) -> tuple[Organization, EffectivePermissions, dict[UUID, Invitation]]:
    """Lock the organization. Return it, the caller's permissions, and the invitations that the caller may manage."""
    if len(invitation_ids) > limit:
        raise Invalid(fields={"ids": [f"Choose at most {limit} invitations at once."]})
    organization = lock_organization(organization_id, by=by)
    held = policies.require_any_member_management(by, organization)
    manageable = Invitation.objects.manageable_with(held, organization)
    rows = manageable.with_details().filter(pk__in=set(invitation_ids))
    return organization, held, {invitation.pk: invitation for invitation in rows}


def _each(invitation_ids: Sequence[UUID], found: dict[UUID, Invitation], step: Step) -> list[SelectedResult]:
    """Return the results of a step. A step that raises an error must have written nothing."""
    results: list[SelectedResult] = []
    for invitation_id in dict.fromkeys(invitation_ids):
        invitation = found.get(invitation_id)
        try:
            if invitation is None:
                raise InvitationNotFound
            results.append(step(invitation))
        except DomainError as error:
            results.append(refusal_of(invitation_id, error, invitation))
    return results


def _resent(
    by: Principal,
    held: EffectivePermissions,
    organization: Organization,
    lifetime_days: int,
    done: dict[UUID, SelectedResult],
    invitation: Invitation,
) -> SelectedResult:
    """Resend an invitation, unless it was sent with another one that shares its email (``done``)."""
    if invitation.pk in done:
        return done[invitation.pk]
    with transaction.atomic():  # a savepoint, because a limit is noticed after the first writes
        sent, *others = resend_invitation(by, held, organization, invitation, lifetime_days)
    when = scheduled_for(sent)
    verdict, when = SelectedVerdict.RESENT if when is None else SelectedVerdict.SCHEDULED, known_time(when)
    done.update({other.pk: SelectedResult(other.pk, verdict, other, scheduled_for=when) for other in others})
    return SelectedResult(invitation.pk, verdict, sent, scheduled_for=when)


def _withdrawn(
    by: Principal, held: EffectivePermissions, organization: Organization, invitation: Invitation
) -> SelectedResult:
    withdrawn = cancel_invitation(by, held, organization, invitation)
    return SelectedResult(invitation.pk, SelectedVerdict.WITHDRAWN, withdrawn)


def _extended(
    by: Principal, held: EffectivePermissions, organization: Organization, lifetime_days: int, invitation: Invitation
) -> SelectedResult:
    grant = require_changeable(by, held, invitation)
    if expiry(lifetime_days, scheduled_for(invitation)) < invitation.expires_at:
        raise ExpiresLater
    extended = change_invitation(by, held, organization, invitation, grant, lifetime_days, {})
    return SelectedResult(invitation.pk, SelectedVerdict.EXTENDED, extended)
