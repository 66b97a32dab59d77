"""Test the invitation page for a member of the organization."""

import pytest

from invitations.models import Invitation
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.factories import InvitationFactory, UnitFactory
from tests.support.pages import visible_text
from tests.support.people import membership_of, role_id_of


@pytest.fixture
def invitation(client, organization, owner, member):
    client.force_login(member)
    return InvitationFactory.create(
        organization=organization, email="member@example.com", inviter=owner, role_id=EDITOR_ROLE
    )


@pytest.mark.parametrize(
    ("held", "said", "confirmed"),
    [
        (
            ADMIN_ROLE,
            "Accepting closes this invitation. Your permissions stay the same.",
            "You accepted this invitation. You already had everything that it offered.",
        ),
        (
            VIEWER_ROLE,
            "Accepting adds what you don't have yet. You keep everything else.",
            "You accepted this invitation. You're all set.",
        ),
    ],
)
def test_the_page_says_whether_anything_is_added(
    client, invitation, member, organization, page_of, held, said, confirmed
):
    membership_of(member, organization).assignments.update(role_id=held)
    response = page_of(invitation)
    assert response.status_code == 200
    assert visible_text(response)[:2] == ["You're already a member of Riverside", said]

    client.post(f"/invitations/{invitation.pk}/accept", follow=True)

    assert Invitation.objects.get(pk=invitation.pk).status == "accepted"
    assert role_id_of(member, organization) == max(held, EDITOR_ROLE, key=[VIEWER_ROLE, EDITOR_ROLE, ADMIN_ROLE].index)
    assert visible_text(page_of(invitation))[:2] == ["You're a member of Riverside", confirmed]


def test_without_an_inviter_only_an_invitation_that_adds_nothing_can_be_closed(
    invitation, member, organization, page_of
):
    Invitation.objects.filter(pk=invitation.pk).update(inviter=None)
    assert page_of(invitation).status_code == 409

    membership_of(member, organization).assignments.update(role_id=ADMIN_ROLE)
    assert page_of(invitation).status_code == 200


def test_an_invitation_with_nothing_left_to_give_says_so(client, invitation, organization, owner, page_of):
    narrower = InvitationFactory.create(
        organization=organization,
        email="member@example.com",
        inviter=owner,
        role_id=EDITOR_ROLE,
        unit=UnitFactory.create(organization=organization, name="Red Room"),
        unit_role_id=UNIT_VIEWER_ROLE,
    )
    client.post(f"/invitations/{narrower.pk}/accept", follow=True)
    assert "You now have access to Red Room, as Viewer." in visible_text(page_of(narrower))

    response = page_of(invitation)
    assert response.status_code == 410
    assert visible_text(response)[:2] == [
        "This invitation has been closed",
        "There's nothing left to accept. You already have everything in Riverside that it offers.",
    ]
