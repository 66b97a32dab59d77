"""Test POST /invitations/{id}/accept."""

import pytest
from django.utils import timezone

from accounts.principals import Method
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Membership, Organization
from orgs.permissions import (
    ADMIN_ROLE,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import EmailAddressFactory, InvitationFactory, MembershipFactory, RoleFactory, UnitFactory
from tests.invitations.api.house import (
    ENDS,
    NO_INVITATION,
    WAITS,
    acceptance,
    caller,
    indistinguishable,
    invitation_in_state,
    mine,
    sent,
    without_token,
)
from tests.orgs.api.house import ABSENT, ANONYMOUS, API, refused, said, success
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, role_id_of
from tests.support.queries import assert_queries

MESSAGE = "Invitation accepted successfully"
CANNOT_GRANT = refused(
    409,
    "inviter_cannot_grant",
    "The person who invited you can no longer offer this. Ask for a new invitation.",
)


def accept(by, invitation, who="invitee"):
    return by(who).post(mine(invitation.pk, "accept"))


def now(invitation):
    return Invitation.objects.get(pk=invitation.pk)


def test_accepting_makes_a_member(by, invitee, organization, invitation):
    with track_changes() as changes:
        response = without_token(accept(by, invitation))

    member = membership_of(invitee, organization)
    row = now(invitation)
    assert said(response) == success(MESSAGE, acceptance(invitation, member.pk))
    assert (row.status, row.answered_by, row.finished_at is None) == ("accepted", invitee, False)
    assert [(held.role_id, held.unit_id) for held in member.assignments.all()] == [(VIEWER_ROLE, None)]
    assert changes.tables == {
        "orgs.Membership": (1, 0, 0),
        "orgs.RoleAssignment": (1, 0, 0),
        "invitations.Invitation": (0, 1, 0),
        "invitations.Email": (1, 0, 0),
    }
    created = event(
        "membership.created",
        member,
        caller(invitee),
        organization,
        user_id=invitee.pk,
        role_id=VIEWER_ROLE,
        permissions=[],
        unit_id=None,
        unit_role_id=None,
    )
    accepted = event("invitation.accepted", invitation, caller(invitee), organization, was_member=False, given=["role"])
    assert changes.events == [created, accepted]


def test_the_member_gets_exactly_what_was_offered(by, invitee, organization, workspace, workspace_invitation):
    Invitation.objects.filter(pk=workspace_invitation.pk).update(role_id=VIEWER_ROLE, permissions=[MANAGE_MEMBERS])

    accept(by, workspace_invitation)

    member = membership_of(invitee, organization)
    assert (role_id_of(invitee, organization), member.permissions) == (VIEWER_ROLE, [MANAGE_MEMBERS])
    assert [(held.unit, held.role_id) for held in member.unit_assignments] == [(workspace, UNIT_ADMIN_ROLE)]


def test_the_new_member_sees_the_organization_at_once(by, invitee, organization, invitation):
    accept(by, invitation)

    names = [row["name"] for row in by("invitee").get(f"{API}/organizations").json()["data"]]
    assert names == ["Riverside"]


def test_the_inviter_is_notified(by, owner, invitee, invitation):
    accept(by, invitation)

    email = Email.objects.get()
    assert (email.kind, email.recipient, email.invitation) == ("answered", owner.email, invitation)


def test_a_second_click_says_so_and_changes_nothing(by, invitee, invitation):
    accept(by, invitation)

    with track_changes() as changes:
        assert said(accept(by, invitation)) == ENDS["accepted"]
    assert changes.nothing


@pytest.mark.parametrize("state", ENDS)
def test_an_invitation_that_is_not_open_returns_its_state(by, organization, owner, invitee, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)

    with track_changes() as changes:
        assert said(accept(by, invitation)) == ENDS[state]
    assert changes.nothing


def test_accepting_twice_does_not_jump_the_queue(by, organization, owner, invitee):
    invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True)

    assert said(accept(by, invitation)) == WAITS


# Access


@pytest.mark.parametrize("who", ["stranger", "owner", "member"])
def test_somebody_else_s_is_like_none_at_all(by, invitation, who):
    client = by(who)

    with track_changes() as changes:
        answer = indistinguishable(
            lambda: client.post(mine(invitation.pk, "accept")),
            lambda: client.post(mine(ABSENT, "accept")),
        )

    assert answer == NO_INVITATION
    assert changes.nothing


@pytest.mark.parametrize("state", ENDS)
def test_other_people_do_not_learn_its_state(by, organization, owner, stranger, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)

    assert said(accept(by, invitation, "stranger")) == NO_INVITATION


def test_an_address_must_be_proven(by, organization, owner, invitee):
    EmailAddressFactory.create(user=invitee, email="second@example.com", verified=False)
    invitation = InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner)

    assert said(accept(by, invitation)) == NO_INVITATION
    invitee.emailaddress_set.update(verified=True)
    assert accept(by, invitation).status_code == 200


def test_any_proven_address_will_do(by, organization, owner, invitee):
    EmailAddressFactory.create(user=invitee, email="second@example.com")
    invitation = InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner)

    assert accept(by, invitation).status_code == 200


def test_nobody_gets_401(by, invitation):
    assert said(accept(by, invitation, "anonymous")) == ANONYMOUS


def test_a_system_user_cannot_join(by, system_user, organization, invitation):
    answer = said(
        by("system_user", Method.API_KEY, organization_id=organization.pk).post(mine(invitation.pk, "accept"))
    )

    message = "This kind of credential is not accepted here."
    details = {"allowed": ["jwt", "oauth2", "session"]}
    assert answer == refused(403, "credential_not_allowed", message, details=details)


def test_the_organization_is_the_invitation_s_whatever_the_request_names(
    by, invitee, organization, other_organization, invitation
):
    headers = {"X-Organization-Id": str(other_organization.pk)}

    by("invitee").post(mine(invitation.pk, "accept"), headers=headers)

    assert [member.organization for member in Membership.objects.filter(user=invitee)] == [organization]


def test_an_archived_organization_is_not_entered(by, invitee, organization, invitation):
    Organization.objects.filter(pk=organization.pk).update(deleted_at=timezone.now())

    assert said(accept(by, invitation)) == NO_INVITATION


# The rights of the inviter


@pytest.mark.parametrize("change", ["demoted", "removed", "deactivated", "deleted"])
def test_an_inviter_who_can_no_longer_grant_it_blocks_the_acceptance(by, organization, admin, invitee, change):
    invitation = InvitationFactory.create(
        organization=organization, email="invitee@example.com", inviter=admin, role_id=ADMIN_ROLE
    )
    member = membership_of(admin, organization)
    if change == "demoted":
        member.assignments.update(role_id=VIEWER_ROLE)
    elif change == "removed":
        member.delete()
    elif change == "deactivated":
        type(admin).objects.filter(pk=admin.pk).update(is_active=False)
    else:
        admin.delete()

    with track_changes() as changes:
        assert said(accept(by, invitation)) == CANNOT_GRANT
    assert changes.nothing


def test_who_can_still_offer_it_may_have_lost_other_rights(by, organization, admin, invitee):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=admin)
    role = RoleFactory.create(organization=organization, name="Manager", permissions=[MANAGE_MEMBERS])
    membership_of(admin, organization).assignments.update(role=role)

    assert accept(by, invitation).status_code == 200


def test_a_role_that_grew_beyond_the_inviter_lets_nobody_in(by, organization, manager, invitee):
    role = RoleFactory.create(organization=organization, name="Guide")
    invitation = InvitationFactory.create(
        organization=organization, email="invitee@example.com", inviter=manager, role=role
    )
    role.permissions = [MANAGE_MEMBERS, "organization:manage_billing"]
    role.save()

    assert said(accept(by, invitation)) == CANNOT_GRANT


def test_a_role_or_unit_of_another_organization_opens_nothing(by, organization, other_organization, owner, invitee):
    foreign_role = RoleFactory.create(organization=other_organization, name="Guide", permissions=[MANAGE_MEMBERS])
    foreign_unit = UnitFactory.create(organization=other_organization)
    by_role = InvitationFactory.create(
        organization=organization, email="invitee@example.com", inviter=owner, role=foreign_role
    )
    by_unit = InvitationFactory.create(
        organization=organization,
        email="invitee@example.com",
        inviter=owner,
        unit=foreign_unit,
        unit_role_id=UNIT_VIEWER_ROLE,
    )

    for invitation in (by_role, by_unit):
        assert said(accept(by, invitation)) == CANNOT_GRANT
    assert not Membership.objects.filter(user=invitee).exists()


# Members and seats


@pytest.mark.parametrize(
    ("held", "offered", "given"), [(OWNER_ROLE, UNASSIGNED_ROLE, []), (UNASSIGNED_ROLE, ADMIN_ROLE, ["role"])]
)
def test_a_member_gets_what_they_lack_and_keeps_the_rest(by, organization, owner, invitee, held, offered, given):
    member = MembershipFactory.create(organization=organization, user=invitee, role_id=held)
    invitation = InvitationFactory.create(
        organization=organization, email="invitee@example.com", inviter=owner, role_id=offered
    )

    with track_changes() as changes:
        answer = said(accept(by, invitation))

    assert answer == success(MESSAGE, acceptance(invitation, member.pk, was_member=True, given=given))
    accepted = event("invitation.accepted", invitation, caller(invitee), organization, was_member=True, given=given)
    assert changes.events[-1] == accepted
    assert [told.kind for told in changes.events[:-1]] == ["membership.roles_changed"] * len(given)
    assert role_id_of(invitee, organization) == (offered if given else held)
    assert by("owner").get(sent(invitation)).json()["data"]["given"] == given


def test_without_a_free_seat_the_acceptance_waits(by, organization, owner, invitee, invitation):
    Organization.objects.filter(pk=organization.pk).update(seat_limit=3)

    with track_changes() as changes:
        answer = said(accept(by, invitation))

    assert answer == success("Waiting for a free seat", acceptance(invitation, None, "processing", given=None))
    assert changes.events == [event("invitation.waits_for_seat", invitation, caller(invitee), organization)]
    assert by("owner").get(sent(invitation)).json()["data"]["state"] == "processing"


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_accepts_nothing(by, invitee, invitation, method):
    with track_changes() as changes:
        assert getattr(by("invitee"), method)(mine(invitation.pk, "accept")).status_code == 405
    assert changes.nothing


def test_the_queries_are_these(by, invitee, invitation):
    client = by("invitee")

    with assert_queries(
        lock="SELECT orgs_organization",
        row="SELECT invitations_invitation",
        rights_of_the_inviter="SELECT orgs_roleassignment",
        account_lock="SELECT accounts_user",
        member="INSERT orgs_membership",
        role_held="INSERT orgs_roleassignment",
        answer="UPDATE invitations_invitation",
        events="INSERT events_event",
        email="INSERT invitations_email",
    ):
        client.post(mine(invitation.pk, "accept"))
