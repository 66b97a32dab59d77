"""Hypothesis invites, answers, resends, withdraws, changes and leaves in any order; plain rules say what comes of it.

Each step asks the rules and the action the same: both refuse for the same reason, or neither does. After every step
the database is what the rules say.
"""

from datetime import timedelta
from typing import Any, cast

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from accounts.models import User
from accounts.principals import SERVICE
from core.addresses import normalize_address
from invitations.actions import answering, ending, inviting
from invitations.models import Invitation
from orgs.actions import members, organizations
from orgs.permissions import (
    ADMIN,
    CREATE_PROJECTS,
    LIST_PROJECTS,
    MANAGE_MEMBERS,
)
from tests.invitations.grants import ROLES, UNIT_ROLES, Grant
from tests.invitations.playing import FOUNDERS, IN_UNIT, PEOPLE, Stage
from tests.invitations.rules import Invited
from tests.repetition import times
from tests.support.people import cast_member

numbers = st.integers(min_value=0, max_value=60)  # each picks somebody, or one of the invitations
directly = st.frozensets(st.sampled_from([LIST_PROJECTS, CREATE_PROJECTS, MANAGE_MEMBERS, ADMIN]), max_size=1)
others = st.sampled_from(["", "", "", "", *PEOPLE])  # somebody else than was invited
grants = st.builds(Grant, st.sampled_from(sorted(ROLES)), directly, st.sampled_from(["", *UNIT_ROLES]))

invited_before = precondition(lambda play: play.model.invitations)


class Play(Stage):
    """The steps; numbers pick who takes them and what they are about."""

    # The organization's side

    @rule(asker=numbers, guest=numbers, grant=grants, force=st.booleans())
    def invite(self, asker: int, guest: int, grant: Grant, force: bool) -> None:
        by, to = self.asker(asker), self.guest(guest)
        unit: dict[str, Any] = (
            {"unit_id": self.unit.pk, "unit_role_id": IN_UNIT[grant.unit_role]} if grant.unit_role else {}
        )
        self.play(
            lambda: self.model.invite(by, to, grant, force=force),
            lambda: inviting.invite(
                by=self.by(by),
                **self.here,
                email=normalize_address(str(self.users[to].email)),
                role_id=self.roles[grant.role],
                permissions=grant.permissions,
                force=force,
                **unit,
            ),
        )

    @invited_before
    @rule(asker=numbers, number=numbers, grant=grants)
    def update(self, asker: int, number: int, grant: Grant) -> None:
        by, invited = self.asker(asker), self.invited(number)
        before = invited.grant.unit_role
        unit_role = before and (grant.unit_role or before)
        self.play(
            lambda: self.model.update(by, invited, Grant(grant.role, grant.permissions, unit_role)),
            lambda: inviting.update_invitation(
                by=self.by(by),
                **self.here,
                invitation_id=invited.key,
                role_id=self.roles[grant.role],
                permissions=grant.permissions,
                unit_role_id=IN_UNIT.get(unit_role),
            ),
        )

    @invited_before
    @rule(asker=numbers, number=numbers)
    def resend(self, asker: int, number: int) -> None:
        by, invited = self.asker(asker), self.invited(number)
        self.play(
            lambda: self.model.resend(by, invited),
            lambda: inviting.resend(by=self.by(by), **self.here, invitation_id=invited.key),
        )

    @invited_before
    @rule(asker=numbers, number=numbers)
    def cancel(self, asker: int, number: int) -> None:
        by, invited = self.asker(asker), self.invited(number)
        self.play(
            lambda: self.model.cancel(by, invited),
            lambda: inviting.cancel(by=self.by(by), **self.here, invitation_id=invited.key),
        )

    @invited_before
    @rule(number=numbers)
    def accept_when_the_inviter_fell(self, number: int) -> None:
        """An owner takes from whoever invited what they could offer; then the invitee accepts."""
        invited = self.invited(number)
        if invited.inviter in self.model.members:
            self.change_roles(self.model.owners[0], invited.inviter, Grant())
        self.answer_yes(invited.to, invited)

    # The invitee's side; mostly whoever was invited

    @invited_before
    @rule(number=numbers, other=others)
    def accept(self, number: int, other: str) -> None:
        invited = self.invited(number)
        self.answer_yes(other or invited.to, invited)

    def answer_yes(self, by: str, invited: Invited) -> None:
        self.play(
            lambda: self.model.accept(by, invited),
            lambda: answering.accept(by=self.by(by), invitation_id=invited.key),
        )

    @invited_before
    @rule(number=numbers, other=others)
    def decline(self, number: int, other: str) -> None:
        invited = self.invited(number)
        by = other or invited.to
        self.play(
            lambda: self.model.decline(by, invited),
            lambda: answering.decline(by=self.by(by), invitation_id=invited.key),
        )

    # Time and email

    @invited_before
    @rule(number=numbers, how=st.sampled_from(["its date passes", "its email bounces", "overdue ones are marked"]))
    def end(self, number: int, how: str) -> None:
        invited = self.invited(number)
        row = Invitation.objects.filter(pk=invited.key)
        if how == "its date passes":
            if invited.state == "pending":
                self.model.overdue(invited)
                row.update(expires_at=timezone.now() - timedelta(days=1))
        elif how == "its email bounces":
            failed: dict[str, Any] = {"generation": row.get().generation, "reason": "550 5.1.1"}
            self.play(lambda: self.model.fail(invited), lambda: ending.fail(invitation_id=invited.key, **failed))
        else:
            self.play(self.model.sweep, lambda: ending.expire(**self.here))

    # Members

    @rule(asker=numbers, member=numbers, grant=grants)
    def change(self, asker: int, member: int, grant: Grant) -> None:
        self.change_roles(self.asker(asker), self.member(member), grant)

    def change_roles(self, by: str, whom: str, grant: Grant) -> None:
        self.play(
            lambda: self.model.change(by, whom, grant),
            lambda: members.change_member_roles(
                by=self.by(by),
                **self.here,
                membership_id=self.membership_id(whom),
                role_id=self.roles[grant.role],
                permissions=grant.permissions,
            ),
        )

    @precondition(lambda play: len(play.model.members) > len(FOUNDERS))
    @rule(asker=numbers, member=numbers, leave=st.booleans())
    def part(self, asker: int, member: int, leave: bool) -> None:
        by, whom = self.asker(asker), self.member(member)
        theirs = {**self.here, "membership_id": self.membership_id(whom)}
        if leave:
            self.play(lambda: self.model.leave(by), lambda: members.leave_organization(by=self.by(by), **self.here))
        else:
            self.play(lambda: self.model.remove(by, whom), lambda: members.remove_member(by=self.by(by), **theirs))

    @invited_before
    @rule(seat_limit=st.none() | st.integers(min_value=3, max_value=5))
    def limit_seats(self, seat_limit: int | None) -> None:
        self.play(
            lambda: self.model.limit_seats(seat_limit),
            lambda: organizations.set_seat_limit(by=SERVICE, **self.here, seat_limit=seat_limit),
        )


@pytest.fixture
def users(db: None, settings: Any) -> dict[str, User]:
    settings.RECIPIENT_EMAILS_PER_HOUR = settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 10_000
    return {name: cast_member(name) for name in PEOPLE}


def test_whatever_happens_in_whatever_order_the_rules_hold(users: dict[str, User]):
    bounds = settings(
        max_examples=times(25, in_full=250),
        stateful_step_count=40,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(cast("Any", lambda: Play(users)), settings=bounds)
