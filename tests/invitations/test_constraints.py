"""What is never in the table, whoever writes to it."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from invitations.models import Invitation
from orgs.models import Organization, Unit
from orgs.permissions import UNASSIGNED_ROLE, UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE
from tests.rows import make_invitation, make_unit

pytestmark = pytest.mark.django_db

ADDRESS = "invitee@example.com"


@pytest.fixture
def workspace(organization: Organization) -> Unit:
    return make_unit(organization)


def refused(constraint: str) -> Any:
    """SQLite does not name a broken unique index, only its columns."""
    return pytest.raises(IntegrityError, match=constraint if connection.vendor == "postgresql" else None)


@pytest.mark.parametrize("status", ["accepted", "declined", "cancelled", "expired", "error"])
def test_what_has_ended_says_when(organization: Organization, owner: User, status: str):
    with refused("invitation_finished_unless_open"), transaction.atomic():
        make_invitation(organization, ADDRESS, owner, status=status)
    assert make_invitation(organization, ADDRESS, owner, status=status, finished_at=timezone.now())


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_what_has_not_ended_does_not(organization: Organization, owner: User, status: str):
    with refused("invitation_finished_unless_open"), transaction.atomic():
        make_invitation(organization, ADDRESS, owner, status=status, finished_at=timezone.now())
    assert make_invitation(organization, ADDRESS, owner, status=status)


@pytest.mark.parametrize("status", ["", "open", "Pending"])
def test_there_are_seven_states(organization: Organization, owner: User, status: str):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_invitation(organization, ADDRESS, owner, status=status, finished_at=timezone.now())


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_an_unanswered_one_has_a_whole_grant(organization: Organization, owner: User, workspace: Unit, status: str):
    for grant in (
        {"role": None},
        {"unit": workspace},
        {"unit_role_id": UNIT_VIEWER_ROLE},
        {"role": None, "unit": workspace, "unit_role_id": UNIT_VIEWER_ROLE},
    ):
        with refused("invitation_unanswered_grant_whole"), transaction.atomic():
            make_invitation(organization, ADDRESS, owner, status=status, **grant)


def test_an_answered_one_may_have_lost_it(organization: Organization, owner: User, workspace: Unit):
    for grant in ({"role": None}, {"unit": workspace}, {"unit_role_id": UNIT_VIEWER_ROLE}):
        make_invitation(organization, ADDRESS, owner, status="expired", finished_at=timezone.now(), **grant)


@pytest.mark.parametrize("first", ["pending", "processing"])
@pytest.mark.parametrize("second", ["pending", "processing"])
def test_one_unanswered_to_an_address_in_the_organization(
    organization: Organization, owner: User, first: str, second: str
):
    make_invitation(organization, ADDRESS, owner, status=first)
    with refused("invitation_one_open_to_organization"), transaction.atomic():
        make_invitation(organization, "Invitee@EXAMPLE.com", owner, status=second)


def test_one_unanswered_to_an_address_in_each_unit(organization: Organization, owner: User, workspace: Unit):
    other = make_unit(organization, "field-app", "application")
    make_invitation(organization, ADDRESS, owner)
    for unit in (workspace, other):
        make_invitation(organization, ADDRESS, owner, unit=unit, unit_role_id=UNIT_VIEWER_ROLE)
        with refused("invitation_one_open_to_unit"), transaction.atomic():
            make_invitation(organization, ADDRESS, owner, unit=unit, unit_role_id=UNIT_EDITOR_ROLE)


def test_any_number_of_answered_ones(organization: Organization, owner: User):
    for _ in range(3):
        make_invitation(organization, ADDRESS, owner, status="declined", finished_at=timezone.now())
    make_invitation(organization, ADDRESS, owner)


def test_an_address_is_required(organization: Organization, owner: User):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_invitation(organization, "", owner)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"decline_reason": "\u202e"}, "decline_reason"),
        ({"inviter_name": "a\r\nBcc: x"}, "inviter_name"),
        ({"status": "open"}, "status"),
        ({"email": "no address"}, "email"),
    ],
)
def test_the_form_is_checked_with_the_model(organization: Organization, owner: User, wrong: dict[str, str], named: str):
    values: dict[str, Any] = {"organization": organization, "email": ADDRESS, "role_id": UNASSIGNED_ROLE} | wrong
    with pytest.raises(ValidationError) as refusal:
        Invitation(expires_at=timezone.now(), inviter=owner, **values).full_clean(validate_constraints=False)
    assert list(refusal.value.message_dict) == [named]


def test_a_finished_one_without_its_role_has_no_grant(organization: Organization, owner: User):
    invitation = make_invitation(organization, ADDRESS, owner, role=None, status="expired", finished_at=timezone.now())
    assert not invitation.has_whole_grant
    with pytest.raises(ValueError, match="no longer exists"):
        _ = invitation.grant


def test_what_it_is_called_in_the_admin(organization: Organization, owner: User):
    assert str(make_invitation(organization, ADDRESS, owner)) == f"{ADDRESS} → {organization.name}"
