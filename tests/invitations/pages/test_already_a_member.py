"""Test the invitation page for a member of the organization."""

import pytest

from invitations.models import Invitation
from orgs.permissions import EDITOR_ROLE, VIEWER_ROLE
from tests.factories import InvitationFactory
from tests.support.pages import visible_text
from tests.support.people import role_id_of


@pytest.fixture
def invitation(client, organization, owner, member):
    client.force_login(member)
    return InvitationFactory.create(
        organization=organization, email="member@example.com", inviter=owner, role_id=EDITOR_ROLE
    )


def test_the_page_says_so(invitation, page_of):
    response = page_of(invitation)

    assert response.status_code == 200
    assert visible_text(response)[:2] == [
        "You're already a member of Riverside",
        "Accepting closes this invitation. Your permissions stay the same.",
    ]


def test_accepting_answers_and_changes_no_right(client, invitation, member, organization, page_of):
    client.post(f"/invitations/{invitation.pk}/accept")

    assert Invitation.objects.get(pk=invitation.pk).status == "accepted"
    assert role_id_of(member, organization) == VIEWER_ROLE
    assert visible_text(page_of(invitation))[0] == "You're a member of Riverside"


def test_the_page_is_right_even_when_the_inviter_is_gone(invitation, page_of):
    Invitation.objects.filter(pk=invitation.pk).update(inviter=None)

    assert page_of(invitation).status_code == 200
