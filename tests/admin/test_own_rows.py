"""Staff are offered nothing on their own membership, on invitations to them, and on their own account."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import models
from django.test import Client

from accounts.models import User
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE, VIEWER_ROLE
from tests.admin.test_admin import address_of
from tests.factories import InvitationFactory, MembershipFactory, UnitFactory
from tests.support.changes import track_changes
from tests.support.people import membership_of

pytestmark = pytest.mark.django_db

REFUSED = "This is your own account. Use the account pages, or ask another staff member."


@pytest.fixture
def support(staff_in_role: Callable[[str], User]) -> User:
    return staff_in_role("support")


@pytest.fixture
def desk(support: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(support)


def offered(client: Client, row: models.Model) -> list[str]:
    return [button.name for button, _ in client.get(address_of(row)).context["buttons"]]


def test_no_button_changes_the_roles_of_ones_own_membership(
    desk: Client, support: User, organization: Organization, member: User
):
    UnitFactory.create(organization=organization)
    own = MembershipFactory.create(organization=organization, user=support, role_id=VIEWER_ROLE)

    assert offered(desk, membership_of(member, organization)) == ["role", "unit-role", "own"]
    assert offered(desk, own) == []
    with track_changes() as changes:
        for button in ("role", "unit-role", "own"):
            desk.post(address_of(own, "do", button), {"role_id": OWNER_ROLE})
    assert changes.nothing


def test_an_invitation_to_oneself_can_only_be_withdrawn_or_corrected(
    desk: Client, support: User, organization: Organization, owner: User
):
    given: dict[str, Any] = {"organization": organization, "inviter": owner}
    invitation = InvitationFactory.create(email=support.email, **given)

    assert offered(desk, InvitationFactory.create(**given)) == ["resend", "correct", "extend", "cancel"]
    assert offered(desk, invitation) == ["correct", "cancel"]


def test_the_pages_refuse_ones_own_address(desk: Client, support: User, organization: Organization, owner: User):
    wrong = InvitationFactory.create(organization=organization, inviter=owner, role_id=OWNER_ROLE)
    form = {"email": support.email, "role_id": OWNER_ROLE, "name": "Hillside"}
    with track_changes() as changes:
        for page in (address_of(organization, "do", "invite"), "/admin/orgs/organization/add/"):
            assert desk.post(page, form).context["form"].errors == {"__all__": [REFUSED]}
        corrected = desk.post(address_of(wrong, "do", "correct"), {"email": support.email}, follow=True)
    assert [str(message) for message in corrected.context["messages"]] == [REFUSED]
    assert changes.nothing
    assert Invitation.objects.get().email == wrong.email


def test_a_deactivated_member_is_not_offered_to_become_owner(desk: Client, organization: Organization, member: User):
    User.objects.filter(pk=member.pk).update(is_active=False)
    membership = membership_of(member, organization)

    assert offered(desk, membership) == ["role"]
    assert f'value="{OWNER_ROLE}"' not in desk.get(address_of(membership, "do", "role")).content.decode()
