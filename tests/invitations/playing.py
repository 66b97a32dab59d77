"""The stage on which Hypothesis plays stories of invitations: who and what there is, and what is true at any time."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.db import transaction
from django.db.models import Count
from hypothesis.stateful import RuleBasedStateMachine, invariant

from accounts.models import User
from accounts.principals import Principal
from core.errors import DomainError
from events.models import Event
from invitations.models import Invitation
from orgs.models import Membership
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import MembershipFactory, OrganizationFactory, RoleFactory, UnitFactory
from tests.invitations.grants import ROLES, Grant
from tests.invitations.rules import Invited, RefusedByRule, Rules
from tests.support.people import session_of

FOUNDERS = {"olga": Grant("owner"), "anna": Grant("admin"), "mila": Grant("manager")}
PEOPLE = (*FOUNDERS, "ben", "cem", "dora")
BUILT_IN = {
    "owner": OWNER_ROLE,
    "admin": ADMIN_ROLE,
    "editor": EDITOR_ROLE,
    "viewer": VIEWER_ROLE,
    "unassigned": UNASSIGNED_ROLE,
}
IN_UNIT = {"admin": UNIT_ADMIN_ROLE, "editor": UNIT_EDITOR_ROLE, "viewer": UNIT_VIEWER_ROLE}


def pick(number: int, choices: list[Any]) -> Any:
    return choices[number % len(choices)]


def outcome(do: Callable[[], Any], refused: type[Exception], name: Callable[[Any], str]) -> tuple[Any, str]:
    """What it returned, and "", or None and the name of the refusal."""
    try:
        return do(), ""
    except refused as refusal:
        return None, name(refusal)


class Stage(RuleBasedStateMachine):
    """One organization with an owner, an admin, a manager and a unit; the people are there before."""

    def __init__(self, users: dict[str, User]) -> None:
        super().__init__()
        self.undone = ExitStack()
        self.undone.enter_context(transaction.atomic())
        self.users = users
        self.organization = OrganizationFactory.create(name="Riverside", slug="riverside")
        self.here: dict[str, Any] = {"organization_id": self.organization.pk}
        self.unit = UnitFactory.create(organization=self.organization)
        manager = RoleFactory.create(
            organization=self.organization, name="Manager", permissions=sorted(ROLES["manager"])
        )
        self.roles = BUILT_IN | {"manager": manager.pk}
        for name, grant in FOUNDERS.items():
            MembershipFactory.create(organization=self.organization, user=users[name], role_id=self.roles[grant.role])
        self.model = Rules(dict(FOUNDERS))
        self.seen = set(Event.objects.values_list("pk", flat=True))

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.close()

    def play(self, ruled: Callable[[], list[str]], done: Callable[[], Any]) -> None:
        """Do it, and expect the refusal, or the events, that the rules say."""
        count = len(self.model.members)
        said = outcome(ruled, RefusedByRule, str)
        came = outcome(done, DomainError, lambda refusal: type(refusal).__name__)
        assert came[1] == said[1]
        expected = said[0] or []
        if self.model.invitations and self.model.invitations[-1].key is None:
            self.model.invitations[-1].key = came[0].pk
        recorded = dict(Event.objects.exclude(pk__in=self.seen).values_list("pk", "kind"))
        self.seen |= recorded.keys()
        assert Counter(recorded.values()) == Counter(expected)
        grown, limit = len(self.model.members) > count, self.model.seat_limit
        assert not grown or limit is None or len(self.model.members) <= limit

    def by(self, who: str) -> Principal:
        return session_of(self.users[who])

    # Who and what a number picks

    def member(self, number: int) -> str:
        return pick(number, [*self.model.members])

    def asker(self, number: int) -> str:
        """Mostly a member."""
        return pick(number, [*self.model.members] * 4 + [*PEOPLE])

    def guest(self, number: int) -> str:
        """Mostly no member."""
        return pick(number, [name for name in PEOPLE if name not in self.model.members] * 5 + [*PEOPLE])

    def invited(self, number: int) -> Invited:
        """Mostly what is open; the newest first."""
        newest_first = self.model.invitations[::-1]
        return pick(number, [one for one in newest_first if one.state == "pending"] * 3 + newest_first)

    def membership_id(self, who: str) -> Any:
        return self.organization.memberships.get(user=self.users[who]).pk

    # What is true after every step

    @invariant()
    def no_invitation_is_lost_or_other_than_it_should_be(self) -> None:
        rows = Invitation.objects.with_details().filter(**self.here)
        keys: dict[Any, str] = {key: name for name, key in self.roles.items()}
        unit_keys: dict[Any, str] = {key: name for name, key in IN_UNIT.items()}
        names: dict[Any, str] = {user.pk: name for name, user in self.users.items()}
        there = {
            row.pk: (
                row.email,
                keys[row.role_id],
                frozenset(row.permissions),
                unit_keys.get(row.unit_role_id, ""),
                names[row.inviter_id],
                row.state,
                row.is_superseded,
            )
            for row in rows
        }
        assert there == {
            one.key: (
                str(self.users[one.to].email),
                one.grant.role,
                one.grant.permissions,
                one.grant.unit_role,
                one.inviter,
                one.state,
                one.is_superseded,
            )
            for one in self.model.invitations
        }

    @invariant()
    def nothing_is_open_twice(self) -> None:
        unanswered = Invitation.objects.unanswered().filter(**self.here).order_by()
        targets = unanswered.values("email", "unit").annotate(number=Count("pk"))
        assert all(target["number"] == 1 for target in targets)

    @invariant()
    def members_hold_what_they_were_given_and_no_more_than_the_giver(self) -> None:
        rows = Membership.objects.with_people_and_roles().filter(**self.here)
        there = {row.user.first_name.lower(): row for row in rows}
        assert there.keys() == self.model.members.keys()
        for name, row in there.items():
            held = set(row.effective_permissions)
            in_unit = held.union(*(a.role.permissions for a in row.assignments.all() if a.unit_id))
            organization_ceiling, unit_ceiling = self.model.ceilings.get(name, (held, in_unit))
            assert held == self.model.members[name].rights <= organization_ceiling
            assert in_unit <= self.model.holds(name)[1] <= unit_ceiling

    @invariant()
    def somebody_owns_the_organization(self) -> None:
        assert any(grant.role == "owner" for grant in self.model.members.values())
