"""The rules of invitations and memberships in plain Python. Nothing here uses the database or the code under test.

`InvitationModel` is one organization with one unit. Each method has the name of an action and returns the kinds of the
events that the action records. If the action must be refused, the method raises `RuleViolation` and changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.invitations.grants import EVERYDAY, MANAGE, ROLES, UNIT_ROLES, ModelGrant

PENDING, WAITING = "pending", "processing"
# For each state except open: the class name of the error that actions raise.
ENDED = {
    "expired": "InvitationExpired",
    "accepted": "InvitationAccepted",
    "declined": "InvitationDeclined",
    "cancelled": "InvitationCancelled",
    "error": "InvitationUndeliverable",
    WAITING: "InvitationWaits",
}


class RuleViolation(Exception):
    """Raised when the rules forbid a step. The argument is the class name of the expected error."""


@dataclass(eq=False)
class ModelInvitation:
    """An invitation in the model.

    `is_marked` is false while an expired invitation still has the status `pending` in the database. `key` is the
    primary key of the row. The model does not use the key.
    """

    to: str
    grant: ModelGrant
    inviter: str
    key: Any = None
    state: str = PENDING
    is_superseded: bool = False
    is_not_needed: bool = False
    is_marked: bool = True

    @property
    def reserves(self) -> bool:
        return self.state in (PENDING, WAITING)


@dataclass
class InvitationModel:
    """The members and their grants, all invitations, and the invitations that wait for a seat (oldest first).

    `ceilings` maps each member to the rights of the person who gave the member their grant (see `rights_of`).
    """

    members: dict[str, ModelGrant]
    seat_limit: int | None = None
    invitations: list[ModelInvitation] = field(default_factory=list)
    waiting: list[ModelInvitation] = field(default_factory=list)
    ceilings: dict[str, tuple[set[str], set[str]]] = field(default_factory=dict)

    # Rights

    def rights_of(self, who: str) -> tuple[set[str], set[str]]:
        """Return the rights in the organization and the rights in the unit. The second set includes the first."""
        grant = self.members.get(who)
        return (grant.rights, grant.rights | grant.unit_rights) if grant else (set(), set())

    def manages(self, who: str, *, unit: bool) -> bool:
        organization, in_unit = self.rights_of(who)
        return MANAGE in organization or (unit and "unit:manage_members" in in_unit)

    def covers(self, who: str, grant: ModelGrant, ignoring: Iterable[str] = ()) -> bool:
        organization, in_unit = self.rights_of(who)
        return not ((grant.rights - organization) | (grant.unit_rights - in_unit)) - set(ignoring)

    def can_offer(self, who: str, grant: ModelGrant) -> bool:
        return self.manages(who, unit=bool(grant.unit_role)) and self.covers(who, grant)

    def require_offer(self, who: str, grant: ModelGrant) -> None:
        require(self.manages(who, unit=bool(grant.unit_role)), "PermissionMissing")
        require(self.covers(who, grant), "GrantTooWide")

    def require_withdrawable(self, who: str, grant: ModelGrant) -> None:
        """Require the rule for withdrawing, which is also that of resending and editing."""
        require(self.manages(who, unit=bool(grant.unit_role)), "PermissionMissing")
        require(self.covers(who, grant, ignoring=EVERYDAY), "GrantTooWide")
        covers_organization = self.covers(who, ModelGrant(grant.role, grant.permissions))
        require(covers_organization or self.manages(who, unit=False), "GrantTooWide")

    def require_voucher(self, who: str, invitation: ModelInvitation, grant: ModelGrant) -> None:
        """Require that the inviter can still offer the grant, or else this caller."""
        if not self.can_offer(invitation.inviter, grant):
            self.require_offer(who, grant)

    def require_manager(self, who: str, *, unit: bool = False) -> None:
        require(who in self.members, "OrganizationNotFound")
        require(self.manages(who, unit=unit), "PermissionMissing")

    def require_managed(self, who: str, invitation: ModelInvitation) -> None:
        self.require_manager(who, unit=True)
        require(self.manages(who, unit=bool(invitation.grant.unit_role)), "InvitationNotFound")

    # Actions on invitations

    def invite(self, by: str, to: str, grant: ModelGrant, *, force: bool) -> list[str]:
        self.require_manager(by, unit=True)
        self.require_offer(by, grant)
        require(to not in self.members, "AlreadyMember")
        former = self.unanswered(to, grant)
        if former:
            require(force, "AlreadyInvited")
            self.require_withdrawable(by, former.grant)
        self.require_seat(to, without=former)
        overdue = self.mark_overdue(to, grant)
        if former:
            self.end(former, "cancelled")
            former.is_superseded = True
        self.invitations.append(ModelInvitation(to, grant, by))
        return [*overdue, "invitation.created", *(["invitation.superseded"] if former else [])]

    def update(self, by: str, invitation: ModelInvitation, grant: ModelGrant) -> list[str]:
        self.require_managed(by, invitation)
        require_open(invitation)
        self.require_withdrawable(by, invitation.grant)
        if grant != invitation.grant:
            self.require_offer(by, grant)
        self.require_voucher(by, invitation, grant)
        invitation.grant = grant
        self.replace_inviter(by, invitation)
        return ["invitation.updated"]

    def resend(self, by: str, invitation: ModelInvitation) -> list[str]:
        self.require_managed(by, invitation)
        if invitation.state in ("expired", "error") and not invitation.is_superseded:
            return self.send_again(by, invitation)
        require_open(invitation)
        self.require_withdrawable(by, invitation.grant)
        self.require_voucher(by, invitation, invitation.grant)
        self.replace_inviter(by, invitation)
        return ["invitation.resent"]

    def send_again(self, by: str, former: ModelInvitation) -> list[str]:
        self.require_offer(by, former.grant)
        require(former.to not in self.members, "AlreadyMember")
        require(self.unanswered(former.to, former.grant) is None, "AlreadyInvited")
        self.require_seat(former.to)
        overdue = self.mark_overdue(former.to, former.grant)
        former.is_superseded = True
        self.invitations.append(ModelInvitation(former.to, former.grant, by))
        return [*overdue, "invitation.created", "invitation.superseded"]

    def cancel(self, by: str, invitation: ModelInvitation) -> list[str]:
        self.require_managed(by, invitation)
        if invitation.reserves or not invitation.is_marked:
            self.require_withdrawable(by, invitation.grant)
        if invitation.state != WAITING:
            require_open(invitation)
        self.end(invitation, "cancelled")
        return ["invitation.cancelled"]

    def accept(self, by: str, invitation: ModelInvitation) -> list[str]:
        require(invitation.to == by, "InvitationNotFound")
        require_open(invitation)
        if by not in self.members or self.additions(invitation):
            require(self.can_offer(invitation.inviter, invitation.grant), "InviterCannotGrant")
        if by not in self.members and self.is_full:
            invitation.state = WAITING
            self.waiting.append(invitation)
            return ["invitation.waits_for_seat"]
        return self.join(invitation)

    def decline(self, by: str, invitation: ModelInvitation) -> list[str]:
        require(invitation.to == by, "InvitationNotFound")
        require_open(invitation)
        invitation.state = "declined"
        return ["invitation.declined"]

    def fail(self, invitation: ModelInvitation) -> list[str]:
        """Simulate a bounced email. Only an open invitation changes."""
        if invitation.state != PENDING:
            return []
        invitation.state = "error"
        return ["invitation.bounced", "invitation.failed"]

    def pass_expiry(self, invitation: ModelInvitation) -> None:
        """Simulate that the expiry date passes. The row still has the status `pending`."""
        invitation.state, invitation.is_marked = "expired", False

    def expire(self) -> list[str]:
        return [event for one in self.invitations for event in self.mark_overdue(one.to, one.grant)]

    # Actions on members

    def change(self, by: str, whom: str, grant: ModelGrant) -> list[str]:
        self.require_manager(by)
        before = self.members[whom]
        require(self.covers(by, before), "GrantTooWide")
        after = ModelGrant(grant.role, grant.permissions, before.unit_role)
        require(self.covers(by, ModelGrant(grant.role, grant.permissions)), "GrantTooWide")
        require(grant.role == "owner" or not self.is_last_owner(whom), "LastOwner")
        self.ceilings[whom] = self.rights_of(by)
        self.members[whom] = after
        return ["membership.roles_changed"]

    def remove(self, by: str, whom: str) -> list[str]:
        self.require_manager(by)
        require(self.covers(by, self.members[whom], ignoring=EVERYDAY), "GrantTooWide")
        return self.end_membership(whom, "membership.removed")

    def leave(self, by: str) -> list[str]:
        require(by in self.members, "OrganizationNotFound")
        return self.end_membership(by, "membership.left")

    def end_membership(self, who: str, kind: str) -> list[str]:
        require(not self.is_last_owner(who), "LastOwner")
        del self.members[who]
        return [kind, *self.fill_seats()]

    def limit_seats(self, seat_limit: int | None) -> list[str]:
        self.seat_limit = seat_limit
        return ["organization.seat_limit_set", *self.fill_seats()]

    def fill_seats(self) -> list[str]:
        """Give free seats to waiting invitees in order. Skip invitees whose inviter can no longer grant the roles.

        A member needs no seat.
        """
        events: list[str] = []
        for invitation in list(self.waiting):
            is_member = invitation.to in self.members
            needs_inviter = not is_member or self.additions(invitation)
            is_vouched = not needs_inviter or self.can_offer(invitation.inviter, invitation.grant)
            if invitation in self.waiting and (is_member or not self.is_full) and is_vouched:
                events += self.join(invitation)
        return events

    def additions(self, invitation: ModelInvitation) -> list[str]:
        """Return the kinds of the events for what the invitation adds to a member."""
        held, offered = self.members[invitation.to], invitation.grant
        in_organization = ROLES[offered.role] > ROLES[held.role] or offered.permissions - held.rights
        held_in_unit = UNIT_ROLES.get(held.unit_role)
        in_unit = offered.unit_role and (held_in_unit is None or UNIT_ROLES[offered.unit_role] > held_in_unit)
        return ["membership.roles_changed"] * bool(in_organization) + ["membership.unit_role_assigned"] * bool(in_unit)

    # Helpers

    @property
    def is_full(self) -> bool:
        return self.seat_limit is not None and len(self.members) >= self.seat_limit

    @property
    def owners(self) -> list[str]:
        return [name for name, grant in self.members.items() if grant.role == "owner"]

    def is_last_owner(self, who: str) -> bool:
        return self.owners == [who]

    def unanswered(self, to: str, grant: ModelGrant) -> ModelInvitation | None:
        """Return the open or waiting invitation to this address and unit, if there is one."""
        return next((one for one in self.invitations if one.reserves and has_target(one, to, grant)), None)

    def require_seat(self, to: str, without: ModelInvitation | None = None) -> None:
        reserved = {one.to for one in self.invitations if one.reserves and one is not without} - set(self.members)
        taken = len(self.members) + len(reserved)
        require(self.seat_limit is None or taken < self.seat_limit or to in reserved, "NoSeatLeft")

    def mark_overdue(self, to: str, grant: ModelGrant) -> list[str]:
        overdue = [one for one in self.invitations if not one.is_marked and has_target(one, to, grant)]
        for one in overdue:
            one.is_marked = True
        return ["invitation.expired"] * len(overdue)

    def replace_inviter(self, by: str, invitation: ModelInvitation) -> None:
        """Make the caller the inviter if the current inviter can no longer grant these roles."""
        if not self.can_offer(invitation.inviter, invitation.grant):
            invitation.inviter = by

    def join(self, invitation: ModelInvitation) -> list[str]:
        """Make the invitee a member, or add what a member lacks. Close the invitations that then add nothing."""
        who, offered = invitation.to, invitation.grant
        ceiling = self.rights_of(invitation.inviter)
        held = self.members.get(who)
        if held is None:
            events, self.members[who], self.ceilings[who] = ["membership.created"], offered, ceiling
        else:
            events = self.additions(invitation)
            self.members[who] = self.extended(held, offered)
            former = self.ceilings.get(who, self.rights_of(who))
            self.ceilings[who] = (former[0] | ceiling[0], former[1] | ceiling[1]) if events else former
        self.end(invitation, "accepted")
        return [*events, "invitation.accepted", *self.close_not_needed(who)]

    def extended(self, held: ModelGrant, offered: ModelGrant) -> ModelGrant:
        """Return the grant of a member after an acceptance: a role only replaces a role with fewer permissions."""
        role = offered.role if ROLES[offered.role] > ROLES[held.role] else held.role
        adds_permissions = role != held.role or offered.permissions - held.rights
        permissions = held.permissions | offered.permissions if adds_permissions else held.permissions
        before, after = UNIT_ROLES.get(held.unit_role), UNIT_ROLES.get(offered.unit_role)
        is_wider = after is not None and (before is None or after > before)
        return ModelGrant(role, permissions, offered.unit_role if is_wider else held.unit_role)

    def close_not_needed(self, who: str) -> list[str]:
        others = [one for one in self.invitations if one.to == who and one.reserves and not self.additions(one)]
        for one in others:
            self.end(one, "cancelled")
            one.is_not_needed = True
        return ["invitation.cancelled"] * len(others)

    def end(self, invitation: ModelInvitation, state: str) -> None:
        invitation.state = state
        if invitation in self.waiting:
            self.waiting.remove(invitation)


def require(condition: bool, refusal: str) -> None:
    if not condition:
        raise RuleViolation(refusal)


def require_open(invitation: ModelInvitation) -> None:
    require(not invitation.is_superseded, "InvitationSuperseded")
    require(not invitation.is_not_needed, "InvitationNotNeeded")
    require(invitation.state == PENDING, ENDED.get(invitation.state, ""))


def has_target(invitation: ModelInvitation, to: str, grant: ModelGrant) -> bool:
    return invitation.to == to and bool(invitation.grant.unit_role) == bool(grant.unit_role)
