"""Test resending: the invitation gets a new link and a new expiry date, and its older links stop working."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import Principal
from core.addresses import erased_address, normalize_address
from core.errors import Invalid
from events.models import Event
from invitations.actions.answering import accept
from invitations.actions.inviting import invite, resend
from invitations.email.messages import render_invitation_email
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.refusals import (
    AlreadyInvited,
    GrantGone,
    InvitationAccepted,
    InvitationCancelled,
    InvitationDeclined,
    InvitationNotFound,
    InvitationSuperseded,
    InvitationWaits,
    InviteeErased,
    InviterCannotGrant,
    NewerEmailSent,
)
from invitations.tokens import Purpose, read_token, token_for
from orgs.actions.members import AlreadyMember
from orgs.actions.roles import delete_role
from orgs.actions.units import delete_unit
from orgs.locks import OrganizationNotFound
from orgs.models import Membership, Organization
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    MANAGE_MEMBERS,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from orgs.policies import GrantTooWide, PermissionMissing
from orgs.seats import NoSeatLeft
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db

ADDRESS = "invitee@example.com"


def send_again(by: User | Principal, invitation: Invitation, **values: Any) -> Invitation:
    return resend(
        by=by if isinstance(by, Principal) else session_of(by),
        organization_id=invitation.organization_id,
        invitation_id=invitation.pk,
        **values,
    )


@pytest.fixture
def invitation(organization: Organization, admin: User) -> Invitation:
    return invite(
        by=session_of(admin), organization_id=organization.pk, email=normalize_address(ADDRESS), role_id=VIEWER_ROLE
    )


class TestAnOpenOne:
    def test_the_expiry_restarts_and_an_email_is_queued(
        self, organization: Organization, admin: User, invitation: Invitation
    ):
        start = timezone.now()
        with track_changes() as changes:
            answer = send_again(admin, invitation)
        assert changes.tables == {"invitations.Invitation": (0, 1, 0), "invitations.Email": (1, 0, 0)}
        assert changes.events == [event("invitation.resent", invitation, admin, organization, generation=2)]
        assert (answer.pk, answer.generation, answer.status) == (invitation.pk, 2, "pending")
        assert start + timedelta(days=10) <= answer.expires_at <= timezone.now() + timedelta(days=10)
        emails = Email.objects.order_by("id").values_list("kind", "recipient", "generation")
        assert list(emails) == [("invitation", ADDRESS, 1), ("invitation", ADDRESS, 2)]

    def test_older_links_stop_working(self, invitation: Invitation, admin: User, invitee: User):
        older = read_token(token_for(invitation, Purpose.EMAILED))
        newer = read_token(token_for(send_again(admin, invitation), Purpose.EMAILED))
        with track_changes() as changes, pytest.raises(NewerEmailSent):
            accept(by=session_of(invitee), invitation_id=invitation.pk, proof=older)
        assert changes.nothing
        assert accept(by=session_of(invitee), invitation_id=invitation.pk, proof=newer).membership is not None

    @pytest.mark.parametrize("days", [0, 31])
    def test_within_bounds(self, admin: User, invitation: Invitation, days: int):
        with track_changes() as changes, pytest.raises(Invalid):
            send_again(admin, invitation, lifetime_days=days)
        assert changes.nothing

    def test_nobody_resends_administrative_permissions_that_they_lack(
        self, organization: Organization, member: User, owner: User
    ):
        Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
        higher = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, role_id=ADMIN_ROLE)
        with track_changes() as changes, pytest.raises(GrantTooWide):
            send_again(member, higher)
        assert changes.nothing

    def test_managers_of_members_resend_an_editors_invitation_while_its_inviter_vouches(
        self, organization: Organization, member: User, owner: User, admin: User
    ):
        Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
        editor = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=admin, role_id=EDITOR_ROLE)
        assert send_again(member, editor).inviter_id == admin.pk

        membership_of(admin, organization).assignments.update(role_id=VIEWER_ROLE)
        with track_changes() as changes, pytest.raises(GrantTooWide):
            send_again(member, editor)
        assert changes.nothing

    def test_the_inviter_stays_while_they_can_grant_it(self, owner: User, admin: User, invitation: Invitation):
        assert send_again(owner, invitation).inviter_id == admin.pk

    def test_the_caller_becomes_the_inviter_if_the_old_one_can_no_longer_grant_it(
        self, organization: Organization, owner: User, admin: User, invitation: Invitation
    ):
        membership_of(admin, organization).assignments.update(role_id=VIEWER_ROLE)
        answer = send_again(owner, invitation)
        assert (answer.inviter_id, answer.inviter_user_id, answer.inviter_name) == (owner.pk, owner.pk, "Owner Cast")


class TestExpiredOrUndeliverable:
    """An expired or undeliverable invitation can be sent again. For example, a full mailbox may have space later."""

    @pytest.fixture(params=["expired", "pending", "error"])
    def ended(self, request: pytest.FixtureRequest, organization: Organization, admin: User) -> Invitation:
        ended = {} if request.param == "pending" else {"status": request.param, "finished_at": timezone.now()}
        days = 5 if request.param == "error" else -1
        return InvitationFactory.create(
            organization=organization,
            email=ADDRESS,
            inviter=admin,
            role_id=VIEWER_ROLE,
            expires_in=timedelta(days=days),
            **ended,
        )

    def test_a_new_one_with_the_same_grant_follows_it(self, organization: Organization, owner: User, ended: Invitation):
        with track_changes() as changes:
            newer = send_again(owner, ended)
        assert changes.tables == {"invitations.Invitation": (1, 1, 0), "invitations.Email": (1, 0, 0)}
        assert [event for event in changes.events if event.kind != "invitation.expired"] == [
            event(
                "invitation.created",
                newer,
                owner,
                organization,
                role_id=VIEWER_ROLE,
                permissions=[],
                unit_id=None,
                unit_role_id=None,
                lifetime_days=10,
            ),
            event("invitation.superseded", ended, owner, organization, new={"superseded_by_id": str(newer.pk)}),
        ]
        status = {"pending": "expired"}.get(ended.status, ended.status)
        ended.refresh_from_db()
        assert (ended.status, ended.superseded_by_id) == (status, newer.pk)
        assert (newer.is_open, newer.email, newer.role_id, newer.inviter_id) == (True, ADDRESS, VIEWER_ROLE, owner.pk)

    def test_it_is_followed_once(self, owner: User, ended: Invitation):
        send_again(owner, ended)
        with track_changes() as changes, pytest.raises(InvitationSuperseded):
            send_again(owner, ended)
        assert changes.nothing

    def test_an_open_one_to_the_same_target_stands_in_the_way(
        self, organization: Organization, owner: User, ended: Invitation
    ):
        newer = invite(by=session_of(owner), organization_id=organization.pk, email=normalize_address(ADDRESS))
        with track_changes() as changes, pytest.raises(AlreadyInvited) as refusal:
            send_again(owner, ended)
        assert refusal.value.details == {"invitation_id": newer.pk}
        assert changes.nothing

    def test_a_member_is_not_invited_again(self, organization: Organization, owner: User, ended: Invitation):
        MembershipFactory.create(organization=organization, user__email=ADDRESS)
        with track_changes() as changes, pytest.raises(AlreadyMember):
            send_again(owner, ended)
        assert changes.nothing

    def test_it_needs_a_seat_again(self, organization: Organization, owner: User, ended: Invitation):
        Organization.objects.update(seat_limit=3)
        with track_changes() as changes, pytest.raises(NoSeatLeft):
            send_again(owner, ended)
        assert changes.nothing

    def test_nobody_grants_more_than_they_have(self, organization: Organization, member: User, owner: User):
        Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
        higher = InvitationFactory.create(
            organization=organization, email=ADDRESS, inviter=owner, role_id=EDITOR_ROLE, overdue=True
        )
        with track_changes() as changes, pytest.raises(GrantTooWide):
            send_again(member, higher)
        assert changes.nothing

    def test_what_it_offered_must_still_exist(self, organization: Organization, owner: User):
        role = RoleFactory.create(organization=organization, name="Helper")
        unit = UnitFactory.create(organization=organization)
        of_unit = {"unit": unit, "unit_role_id": UNIT_VIEWER_ROLE}
        without_role = InvitationFactory.create(
            organization=organization, email=ADDRESS, inviter=owner, role=role, overdue=True
        )
        without_unit = InvitationFactory.create(
            organization=organization, email="second@example.com", inviter=owner, overdue=True, **of_unit
        )
        delete_role(by=session_of(owner), organization_id=organization.pk, role_id=role.pk)
        delete_unit(by=session_of(owner), organization_id=organization.pk, unit_id=unit.pk)
        for gone in (without_role, without_unit):
            with track_changes() as changes, pytest.raises(GrantGone):
                send_again(owner, gone)
            assert changes.nothing


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("accepted", InvitationAccepted),
        ("declined", InvitationDeclined),
        ("cancelled", InvitationCancelled),
        ("processing", InvitationWaits),
    ],
)
def test_what_was_answered_is_not_sent_again(organization: Organization, admin: User, status: str, refusal: type):
    invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=admin, status=status)
    with track_changes() as changes, pytest.raises(refusal):
        send_again(admin, invitation)
    assert changes.nothing


def test_members_without_the_right_outsiders_and_invitations_of_others(
    organization: Organization,
    other_organization: Organization,
    invitation: Invitation,
    admin: User,
    member: User,
    stranger: User,
):
    foreign = InvitationFactory.create(organization=other_organization, email=ADDRESS, inviter=stranger)
    for by, wanted, refusal in (
        (member, invitation, PermissionMissing),
        (stranger, invitation, OrganizationNotFound),
        (admin, foreign, InvitationNotFound),
    ):
        with track_changes() as changes, pytest.raises(refusal):
            resend(by=session_of(by), organization_id=organization.pk, invitation_id=wanted.pk)
        assert changes.nothing


@pytest.mark.parametrize("ended", ["expired", "undeliverable"])
def test_an_invitation_of_an_erased_person_is_not_sent_again(owner: User, organization: Organization, ended: str):
    invitation = InvitationFactory.create(
        organization=organization, inviter=owner, email=erased_address("1"), **{ended: True}
    )

    with track_changes() as changes, pytest.raises(InviteeErased):
        send_again(owner, invitation)

    assert changes.nothing


class TestByStaff:
    """The inviter stays, so the email names a person whom the invitee knows. The event names the staff member."""

    def test_the_inviter_of_an_open_one_stays(self, by_staff: Principal, admin: User, invitation: Invitation):
        answer = send_again(by_staff, invitation)
        assert (answer.generation, answer.inviter) == (2, admin)
        assert Event.objects.about(invitation).latest("id").actor_id == by_staff.actor_id

    def test_the_inviter_of_an_expired_one_stays(
        self, by_staff: Principal, organization: Organization, admin: User, invitation: Invitation
    ):
        Invitation.objects.filter(pk=invitation.pk).update(status="expired", finished_at=timezone.now())
        newer = send_again(by_staff, Invitation.objects.get(pk=invitation.pk))
        assert newer.pk != invitation.pk
        assert (newer.inviter, newer.inviter_user_id, newer.inviter_name) == (admin, admin.pk, "Admin Cast")
        message = render_invitation_email(newer.emails.get(), newer)
        assert message.from_email.startswith("Admin Cast via ")
        assert "Staff" not in message.body
        assert Event.objects.about(newer).get().actor_id == by_staff.actor_id

    @pytest.mark.parametrize("status", ["pending", "expired", "error"])
    def test_staff_read_that_the_inviter_can_no_longer_offer_it(
        self, by_staff: Principal, admin: User, invitation: Invitation, status: str
    ):
        Membership.objects.filter(user=admin).delete()
        finished_at = None if status == "pending" else timezone.now()
        Invitation.objects.filter(pk=invitation.pk).update(status=status, finished_at=finished_at)
        with track_changes() as changes, pytest.raises(InviterCannotGrant, match="can no longer offer it"):
            send_again(by_staff, Invitation.objects.get(pk=invitation.pk))
        assert changes.nothing
