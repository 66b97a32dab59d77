"""Stateful test: Hypothesis runs actions in random order and compares each result with the model in `rules.py`.

Each step runs in the model and in the code. Both must accept the step, or both must refuse it for the same reason.
After every step, the database must match the model (see `machine.py`).
"""

from datetime import timedelta
from typing import Any, cast

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
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
from tests.invitations.grants import ROLES, UNIT_ROLES, ModelGrant
from tests.invitations.machine import FOUNDERS, IN_UNIT, PEOPLE, InvitationMachineBase, pick
from tests.invitations.rules import ModelInvitation
from tests.repetition import times
from tests.support.people import cast_member

numbers = st.integers(min_value=0, max_value=60)  # each number selects a person or an invitation
direct_permissions = st.frozensets(st.sampled_from([LIST_PROJECTS, CREATE_PROJECTS, MANAGE_MEMBERS, ADMIN]), max_size=1)
other_people = st.sampled_from(["", "", "", "", *PEOPLE])  # "" stands for the invitee
grants = st.builds(ModelGrant, st.sampled_from(sorted(ROLES)), direct_permissions, st.sampled_from(["", *UNIT_ROLES]))

VIEWER = ModelGrant("viewer")

has_invitations = precondition(lambda machine: machine.model.invitations)


class InvitationMachine(InvitationMachineBase):
    """The steps. Generated numbers select the caller and the invitation or member."""

    # Actions by members of the organization

    @rule(actor=numbers, guest=numbers, grant=grants, force=st.booleans())
    def invite(self, actor: int, guest: int, grant: ModelGrant, force: bool) -> None:
        self.invite_as(self.actor(actor), self.guest(guest), grant, force)

    def invite_as(self, by: str, to: str, grant: ModelGrant, force: bool) -> None:
        unit: dict[str, Any] = (
            {"unit_id": self.unit.pk, "unit_role_id": IN_UNIT[grant.unit_role]} if grant.unit_role else {}
        )
        self.run_step(
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

    @has_invitations
    @rule(actor=numbers, number=numbers, grant=grants)
    def update(self, actor: int, number: int, grant: ModelGrant) -> None:
        by, invitation = self.actor(actor), self.invitation(number)
        before = invitation.grant.unit_role
        unit_role = before and (grant.unit_role or before)
        self.run_step(
            lambda: self.model.update(by, invitation, ModelGrant(grant.role, grant.permissions, unit_role)),
            lambda: inviting.update_invitation(
                by=self.by(by),
                **self.here,
                invitation_id=invitation.key,
                role_id=self.roles[grant.role],
                permissions=grant.permissions,
                unit_role_id=IN_UNIT.get(unit_role),
            ),
        )

    @has_invitations
    @rule(actor=numbers, number=numbers)
    def resend(self, actor: int, number: int) -> None:
        by, invitation = self.actor(actor), self.invitation(number)
        self.run_step(
            lambda: self.model.resend(by, invitation),
            lambda: inviting.resend(by=self.by(by), **self.here, invitation_id=invitation.key),
        )

    @has_invitations
    @rule(actor=numbers, number=numbers)
    def cancel(self, actor: int, number: int) -> None:
        by, invitation = self.actor(actor), self.invitation(number)
        self.run_step(
            lambda: self.model.cancel(by, invitation),
            lambda: inviting.cancel(by=self.by(by), **self.here, invitation_id=invitation.key),
        )

    @precondition(lambda machine: machine.inviters() and machine.outsiders())
    @rule(inviter=numbers, guest=numbers)
    def accept_after_the_inviter_lost_their_rights(self, inviter: int, guest: int) -> None:
        """A member invites somebody. The owner takes all rights from the member. Then the invitee tries to accept."""
        by, to = pick(inviter, self.inviters()), pick(guest, self.outsiders())
        self.invite_as(by, to, VIEWER, force=True)
        self.change_roles(self.model.owners[0], by, ModelGrant())
        for invitation in self.acceptable()[-1:]:
            self.accept_as(invitation.to, invitation)

    @precondition(lambda machine: machine.acceptable())
    @rule(number=numbers)
    def accept_without_a_free_seat(self, number: int) -> None:
        """Lower the seat limit to the number of members. Then an invitee accepts and must wait."""
        invitation = pick(number, self.acceptable())
        self.set_seat_limit(len(self.model.members))
        self.accept_as(invitation.to, invitation)

    def acceptable(self) -> list[ModelInvitation]:
        """Return the open invitations to people who are not members."""
        members = self.model.members
        return [one for one in self.model.invitations if one.state == "pending" and one.to not in members]

    def inviters(self) -> list[str]:
        """Return the members who may invite a viewer, except for the first owner."""
        return [
            name for name in self.model.members if name != self.model.owners[0] and self.model.can_offer(name, VIEWER)
        ]

    # Actions by the invitee, and sometimes by another person

    @has_invitations
    @rule(number=numbers, other=other_people)
    def accept(self, number: int, other: str) -> None:
        invitation = self.invitation(number)
        self.accept_as(other or invitation.to, invitation)

    def accept_as(self, by: str, invitation: ModelInvitation) -> None:
        self.run_step(
            lambda: self.model.accept(by, invitation),
            lambda: answering.accept(by=self.by(by), invitation_id=invitation.key),
        )

    @has_invitations
    @rule(number=numbers, other=other_people)
    def decline(self, number: int, other: str) -> None:
        invitation = self.invitation(number)
        by = other or invitation.to
        self.run_step(
            lambda: self.model.decline(by, invitation),
            lambda: answering.decline(by=self.by(by), invitation_id=invitation.key),
        )

    # Expiry and email delivery

    @has_invitations
    @rule(number=numbers, how=st.sampled_from(["its date passes", "its email bounces", "overdue ones are marked"]))
    def end(self, number: int, how: str) -> None:
        invitation = self.invitation(number)
        row = Invitation.objects.filter(pk=invitation.key)
        if how == "its date passes":
            if invitation.state == "pending":
                self.model.pass_expiry(invitation)
                row.update(expires_at=timezone.now() - timedelta(days=1))
        elif how == "its email bounces":
            failed: dict[str, Any] = {"generation": row.get().generation, "reason": "550 5.1.1"}
            self.run_step(
                lambda: self.model.fail(invitation), lambda: ending.fail(invitation_id=invitation.key, **failed)
            )
        else:
            self.run_step(self.model.expire, lambda: ending.expire(**self.here))

    # Actions on members

    @rule(actor=numbers, member=numbers, grant=grants)
    def change(self, actor: int, member: int, grant: ModelGrant) -> None:
        self.change_roles(self.actor(actor), self.member(member), grant)

    def change_roles(self, by: str, whom: str, grant: ModelGrant) -> None:
        self.run_step(
            lambda: self.model.change(by, whom, grant),
            lambda: members.change_member_roles(
                by=self.by(by),
                **self.here,
                membership_id=self.membership_id(whom),
                role_id=self.roles[grant.role],
                permissions=grant.permissions,
            ),
        )

    @precondition(lambda machine: len(machine.model.members) > len(FOUNDERS))
    @rule(actor=numbers, member=numbers, leave=st.booleans())
    def end_membership(self, actor: int, member: int, leave: bool) -> None:
        by, whom = self.actor(actor), self.member(member)
        membership = {**self.here, "membership_id": self.membership_id(whom)}
        if leave:
            self.run_step(
                lambda: self.model.leave(by),
                lambda: members.leave_organization(by=self.by(by), **self.here),
            )
        else:
            self.run_step(
                lambda: self.model.remove(by, whom), lambda: members.remove_member(by=self.by(by), **membership)
            )

    @has_invitations
    @rule(seat_limit=st.none() | st.integers(min_value=3, max_value=5))
    def limit_seats(self, seat_limit: int | None) -> None:
        self.set_seat_limit(seat_limit)

    def set_seat_limit(self, seat_limit: int | None) -> None:
        self.run_step(
            lambda: self.model.limit_seats(seat_limit),
            lambda: organizations.set_seat_limit(by=SERVICE, **self.here, seat_limit=seat_limit),
        )


@pytest.fixture
def users(db: None, settings: Any) -> dict[str, User]:
    settings.RECIPIENT_EMAILS_PER_HOUR = settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 10_000
    return {name: cast_member(name) for name in PEOPLE}


@pytest.mark.any_database
def test_actions_in_any_order_match_the_model(users: dict[str, User]):
    bounds = settings(
        max_examples=times(12, in_full=100),
        stateful_step_count=40,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        phases=[Phase.generate],  # Shrinking takes minutes. Add Phase.shrink to debug a failure.
    )
    run_state_machine_as_test(cast("Any", lambda: InvitationMachine(users)), settings=bounds)
