"""GET /organizations/{id}/statistics: statistics of an organization."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.addresses import normalize_address
from invitations.actions.inviting import invite
from invitations.models import Invitation
from orgs.actions.accounts import register_system_user
from orgs.models import Organization
from orgs.permissions import MANAGE_MEMBERS, VIEWER_ROLE
from tests.orgs.api.house import ANONYMOUS, OUTSIDER, at, lacking, said, success
from tests.support.queries import assert_queries

MESSAGE = "Statistics retrieved successfully"
NO_INVITATIONS = dict.fromkeys(["pending", "processing", "accepted", "declined", "cancelled", "expired", "error"], 0)


def test_all_numbers_are_shown(by, organization, owner, principal, workspace, application):
    register_system_user(by=principal(owner), organization_id=organization.pk, name="Robot", role_id=VIEWER_ROLE)
    statuses = ["pending", "pending", "overdue", "processing", "accepted", "declined", "cancelled", "expired", "error"]
    for number, status in enumerate(statuses):
        sent = invite(
            by=principal(owner),
            organization_id=organization.pk,
            email=normalize_address(f"invitee-{number}@example.com"),
        )
        turn(sent, status)
    Organization.objects.filter(pk=organization.pk).update(seat_limit=20)

    assert said(by("admin").get(at(organization, "statistics"))) == success(
        MESSAGE,
        {
            "members": 4,
            "people": 3,
            "systemUsers": 1,
            "owners": 1,
            "units": 2,
            "openInvitations": 2,
            "waiting": 1,
            "invitations": {
                "pending": 2,
                "processing": 1,
                "accepted": 1,
                "declined": 1,
                "cancelled": 1,
                "expired": 2,
                "error": 1,
            },
            "seatLimit": 20,
            "seatsTaken": 7,
        },
    )


def turn(invitation, status):
    """Set the state of an invitation directly. ``overdue`` means pending and past its expiry date."""
    row = Invitation.objects.filter(pk=invitation.pk)
    if status == "overdue":
        row.update(expires_at=timezone.now() - timedelta(days=1))
    elif status != "pending":
        row.update(status=status, finished_at=None if status == "processing" else timezone.now())


def test_a_new_organization_has_mostly_zeros(by, organization, other_organization):
    assert said(by("owner").get(at(organization, "statistics"))) == success(
        MESSAGE,
        {
            "members": 3,
            "people": 3,
            "systemUsers": 0,
            "owners": 1,
            "units": 0,
            "openInvitations": 0,
            "waiting": 0,
            "invitations": NO_INVITATIONS,
            "seatLimit": None,
            "seatsTaken": 3,
        },
    )


def test_managers_of_members_may_read(by, organization, manager):
    assert said(by("manager").get(at(organization, "statistics")))[0] == 200


@pytest.mark.parametrize(
    ("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(MANAGE_MEMBERS))]
)
def test_callers_without_permission_are_refused(by, organization, other_organization, who, answer):
    assert said(by(who).get(at(organization, "statistics"))) == answer


def test_it_takes_nine_queries(by, organization):
    client = by("owner")

    with assert_queries(
        organization="SELECT orgs_roleassignment",
        members="COUNT orgs_membership",
        owners="COUNT orgs_roleassignment",
        units="COUNT orgs_unit",
        invitations="SELECT invitations_invitation",
        seats_invited="COUNT invitations_invitation",
        seats_of_those_who_wait="COUNT invitations_invitation",
        seats_of_members="COUNT orgs_membership",
        addresses_of_members="COUNT account_emailaddress",
    ):
        client.get(at(organization, "statistics"))
