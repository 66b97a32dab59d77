"""The rows of the page *People*: invitations and members in one list, searched and filtered.

The querysets decide what the reader sees: ``members_of`` and ``manageable_in``. Large organizations are searched by the
whole address (``core.word_search``).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from accounts.principals import Principal
from core.page_lists import Chained
from core.rows import count_up_to
from core.word_search import address_in, is_too_large, with_words
from invitations.email.queue import with_delivery
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from orgs.models import Membership, MembershipQuerySet, Organization, Role, RoleAssignment, Unit
from orgs.pages.navigation import manages_members
from orgs.permissions import Level
from orgs.policies import EffectivePermissions
from orgs.querysets import members_of, units_of

EVERYONE, MEMBERS, ENDED = "", "members", "ended"
# The states of invitations that each choice shows. By default, the list has those that somebody still has to act on.
STATES: dict[str, tuple[str, ...]] = {
    EVERYONE: ("pending", "processing", "error"),
    "open": ("pending",),
    "waiting": ("processing",),
    "undeliverable": ("error",),
    "expired": ("expired",),
    "accepted": ("accepted",),
    "declined": ("declined",),
    "withdrawn": ("cancelled",),
    ENDED: ("declined", "cancelled", "expired"),
}
MOST_COUNTED = 100


@dataclass(frozen=True)
class PeopleFilter:
    """What the reader searches for. ``shown`` is a key of ``STATES`` or ``MEMBERS``."""

    text: str = ""
    shown: str = EVERYONE
    role: Role | None = None
    unit: Unit | None = None


@dataclass
class People:
    """The rows of the list. ``is_large`` is True if the organization is searched by whole addresses only."""

    by: Principal
    organization: Organization
    permissions: EffectivePermissions
    wanted: PeopleFilter
    is_large: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if self.wanted.text:
            self.is_large = is_too_large(self.organization.memberships.all())

    def rows(self) -> Chained:
        """Return the invitations, and after them the members, who joined first.

        The invitations that need help come first: undeliverable ones, then those that wait for a seat. Each state is a
        list of its own, newest first, because each index for this order begins with the status.
        """
        lists: list[Any] = []
        if self.wanted.shown != MEMBERS and manages_members(self.permissions):
            invitations = self._invitations(STATES[self.wanted.shown])
            lists += reversed(invitations.parts or [invitations])
        if self.wanted.shown in (EVERYONE, MEMBERS):
            lists.append(self._members())
        return Chained(*lists)

    def invitation_ids(self, states: Collection[str], limit: int) -> list[UUID]:
        """Return the ids of the invitations in the list that are in these states, and of no more than ``limit``."""
        shown = [state for state in STATES.get(self.wanted.shown, ()) if state in states]
        found = self._invitations(shown) if shown else Invitation.objects.none()
        ids: list[UUID] = []
        for part in found.parts or [found]:
            ids += part.values_list("pk", flat=True)[: limit - len(ids)]
        return ids

    def count_ended(self) -> int:
        """Return how many declined, withdrawn and expired invitations a search of everyone leaves out, at most 100."""
        if not (self.wanted.text and self.wanted.shown == EVERYONE and manages_members(self.permissions)):
            return 0
        return count_up_to(MOST_COUNTED, self._sent(STATES[ENDED]).divided(None).order_by().values("pk"))

    def _invitations(self, states: Collection[str]) -> InvitationQuerySet:
        return with_delivery(self._sent(states).with_details().newest_first())

    def _sent(self, states: Collection[str]) -> InvitationQuerySet:
        sent = Invitation.objects.manageable_in(self.organization, self.by).in_states(states)
        if self.wanted.shown in (EVERYONE, "undeliverable"):
            sent = sent.exclude(status="error", superseded_by__isnull=False)  # the address was corrected
        if self.wanted.role:
            column = "unit_role" if self.wanted.role.level == Level.UNIT else "role"
            sent = sent.filter(**{column: self.wanted.role})
        if self.wanted.unit:
            sent = sent.filter(unit=self.wanted.unit)
        searched: InvitationQuerySet = self._searched(sent, ["email", "invitee_name"], "email")
        return searched

    def _members(self) -> MembershipQuerySet:
        members = members_of(self.by, self.organization)
        if self.wanted.role or self.wanted.unit:
            members = members.filter(Exists(self._assignments()))
        return self._searched(members, ["user__first_name", "user__last_name", "shown_email"], "shown_email")

    def _assignments(self) -> Any:
        """Return the roles of a member that the filters ask for, among those that the reader may see."""
        visible = Q(unit__isnull=True) | Q(unit__in=units_of(self.by, self.organization))
        found = RoleAssignment.objects.filter(visible, membership=OuterRef("pk"))
        if self.wanted.role:
            found = found.filter(role=self.wanted.role)
        return found.filter(unit=self.wanted.unit) if self.wanted.unit else found

    def _searched(self, rows: Any, columns: Sequence[str], address: str) -> Any:
        """Return the rows that contain each word of the search in one of the columns, or have the whole address."""
        if not self.wanted.text:
            return rows
        if self.is_large:
            whole = address_in(self.wanted.text)
            return rows.filter(**{address: whole}) if whole else rows.none()
        return with_words(rows, self.wanted.text, columns, address)


def inviters_of(members: Sequence[Membership], by: Principal, organization: Organization) -> dict[UUID, Invitation]:
    """Return the newest accepted invitation of each member by the id of the user, in one query.

    The caller manages members. Who manages only units sees the invitations to these units.
    """
    if not members:
        return {}
    accepted = Invitation.objects.manageable_in(organization, by).filter(
        status="accepted", answered_by__in=[member.user_id for member in members]
    )
    newest_last = accepted.select_related("inviter", "organization").order_by(Coalesce("finished_at", "created_at"))
    return {invitation.answered_by_id: invitation for invitation in newest_last if invitation.answered_by_id}
