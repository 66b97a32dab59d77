"""The staff flag alone vouches for nothing: an invitation needs an inviter who could send it today."""

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from accounts.principals import Principal
from invitations.actions.granting import still_vouched
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import ADMIN_ROLE
from tests.factories import InvitationFactory, MembershipFactory, UserFactory

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
    user = UserFactory.create(staff=True)
    user.user_permissions.add(Permission.objects.get(codename=codename))
    name = {"inviter_name": ""} if from_staff else {}
    invitation = InvitationFactory.create(organization=organization, inviter=user, **name)
    assert still_vouched(organization, _fresh(invitation)) is expected
    user.user_permissions.clear()
    assert not still_vouched(organization, _fresh(invitation))


def _fresh(invitation: Invitation) -> Invitation:
    return Invitation.objects.with_details().get(pk=invitation.pk)


def test_a_superuser_vouches_until_the_flag_or_the_account_ends(organization: Organization, by_staff: Principal):
    user = by_staff.user
    assert user is not None
    assert vouches(user, organization)
    for field in ("is_staff", "is_active"):
        User.objects.filter(pk=user.pk).update(is_staff=True, is_active=True)
        User.objects.filter(pk=user.pk).update(**{field: False})
        invitation = InvitationFactory.create(organization=organization, inviter_id=user.pk)
        assert not still_vouched(organization, Invitation.objects.with_details().get(pk=invitation.pk))
