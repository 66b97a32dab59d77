"""Each state transition is one conditional UPDATE. Its row count shows whether the transition happened."""

from typing import Any

import pytest

from accounts.models import User
from invitations.actions.transitions import (
    change_open,
    leave_overdue,
    leave_pending,
    leave_waiting,
    raise_generation,
    replace_role,
    withdraw,
)
from invitations.models import Invitation
from orgs.models import Organization, Role
from orgs.permissions import UNIT_VIEWER_ROLE, VIEWER_ROLE, Level
from tests.factories import InvitationFactory, RoleFactory, UnitFactory

pytestmark = pytest.mark.django_db

FINISHED = ("accepted", "declined", "cancelled", "expired", "error")


@pytest.fixture
def one_of_each(organization: Organization, owner: User) -> dict[str, Invitation]:
    """Create an invitation in every state. Add overdue invitations with the status `pending` and `processing`."""

    def create(status: str, **values: Any) -> Invitation:
        address = f"{status}{Invitation.objects.count()}@example.com"
        return InvitationFactory.create(
            organization=organization, email=address, inviter=owner, status=status, **values
        )

    made = {status: create(status) for status in FINISHED}
    made["processing"] = create("processing")
    made["late processing"] = create("processing", overdue=True)
    made["open"] = create("pending")
    made["overdue"] = create("pending", overdue=True)
    return made


def values_of(invitation: Invitation) -> object:
    return Invitation.objects.filter(pk=invitation.pk).values().get()


def test_an_open_invitation_leaves_pending_once(one_of_each: dict[str, Invitation]):
    key = one_of_each["open"].pk
    assert leave_pending(key, "accepted")
    assert not leave_pending(key, "declined")
    assert not withdraw(key)
    assert not change_open(key, generation=9)
    row = Invitation.objects.get(pk=key)
    assert (row.status, row.generation) == ("accepted", 1)
    assert row.finished_at is not None


def test_nothing_but_an_open_invitation_leaves_pending_or_changes(one_of_each: dict[str, Invitation]):
    for name, invitation in one_of_each.items():
        if name != "open":
            before = values_of(invitation)
            assert not leave_pending(invitation.pk, "accepted")
            assert not change_open(invitation.pk, generation=9)
            assert not raise_generation(invitation.pk)
            assert values_of(invitation) == before


def test_only_a_waiting_invitation_leaves_waiting(one_of_each: dict[str, Invitation]):
    left = {name for name, invitation in one_of_each.items() if leave_waiting(invitation.pk, "accepted")}
    assert left == {"processing", "late processing"}


def test_only_an_overdue_invitation_is_marked_expired(one_of_each: dict[str, Invitation]):
    left = {name for name, invitation in one_of_each.items() if leave_overdue(invitation.pk)}
    assert left == {"overdue"}
    row = Invitation.objects.get(pk=one_of_each["overdue"].pk)
    assert (row.status, row.finished_at) == ("expired", row.expires_at)


def test_an_open_or_waiting_invitation_can_be_withdrawn(one_of_each: dict[str, Invitation]):
    withdrawn = {name for name, invitation in one_of_each.items() if withdraw(invitation.pk)}
    assert withdrawn == {"open", "processing", "late processing"}


def test_raising_the_generation_counts_in_the_database(one_of_each: dict[str, Invitation]):
    key = one_of_each["open"].pk
    assert raise_generation(key)
    assert raise_generation(key, inviter_name="Another")
    row = Invitation.objects.get(pk=key)
    assert (row.generation, row.inviter_name) == (3, "Another")


def test_a_role_is_replaced_in_unanswered_invitations_of_one_organization(
    organization: Organization, other_organization: Organization, owner: User
):
    viewer, helper = Role.objects.get(pk=VIEWER_ROLE), RoleFactory.create(organization=organization, name="Helper")
    of = {"inviter": owner, "role": viewer}
    unanswered = InvitationFactory.create(organization=organization, email="open@example.com", **of)
    declined = InvitationFactory.create(organization=organization, email="no@example.com", status="declined", **of)
    elsewhere = InvitationFactory.create(organization=other_organization, email="open@example.com", **of)

    replace_role(organization, viewer, helper)

    assert Invitation.objects.get(pk=unanswered.pk).role == helper
    assert Invitation.objects.get(pk=declined.pk).role == viewer
    assert Invitation.objects.get(pk=elsewhere.pk).role == viewer


def test_a_unit_role_is_replaced_in_unanswered_invitations(organization: Organization, owner: User):
    reader = RoleFactory.create(organization=organization, name="Reader", level=Level.UNIT)
    invitation = InvitationFactory.create(
        organization=organization,
        email="open@example.com",
        inviter=owner,
        unit=UnitFactory.create(organization=organization),
        unit_role_id=UNIT_VIEWER_ROLE,
    )

    replace_role(organization, Role.objects.get(pk=UNIT_VIEWER_ROLE), reader)

    assert Invitation.objects.get(pk=invitation.pk).unit_role == reader
