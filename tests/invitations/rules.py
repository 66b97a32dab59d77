"""The rules of inviting and belonging in plain Python, without a database and without the code under test.

`Rules` is one organization with one unit. Its methods are called like the actions; each returns the kinds of the
events that are recorded, or raises `Refused` with the name of the refusal and changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.invitations.grants import EVERYDAY, MANAGE, Grant

PENDING, WAITING = "pending", "processing"
# What an invitation in each other state answers.
ENDED = {
    "expired": "InvitationExpired",
    "accepted": "InvitationAccepted",
    "declined": "InvitationDeclined",
    "cancelled": "InvitationCancelled",
    "error": "InvitationUndeliverable",
    WAITING: "InvitationWaits",
}


class RefusedByRule(Exception):
    """The rules forbid it; the argument names the refusal."""


@dataclass(eq=False)
class Invited:
    """An invitation. `is_marked` says whether an expired one is marked as such in its row; `key` is for the caller."""

    to: str
    grant: Grant
    inviter: str
    key: Any = None
    state: str = PENDING
    is_superseded: bool = False
    is_marked: bool = True

    @property
    def reserves(self) -> bool:
        return self.state in (PENDING, WAITING)


@dataclass
class Rules:
    """Who belongs with which grant, every invitation there ever was, and who waits for a seat, longest first.

    `ceilings` are the rights, as `holds` returns them, of whoever gave a member their present grant.
    """

    members: dict[str, Grant]
    seat_limit: int | None = None
    invitations: list[Invited] = field(default_factory=list)
    waiting: list[Invited] = field(default_factory=list)
    ceilings: dict[str, tuple[set[str], set[str]]] = field(default_factory=dict)

    # Who may

    def holds(self, who: str) -> tuple[set[str], set[str]]:
        """Rights in the organization, and in the unit, where those of the organization count too."""
        grant = self.members.get(who)
        return (grant.rights, grant.rights | grant.unit_rights) if grant else (set(), set())

    def manages(self, who: str, *, unit: bool) -> bool:
        organization, in_unit = self.holds(who)
        return MANAGE in organization or (unit and "unit:manage_members" in in_unit)

    def covers(self, who: str, grant: Grant, but: Iterable[str] = ()) -> bool:
        organization, in_unit = self.holds(who)
        return not ((grant.rights - organization) | (grant.unit_rights - in_unit)) - set(but)

    def can_offer(self, who: str, grant: Grant) -> bool:
        return self.manages(who, unit=bool(grant.unit_role)) and self.covers(who, grant)

    def require_offer(self, who: str, grant: Grant) -> None:
        require(self.manages(who, unit=bool(grant.unit_role)), "PermissionMissing")
        require(self.covers(who, grant), "GrantTooWide")

    def require_manager(self, who: str, *, unit: bool = False) -> None:
        require(who in self.members, "OrganizationNotFound")
        require(self.manages(who, unit=unit), "PermissionMissing")

    def require_managed(self, who: str, invited: Invited) -> None:
        self.require_manager(who, unit=True)
        require(self.manages(who, unit=bool(invited.grant.unit_role)), "InvitationNotFound")

    # What happens to invitations

    def invite(self, by: str, to: str, grant: Grant, *, force: bool) -> list[str]:
        self.require_manager(by, unit=True)
        self.require_offer(by, grant)
        require(to not in self.members, "AlreadyMember")
        former = self.unanswered(to, grant)
        if former:
            require(force, "AlreadyInvited")
            self.require_offer(by, former.grant)
        self.require_seat(to, without=former)
        overdue = self.mark_overdue(to, grant)
        if former:
            self.end(former, "cancelled")
            former.is_superseded = True
        self.invitations.append(Invited(to, grant, by))
        return [*overdue, *(["invitation.superseded"] if former else []), "invitation.created"]

    def update(self, by: str, invited: Invited, grant: Grant) -> list[str]:
        self.require_managed(by, invited)
        require_open(invited)
        self.require_offer(by, invited.grant)
        self.require_offer(by, grant)
        invited.grant = grant
        self.vouch(by, invited)
        return ["invitation.updated"]

    def resend(self, by: str, invited: Invited) -> list[str]:
        self.require_managed(by, invited)
        if invited.state in ("expired", "error") and not invited.is_superseded:
            return self.send_again(by, invited)
        require_open(invited)
        self.require_offer(by, invited.grant)
        self.vouch(by, invited)
        return ["invitation.resent"]

    def send_again(self, by: str, former: Invited) -> list[str]:
        self.require_offer(by, former.grant)
        require(former.to not in self.members, "AlreadyMember")
        require(self.unanswered(former.to, former.grant) is None, "AlreadyInvited")
        self.require_seat(former.to)
        overdue = self.mark_overdue(former.to, former.grant)
        former.is_superseded = True
        self.invitations.append(Invited(former.to, former.grant, by))
        return [*overdue, "invitation.created"]

    def cancel(self, by: str, invited: Invited) -> list[str]:
        self.require_managed(by, invited)
        unfinished = invited.reserves or not invited.is_marked
        if unfinished and not self.manages(by, unit=False):
            require(self.covers(by, invited.grant), "GrantTooWide")
        if invited.state != WAITING:
            require_open(invited)
        self.end(invited, "cancelled")
        return ["invitation.cancelled"]

    def accept(self, by: str, invited: Invited) -> list[str]:
        require(invited.to == by, "InvitationNotFound")
        require_open(invited)
        if by in self.members:
            invited.state = "accepted"
            return ["invitation.accepted"]
        require(self.can_offer(invited.inviter, invited.grant), "InviterCannotGrant")
        if self.is_full:
            invited.state = WAITING
            self.waiting.append(invited)
            return ["invitation.waits_for_seat"]
        return self.join(invited)

    def decline(self, by: str, invited: Invited) -> list[str]:
        require(invited.to == by, "InvitationNotFound")
        require_open(invited)
        invited.state = "declined"
        return ["invitation.declined"]

    def fail(self, invited: Invited) -> list[str]:
        """Its email bounces, which changes only what is open."""
        if invited.state != PENDING:
            return []
        invited.state = "error"
        return ["invitation.failed"]

    def overdue(self, invited: Invited) -> None:
        """Its date passes."""
        invited.state, invited.is_marked = "expired", False

    def sweep(self) -> list[str]:
        return [event for one in self.invitations for event in self.mark_overdue(one.to, one.grant)]

    # What happens to members

    def change(self, by: str, whom: str, grant: Grant) -> list[str]:
        self.require_manager(by)
        before = self.members[whom]
        require(self.covers(by, before), "GrantTooWide")
        after = Grant(grant.role, grant.permissions, before.unit_role)
        require(self.covers(by, Grant(grant.role, grant.permissions)), "GrantTooWide")
        require(grant.role == "owner" or not self.is_last_owner(whom), "LastOwner")
        self.ceilings[whom] = self.holds(by)
        self.members[whom] = after
        return ["membership.roles_changed"]

    def remove(self, by: str, whom: str) -> list[str]:
        self.require_manager(by)
        require(self.covers(by, self.members[whom], but=EVERYDAY), "GrantTooWide")
        return self.part(whom, "membership.removed")

    def leave(self, by: str) -> list[str]:
        require(by in self.members, "OrganizationNotFound")
        return self.part(by, "membership.left")

    def part(self, who: str, kind: str) -> list[str]:
        require(not self.is_last_owner(who), "LastOwner")
        del self.members[who]
        return [kind, *self.give_seats()]

    def limit_seats(self, seat_limit: int | None) -> list[str]:
        self.seat_limit = seat_limit
        return ["organization.seat_limit_set", *self.give_seats()]

    def give_seats(self) -> list[str]:
        """Let those in who wait, longest first, as far as there are seats and their inviters still vouch for them."""
        events: list[str] = []
        for invited in list(self.waiting):
            if self.is_full:
                break
            if invited.to in self.members:
                self.end(invited, "accepted")
                events.append("invitation.accepted")
            elif self.can_offer(invited.inviter, invited.grant):
                events += self.join(invited)
        return events

    # Steps

    @property
    def is_full(self) -> bool:
        return self.seat_limit is not None and len(self.members) >= self.seat_limit

    @property
    def owners(self) -> list[str]:
        return [name for name, grant in self.members.items() if grant.role == "owner"]

    def is_last_owner(self, who: str) -> bool:
        return self.owners == [who]

    def unanswered(self, to: str, grant: Grant) -> Invited | None:
        """What is open or waits, to this address and target."""
        return next((one for one in self.invitations if one.reserves and has_target(one, to, grant)), None)

    def require_seat(self, to: str, without: Invited | None = None) -> None:
        reserved = {one.to for one in self.invitations if one.reserves and one is not without} - set(self.members)
        taken = len(self.members) + len(reserved)
        require(self.seat_limit is None or taken < self.seat_limit or to in reserved, "NoSeatLeft")

    def mark_overdue(self, to: str, grant: Grant) -> list[str]:
        overdue = [one for one in self.invitations if not one.is_marked and has_target(one, to, grant)]
        for one in overdue:
            one.is_marked = True
        return ["invitation.expired"] * len(overdue)

    def vouch(self, by: str, invited: Invited) -> None:
        """The caller takes the place of an inviter who can no longer offer this."""
        if not self.can_offer(invited.inviter, invited.grant):
            invited.inviter = by

    def join(self, invited: Invited) -> list[str]:
        self.ceilings[invited.to] = self.holds(invited.inviter)
        self.members[invited.to] = invited.grant
        self.end(invited, "accepted")
        return ["membership.created", "invitation.accepted"]

    def end(self, invited: Invited, state: str) -> None:
        invited.state = state
        if invited in self.waiting:
            self.waiting.remove(invited)


def require(condition: bool, refusal: str) -> None:
    if not condition:
        raise RefusedByRule(refusal)


def require_open(invited: Invited) -> None:
    require(not invited.is_superseded, "InvitationSuperseded")
    require(invited.state == PENDING, ENDED.get(invited.state, ""))


def has_target(invited: Invited, to: str, grant: Grant) -> bool:
    return invited.to == to and bool(invited.grant.unit_role) == bool(grant.unit_role)
