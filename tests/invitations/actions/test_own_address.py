"""Staff neither invite themselves nor help an invitation to an address of theirs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from accounts.principals import Principal, staff
from core.addresses import Address, normalize_address
from invitations.actions.founding import create_organization_for_owner
from invitations.actions.inviting import cancel, correct_address, invite, resend, update_invitation
from invitations.models import Invitation
from orgs.actions.account_rights import OwnAccount
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE
from tests.factories import EmailAddressFactory, InvitationFactory, UserFactory
from tests.support.changes import track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(db: None) -> User:
    """A member of the support team who has added an address and not verified it."""
    user = UserFactory.create(email="support@example.com", staff=True)
    EmailAddressFactory.create(user=user, email="private@example.com", verified=False)
    user.groups.add(Group.objects.get(name="support"))
    return user


@pytest.fixture
def by_support(support: User) -> Principal:
    return staff(support, "invitations.add_invitation")


@pytest.fixture(params=["support@example.com", "private@example.com"])
def own_address(request: pytest.FixtureRequest) -> Address:
    return normalize_address(request.param)


def refuses(action: Callable[..., Any], **given: Any) -> None:
    with track_changes() as changes, pytest.raises(OwnAccount):
        action(**given)
    assert changes.nothing


def invitation_to(address: str, organization: Organization, owner: User, **traits: Any) -> Invitation:
    return InvitationFactory.create(
        organization=organization, inviter=owner, email=address, role_id=OWNER_ROLE, **traits
    )


def test_staff_do_not_invite_themselves(organization: Organization, by_support: Principal, own_address: Address):
    refuses(invite, by=by_support, organization_id=organization.pk, email=own_address, role_id=OWNER_ROLE)


def test_staff_create_no_organization_for_themselves(by_support: Principal, own_address: Address):
    refuses(create_organization_for_owner, by=by_support, name="Hillside", email=own_address)


def test_staff_do_not_correct_an_address_to_their_own(
    organization: Organization, owner: User, by_support: Principal, own_address: Address
):
    place: dict[str, Any] = {"organization_id": organization.pk, "by": by_support}
    invitation = invitation_to("wrong@example.com", organization, owner)

    refuses(correct_address, email=own_address, invitation_id=invitation.pk, **place)
    correct_address(email=normalize_address("right@example.com"), invitation_id=invitation.pk, **place)


@pytest.mark.parametrize("expired", [False, True])
def test_staff_do_not_send_their_own_invitation_again(
    organization: Organization, owner: User, by_support: Principal, own_address: Address, expired: bool
):
    invitation = invitation_to(own_address, organization, owner, expired=expired)

    refuses(resend, by=by_support, organization_id=organization.pk, invitation_id=invitation.pk)


def test_staff_do_not_extend_their_own_invitation_and_can_withdraw_it(
    organization: Organization, owner: User, by_support: Principal, own_address: Address
):
    place: dict[str, Any] = {"organization_id": organization.pk, "by": by_support}
    invitation = invitation_to(own_address, organization, owner)

    refuses(update_invitation, invitation_id=invitation.pk, lifetime_days=30, **place)
    assert cancel(invitation_id=invitation.pk, **place).status == "cancelled"


def test_a_manager_invites_staff_and_staff_as_a_member_invite_for_their_organization(
    organization: Organization, owner: User, support: User, own_address: Address
):
    by = session_of(owner)
    invitation = invite(by=by, organization_id=organization.pk, email=own_address, role_id=OWNER_ROLE)
    resend(by=by, organization_id=organization.pk, invitation_id=invitation.pk)
