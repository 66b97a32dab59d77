"""Test cancelling an invitation that is open or waits for a seat."""

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import Principal
from invitations.actions.inviting import cancel
from invitations.models import Invitation
from invitations.refusals import (
    InvitationAccepted,
    InvitationCancelled,
    InvitationDeclined,
    InvitationExpired,
    InvitationNotFound,
    InvitationUndeliverable,
)
from orgs.locks import OrganizationNotFound
from orgs.models import Membership, Organization
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    MANAGE_MEMBERS,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_VIEWER_ROLE,
)
from orgs.policies import GrantTooWide, PermissionMissing
from tests.factories import InvitationFactory, MembershipFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

ADDRESS = "invitee@example.com"


def withdraw(by: User | Principal, invitation: Invitation) -> Invitation:
    by = by if isinstance(by, Principal) else session_of(by)
    return cancel(by=by, organization_id=invitation.organization_id, invitation_id=invitation.pk)


def test_an_open_one_ends(organization: Organization, admin: User, owner: User):
    invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner)
    start = timezone.now()
    with track_changes() as changes:
        answer = withdraw(admin, invitation)
    assert changes.tables == {"invitations.Invitation": (0, 1, 0)}
    assert changes.events == [event("invitation.cancelled", invitation, admin, organization)]
    assert (answer.status, answer.state, answer.is_superseded) == ("cancelled", "cancelled", False)
    assert answer.finished_at is not None
    assert start <= answer.finished_at <= timezone.now()


def test_an_acceptance_that_waits_ends_too(organization: Organization, admin: User, invitee: User):
    waiting = InvitationFactory.create(organization=organization, invitee=invitee, inviter=admin, waiting=True)
    with track_changes() as changes:
        withdraw(admin, waiting)
    assert changes.events == [event("invitation.cancelled", waiting, admin, organization)]
    waiting.refresh_from_db()
    assert (waiting.status, waiting.answered_by_id) == ("cancelled", invitee.pk)


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"accepted": True}, InvitationAccepted),
        ({"declined": True}, InvitationDeclined),
        ({"cancelled": True}, InvitationCancelled),
        ({"expired": True}, InvitationExpired),
        ({"undeliverable": True}, InvitationUndeliverable),
        ({"overdue": True}, InvitationExpired),
    ],
)
def test_what_has_ended_stays_as_it_ended(organization: Organization, admin: User, values: dict, refusal: type):
    invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=admin, **values)
    with track_changes() as changes, pytest.raises(refusal):
        withdraw(admin, invitation)
    assert changes.nothing


def test_managers_of_members_withdraw_the_invitations_of_whom_they_could_remove(
    organization: Organization, member: User, owner: User
):
    Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
    of = {"organization": organization, "inviter": owner}
    editor = InvitationFactory.create(email=ADDRESS, role_id=EDITOR_ROLE, **of)
    admin = InvitationFactory.create(email="higher@example.com", role_id=ADMIN_ROLE, **of)

    assert withdraw(member, editor).status == "cancelled"
    with track_changes() as changes, pytest.raises(GrantTooWide):
        withdraw(member, admin)
    assert changes.nothing


def test_managers_of_a_unit_withdraw_what_leads_there_and_gives_nothing_else_that_they_lack(
    organization: Organization, stranger: User, owner: User
):
    unit = UnitFactory.create(organization=organization)
    other = UnitFactory.create(organization=organization, slug="field-app", kind="application")
    MembershipFactory.create(
        organization=organization, user=stranger, role_id=UNASSIGNED_ROLE, unit_roles={unit: UNIT_ADMIN_ROLE}
    )
    here = {"unit": unit, "unit_role_id": UNIT_VIEWER_ROLE}
    theirs = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, **here)
    assert withdraw(stranger, theirs).status == "cancelled"
    for values, refusal in (
        ({"role_id": ADMIN_ROLE, **here}, GrantTooWide),
        ({"role_id": EDITOR_ROLE, **here}, GrantTooWide),  # they cannot remove an editor from the organization either
        ({"unit": other, "unit_role_id": UNIT_VIEWER_ROLE}, InvitationNotFound),
        ({}, InvitationNotFound),
    ):
        invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, **values)
        with track_changes() as changes, pytest.raises(refusal):
            withdraw(stranger, invitation)
        assert changes.nothing
        invitation.delete()


def test_staff_may(organization: Organization, owner: User, by_staff: Principal):
    assert (
        withdraw(by_staff, InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner)).status
        == "cancelled"
    )


def test_members_without_the_right_outsiders_and_invitations_of_others(
    organization: Organization, other_organization: Organization, admin: User, member: User, stranger: User
):
    invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=admin)
    foreign = InvitationFactory.create(organization=other_organization, email=ADDRESS, inviter=stranger)
    for by, wanted, refusal in (
        (member, invitation, PermissionMissing),
        (stranger, invitation, OrganizationNotFound),
        (admin, foreign, InvitationNotFound),
    ):
        with track_changes() as changes, pytest.raises(refusal):
            cancel(by=session_of(by), organization_id=organization.pk, invitation_id=wanted.pk)
        assert changes.nothing
