"""The action that invites many people, with a verdict for each row.

It has the rules of ``inviting.invite``. One lock of the organization and a fixed number of statements serve all rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.principals import Principal
from core.addresses import Address
from core.bulk_insert import insert_all
from core.errors import Invalid
from core.new_rows import new_row
from events.models import Event
from invitations.actions.ending import mark_expired
from invitations.actions.granting import DEFAULT_LIFETIME_DAYS, expiry, lifetime_columns, signature
from invitations.bulk.checks import Candidate, Known, Party, address_of, candidate_of
from invitations.bulk.grants import RowGrants
from invitations.bulk.room import OPEN_INVITATIONS, placed
from invitations.bulk.rows import MAX_ROWS, InviteRow, RowRefused, RowResult, RowVerdict
from invitations.email.models import Email
from invitations.email.queue import known_time, queue_emails
from invitations.models import Invitation
from invitations.refusals import AlreadyInvited
from orgs import policies
from orgs.actions.saving import record
from orgs.locks import lock_organization
from orgs.lookups import RoleKey, grant_data
from orgs.models import Organization

NO_DEFAULT = InviteRow(email="")

Sent = tuple[Party, datetime | None]


@transaction.atomic
def invite_many(
    *,
    by: Principal,
    organization_id: UUID,
    rows: Sequence[InviteRow],
    default: InviteRow = NO_DEFAULT,
    roles: Mapping[str, RoleKey] | None = None,
    suggested_roles: Mapping[str, RoleKey] | None = None,
    lifetime_days: int = DEFAULT_LIFETIME_DAYS,
    dry_run: bool = False,
    on_checked: Callable[[int], None] = lambda count: None,
) -> list[RowResult]:
    """Invite all rows that can be invited. Return what became of each row, in the same order.

    ``default`` has the role, the unit, the role in it, the language and the message of rows without their own. A row
    without any role gets the organization's default role or, if it has none, ``unassigned``. ``roles`` maps words of
    the rows to roles. ``suggested_roles`` does so for words that are not the id or the name of a role. ``dry_run``
    returns the same verdicts and changes nothing. ``on_checked`` is called before the invitations are saved, with their
    number.

    Rows that invite one person to several units, with the same language and message, share one email (decision 48).

    Raises OrganizationNotFound, PermissionMissing, and Invalid for the lifetime or more than MAX_ROWS rows.
    """
    if len(rows) > MAX_ROWS:
        raise Invalid(fields={"rows": [f"Invite at most {MAX_ROWS} people at once."]})
    organization = lock_organization(organization_id, by=by)
    held = policies.require_any_member_management(by, organization)
    expiry(lifetime_days)
    grants = RowGrants(organization, held, rows, roles=roles or {}, suggested=suggested_roles or {}, default=default)
    results: list[RowResult | None] = [None] * len(rows)
    addresses = _addresses(rows, results)
    known = Known(by, organization, set(addresses.values()))
    candidates = _candidates(rows, addresses, default, grants, known, results)
    sent = _with_room(by, organization, candidates, results, dry_run=dry_run)
    if not dry_run:
        on_checked(sum(len(party) for party, _ in sent))
        _send(by, organization, sent, known, lifetime_days, results)
    return [result for result in results if result is not None]


def _addresses(rows: Sequence[InviteRow], results: list[RowResult | None]) -> dict[int, Address]:
    """Return the address of each row by its place. Rows without one get their result."""
    found: dict[int, Address] = {}
    for place, row in enumerate(rows):
        try:
            found[place] = address_of(row)
        except RowRefused as refused:
            results[place] = _refusal(row.email, refused)
    return found


def _candidates(
    rows: Sequence[InviteRow],
    addresses: dict[int, Address],
    default: InviteRow,
    grants: RowGrants,
    known: Known,
    results: list[RowResult | None],
) -> list[Candidate]:
    """Return the rows that may be invited. The others get their result."""
    found: dict[tuple[str, UUID | None], Candidate] = {}
    for place, address in addresses.items():
        try:
            candidate = candidate_of(place, rows[place], address, default, grants)
            if candidate.target in found:
                raise RowRefused(RowVerdict.DUPLICATE)
            known.require_new(candidate)
            found[candidate.target] = candidate
        except RowRefused as refused:
            results[place] = _refusal(address, refused)
    return list(found.values())


def _with_room(
    by: Principal,
    organization: Organization,
    candidates: list[Candidate],
    results: list[RowResult | None],
    *,
    dry_run: bool,
) -> list[Sent]:
    """Return the rows of each email that is sent, and when. All candidates get their result.

    A dry run takes back what was counted.
    """
    sent: list[Sent] = []
    with transaction.atomic():
        for party, when in placed(by, organization, candidates) if candidates else ():
            for candidate in party:
                results[candidate.place] = _result(candidate, when)
            if not isinstance(when, RowRefused):
                sent.append((party, when))
        transaction.set_rollback(dry_run)
    return sent


def _result(candidate: Candidate, when: datetime | RowRefused | None) -> RowResult:
    if isinstance(when, RowRefused):
        return _refusal(candidate.address, when)
    verdict, sent_at = RowVerdict.INVITED if when is None else RowVerdict.SCHEDULED, known_time(when)
    reason = OPEN_INVITATIONS if when and not sent_at else ""
    return RowResult(candidate.address, verdict, reason, scheduled_for=sent_at, role=candidate.grant.role)


def _send(
    by: Principal,
    organization: Organization,
    sent: list[Sent],
    known: Known,
    lifetime_days: int,
    results: list[RowResult | None],
) -> None:
    """Save the invitations, queue their emails and record their events. Set the ids in the results."""
    candidates = [candidate for party, _ in sent for candidate in party]
    replaced = [known.overdue[one.target] for one in candidates if one.target in known.overdue]
    if replaced:
        mark_expired(Invitation.objects.filter(pk__in=replaced))
    inviter = _inviter_columns(by)
    parties = [_invitations(organization, party, when, lifetime_days, inviter) for party, when in sent]
    invitations = [invitation for party in parties for invitation in party]
    try:
        insert_all(invitations)
    except IntegrityError as error:
        raise AlreadyInvited from error
    queue_emails([first for first, *_ in parties], Email.Kind.INVITATION, [when for _, when in sent], by)
    facts = {id(candidate.grant): grant_data(candidate.grant) for candidate in candidates}
    with Event.objects.together():
        for candidate, invitation in zip(candidates, invitations, strict=True):
            data = facts[id(candidate.grant)]
            if invitation.shares_email_of_id:
                data = data | {"shares_email_of": invitation.shares_email_of_id}
            record("invitation.created", by, invitation, organization, lifetime_days=lifetime_days, **data)
            result = results[candidate.place]
            results[candidate.place] = result and replace(result, invitation_id=invitation.pk)


def _inviter_columns(by: Principal) -> dict[str, object]:
    """Return the columns from ``signature``, with the id of the inviter."""
    signed = signature(by)
    inviter = signed.pop("inviter")
    return {**signed, "inviter_id": inviter.pk if inviter else None}


def _invitations(
    organization: Organization,
    party: Party,
    when: datetime | None,
    lifetime_days: int,
    inviter: dict[str, object],
) -> list[Invitation]:
    """Return the invitations of the rows that share one email. The first has it (decision 48)."""
    columns = {"is_emailed": when is None, **lifetime_columns(lifetime_days, when), **inviter}
    invitations = [_invitation(organization, candidate, columns) for candidate in party]
    if len(invitations) > 1:
        for invitation in invitations:
            invitation.shares_email_of_id = invitations[0].pk
    return invitations


def _invitation(organization: Organization, candidate: Candidate, columns: dict[str, object]) -> Invitation:
    grant = candidate.grant
    return new_row(
        Invitation,
        organization_id=organization.pk,
        email=candidate.address,
        role_id=grant.role.pk,
        permissions=sorted(grant.permissions),
        unit_id=grant.unit.pk if grant.unit else None,
        unit_role_id=grant.unit_role.pk if grant.unit_role else None,
        **candidate.personal,
        **columns,
    )


def _refusal(email: str, refused: RowRefused) -> RowResult:
    return RowResult(email, refused.verdict, refused.reason, refused.invitation_id)
