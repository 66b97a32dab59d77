"""The staff flag alone vouches for nothing: an invitation needs an inviter who could send it today."""

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from accounts.principals import Principal, staff
from core.addresses import normalize_address
from invitations.actions.granting import still_vouched
from invitations.actions.inviting import invite, resend
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import ADMIN_ROLE, UNASSIGNED_ROLE
from tests.factories import EventFactory, InvitationFactory, MembershipFactory, UserFactory
from tests.support.people import session_of

pytestmark = pytest.mark.django_db


def vouches(user: User, organization: Organization) -> bool:
    return still_vouched(organization, InvitationFactory.create(organization=organization, inviter=user))


def test_a_member_with_the_staff_flag_vouches_like_any_member(organization: Organization):
    membership = MembershipFactory.create(organization=organization, user__staff=True, role_id=ADMIN_ROLE)
    assert vouches(membership.user, organization)
    membership.delete()
    assert not vouches(User.objects.get(pk=membership.user_id), organization)


@pytest.mark.parametrize(
    ("codename", "from_staff", "expected"),
    [
        ("add_invitation", True, True),
        ("add_organization", True, True),
        ("change_invitation", True, True),
        ("view_invitation", True, False),
        ("change_invitation", False, True),
        ("add_invitation", False, False),
        ("add_organization", False, False),
    ],
)
def test_staff_vouch_while_they_may_send_invitations(
    organization: Organization, codename: str, from_staff: bool, expected: bool
):
    """Invitations from staff name nobody. Those that staff took over in an earlier version name them."""
    user = staff_with(codename)
    name = {"inviter_name": ""} if from_staff else {}
    invitation = InvitationFactory.create(organization=organization, inviter=user, **name)
    took_over(invitation, user)
    assert still_vouched(organization, _fresh(invitation)) is expected
    user.user_permissions.clear()
    assert not still_vouched(organization, _fresh(invitation))


def staff_with(codename: str) -> User:
    user = UserFactory.create(staff=True)
    user.user_permissions.add(Permission.objects.get(codename=codename))
    return user


def took_over(invitation: Invitation, user: User, method: str = "staff") -> None:
    EventFactory.create(
        kind="invitation.resent",
        organization=invitation.organization,
        actor_id=user.pk,
        actor_method=method,
        subject_type="invitation",
        subject_id=invitation.pk,
    )


def test_what_staff_sent_as_members_ends_with_their_membership(organization: Organization):
    user = staff_with("change_invitation")
    membership = MembershipFactory.create(organization=organization, user=user, role_id=ADMIN_ROLE)
    address = normalize_address("friend@example.com")
    made = invite(by=session_of(user), organization_id=organization.pk, email=address, role_id=UNASSIGNED_ROLE)
    assert still_vouched(organization, _fresh(made))

    membership.delete()
    assert not still_vouched(organization, _fresh(made))
    took_over(made, user)  # with "Send again" in the admin, of which they remain the inviter
    assert not still_vouched(organization, _fresh(made))


def test_what_repeats_an_invitation_of_a_member_ends_with_the_membership(organization: Organization):
    user = staff_with("change_invitation")
    membership = MembershipFactory.create(organization=organization, user=user, role_id=ADMIN_ROLE)
    former = InvitationFactory.create(organization=organization, inviter=user, expired=True)
    by = staff(user, "invitations.change_invitation")
    newer = resend(by=by, organization_id=organization.pk, invitation_id=former.pk)
    assert (newer.inviter, newer.inviter_name) == (user, user.display_name)

    membership.delete()
    assert not still_vouched(organization, _fresh(newer))


def _fresh(invitation: Invitation) -> Invitation:
    return Invitation.objects.with_details().get(pk=invitation.pk)


def test_a_superuser_vouches_until_the_flag_or_the_account_ends(organization: Organization, by_staff: Principal):
    user = by_staff.user
    assert user is not None
    assert still_vouched(
        organization, InvitationFactory.create(organization=organization, inviter=user, inviter_name="")
    )
    for field in ("is_staff", "is_active"):
        User.objects.filter(pk=user.pk).update(is_staff=True, is_active=True)
        User.objects.filter(pk=user.pk).update(**{field: False})
        invitation = InvitationFactory.create(organization=organization, inviter_id=user.pk, inviter_name="")
        assert not still_vouched(organization, Invitation.objects.with_details().get(pk=invitation.pk))
