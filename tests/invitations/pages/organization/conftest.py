"""A signed-in owner, and an open invitation of the organization."""

import pytest

from invitations.models import Invitation
from orgs.permissions import EDITOR_ROLE
from tests.factories import InvitationFactory


@pytest.fixture
def invitation(organization, owner) -> Invitation:
    return InvitationFactory.create(
        organization=organization, email="invitee@example.com", inviter=owner, role_id=EDITOR_ROLE
    )


@pytest.fixture
def signed_in(client):
    """Return a function that signs a person in."""

    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def page_address(invitation) -> str:
    """The address of the invitation's page."""
    return f"/organizations/riverside/invitations/{invitation.pk}"
