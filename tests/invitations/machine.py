"""The base class of the stateful test: it creates the data, runs the steps and checks the invariants."""

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
from tests.invitations.grants import ROLES, ModelGrant
from tests.invitations.rules import InvitationModel, ModelInvitation, RuleViolation
from tests.support.people import session_of

FOUNDERS = {"olga": ModelGrant("owner"), "anna": ModelGrant("admin"), "mila": ModelGrant("manager")}
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


def outcome(call: Callable[[], Any], refused: type[Exception], name: Callable[[Any], str]) -> tuple[Any, str]:
    """Return the result and "". If the function raises the error class, return None and the error's name."""
    try:
        return call(), ""
    except refused as refusal:
        return None, name(refusal)


class InvitationMachineBase(RuleBasedStateMachine):
    """One organization with an owner, an admin, a manager and a unit.

    `users` already exist. All other rows are created in a transaction, which is rolled back after each example.
    """

    def __init__(self, users: dict[str, User]) -> None:
        super().__init__()
        self.rollback = ExitStack()
        self.rollback.enter_context(transaction.atomic())
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
        self.model = InvitationModel(dict(FOUNDERS))
        self.known_events = set(Event.objects.values_list("pk", flat=True))

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.rollback.close()

    def run_step(self, expect: Callable[[], list[str]], act: Callable[[], Any]) -> None:
        """Run the step in the model and in the code.

        Assert that both refuse it for the same reason, or that exactly the expected events are recorded.
        """
        count = len(self.model.members)
        expected_events, expected_refusal = outcome(expect, RuleViolation, str)
        result, refusal = outcome(act, DomainError, lambda error: type(error).__name__)
        assert refusal == expected_refusal
        if self.model.invitations and self.model.invitations[-1].key is None:
            self.model.invitations[-1].key = result.pk
        recorded = dict(Event.objects.exclude(pk__in=self.known_events).values_list("pk", "kind"))
        self.known_events |= recorded.keys()
        assert Counter(recorded.values()) == Counter(expected_events or [])
        has_grown, limit = len(self.model.members) > count, self.model.seat_limit
        assert not has_grown or limit is None or len(self.model.members) <= limit

    def by(self, who: str) -> Principal:
        return session_of(self.users[who])

    # Select a person or an invitation by a generated number

    def member(self, number: int) -> str:
        return pick(number, [*self.model.members])

    def actor(self, number: int) -> str:
        """Pick the caller: usually a member."""
        return pick(number, [*self.model.members] * 4 + [*PEOPLE])

    def guest(self, number: int) -> str:
        """Pick the person to invite: usually a person who is not a member."""
        return pick(number, self.outsiders() * 5 + [*PEOPLE])

    def outsiders(self) -> list[str]:
        return [name for name in PEOPLE if name not in self.model.members]

    def invitation(self, number: int) -> ModelInvitation:
        """Pick an invitation, usually an open one. A low number picks a new invitation."""
        newest_first = self.model.invitations[::-1]
        return pick(number, [one for one in newest_first if one.state == "pending"] * 3 + newest_first)

    def membership_id(self, who: str) -> Any:
        return self.organization.memberships.get(user=self.users[who]).pk

    # Invariants. Hypothesis checks them after every step.

    @invariant()
    def invitations_match_the_model(self) -> None:
        rows = Invitation.objects.with_details().filter(**self.here)
        keys: dict[Any, str] = {key: name for name, key in self.roles.items()}
        unit_keys: dict[Any, str] = {key: name for name, key in IN_UNIT.items()}
        names: dict[Any, str] = {user.pk: name for name, user in self.users.items()}
        actual = {
            row.pk: (
                row.email,
                keys[row.role_id],
                frozenset(row.permissions),
                unit_keys.get(row.unit_role_id, ""),
                names[row.inviter_id],
                row.state,
                row.is_superseded,
                row.is_not_needed,
            )
            for row in rows
        }
        assert actual == {
            one.key: (
                str(self.users[one.to].email),
                one.grant.role,
                one.grant.permissions,
                one.grant.unit_role,
                one.inviter,
                one.state,
                one.is_superseded,
                one.is_not_needed,
            )
            for one in self.model.invitations
        }

    @invariant()
    def each_target_has_at_most_one_unanswered_invitation(self) -> None:
        unanswered = Invitation.objects.unanswered().filter(**self.here).order_by()
        targets = unanswered.values("email", "unit").annotate(number=Count("pk"))
        assert all(target["number"] == 1 for target in targets)

    @invariant()
    def members_match_the_model_and_stay_below_their_ceilings(self) -> None:
        rows = Membership.objects.with_people_and_roles().filter(**self.here)
        members = {row.user.first_name.lower(): row for row in rows}
        assert members.keys() == self.model.members.keys()
        for name, row in members.items():
            rights = set(row.effective_permissions)
            in_unit = rights.union(*(a.role.permissions for a in row.assignments.all() if a.unit_id))
            organization_ceiling, unit_ceiling = self.model.ceilings.get(name, (rights, in_unit))
            assert rights == self.model.members[name].rights <= organization_ceiling
            assert in_unit <= self.model.rights_of(name)[1] <= unit_ceiling

    @invariant()
    def the_organization_has_an_owner(self) -> None:
        assert any(grant.role == "owner" for grant in self.model.members.values())
