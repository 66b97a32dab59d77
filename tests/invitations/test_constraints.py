"""Test the database constraints of the invitation table."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from invitations.models import Invitation
from orgs.models import Organization, Unit
from orgs.permissions import UNASSIGNED_ROLE, UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE
from tests.factories import InvitationFactory, UnitFactory

pytestmark = pytest.mark.django_db

ADDRESS = "invitee@example.com"


@pytest.fixture
def workspace(organization: Organization) -> Unit:
    return UnitFactory.create(organization=organization)


def refused(constraint: str) -> Any:
    """Expect an IntegrityError from this constraint. For a unique index, SQLite reports the columns, not the name."""
    return pytest.raises(IntegrityError, match=constraint if connection.vendor == "postgresql" else None)


@pytest.mark.parametrize("status", ["accepted", "declined", "cancelled", "expired", "error"])
def test_an_ended_one_has_an_end_time(organization: Organization, owner: User, status: str):
    with refused("invitation_finished_unless_open"), transaction.atomic():
        InvitationFactory.create(
            organization=organization, email=ADDRESS, inviter=owner, status=status, finished_at=None
        )
    assert InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, status=status)


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_an_unended_one_has_no_end_time(organization: Organization, owner: User, status: str):
    with refused("invitation_finished_unless_open"), transaction.atomic():
        InvitationFactory.create(
            organization=organization, email=ADDRESS, inviter=owner, status=status, finished_at=timezone.now()
        )
    assert InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, status=status)


@pytest.mark.parametrize("status", ["", "open", "Pending"])
def test_there_are_seven_states(organization: Organization, owner: User, status: str):
    with pytest.raises(IntegrityError), transaction.atomic():
        InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, status=status)


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_an_unanswered_one_has_a_whole_grant(organization: Organization, owner: User, workspace: Unit, status: str):
    for grant in (
        {"role": None},
        {"unit": workspace, "unit_role_id": None},
        {"unit_role_id": UNIT_VIEWER_ROLE},
        {"role": None, "unit": workspace, "unit_role_id": UNIT_VIEWER_ROLE},
    ):
        with refused("invitation_unanswered_grant_whole"), transaction.atomic():
            InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, status=status, **grant)


def test_an_answered_one_may_have_lost_it(organization: Organization, owner: User, workspace: Unit):
    for grant in ({"role": None}, {"unit": workspace, "unit_role_id": None}, {"unit_role_id": UNIT_VIEWER_ROLE}):
        InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, expired=True, **grant)


@pytest.mark.parametrize("first", ["pending", "processing"])
@pytest.mark.parametrize("second", ["pending", "processing"])
def test_one_unanswered_to_an_address_in_the_organization(
    organization: Organization, owner: User, first: str, second: str
):
    InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, status=first)
    with refused("invitation_one_open_to_organization"), transaction.atomic():
        InvitationFactory.create(organization=organization, email="Invitee@EXAMPLE.com", inviter=owner, status=second)


def test_one_unanswered_to_an_address_in_each_unit(organization: Organization, owner: User, workspace: Unit):
    other = UnitFactory.create(organization=organization, slug="field-app", kind="application")
    InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner)
    for unit in (workspace, other):
        InvitationFactory.create(
            organization=organization, email=ADDRESS, inviter=owner, unit=unit, unit_role_id=UNIT_VIEWER_ROLE
        )
        with refused("invitation_one_open_to_unit"), transaction.atomic():
            InvitationFactory.create(
                organization=organization, email=ADDRESS, inviter=owner, unit=unit, unit_role_id=UNIT_EDITOR_ROLE
            )


def test_any_number_of_answered_ones(organization: Organization, owner: User):
    for _ in range(3):
        InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, declined=True)
    InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner)


def test_an_address_is_required(organization: Organization, owner: User):
    with pytest.raises(IntegrityError), transaction.atomic():
        InvitationFactory.create(organization=organization, email="", inviter=owner)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"decline_reason": "\u202e"}, "decline_reason"),
        ({"inviter_name": "a\r\nBcc: x"}, "inviter_name"),
        ({"invitee_name": "a\r\nBcc: x"}, "invitee_name"),
        ({"message": "\u202e"}, "message"),
        ({"message": "x" * 2001}, "message"),
        ({"metadata": ["x"]}, "metadata"),
        ({"metadata": {"a\x00": 1}}, "metadata"),
        ({"metadata": {"a": "\ud800"}}, "metadata"),
        ({"metadata": {"a": float("nan")}}, "metadata"),
        ({"metadata": {"a": ADDRESS, "b": "é" * 8192}}, "metadata"),
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
    invitation = InvitationFactory.create(
        organization=organization, email=ADDRESS, inviter=owner, role=None, expired=True
    )
    assert not invitation.has_whole_grant
    with pytest.raises(ValueError, match="no longer exists"):
        _ = invitation.grant


def test_its_name_in_the_admin(organization: Organization, owner: User):
    assert (
        str(InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner))
        == f"{ADDRESS} → {organization.name}"
    )
