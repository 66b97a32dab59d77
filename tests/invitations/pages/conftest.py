"""What a visitor of the pages has: an open invitation, and the mail with its link."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE
from tests.factories import InvitationFactory

ADDRESS = "invitee@example.com"


@pytest.fixture(autouse=True)
def _nothing_left_of_earlier_limits() -> None:
    cache.clear()


@pytest.fixture
def invitation(organization: Organization, owner: User) -> Invitation:
    """To ``invitee@example.com``, who has an account only in tests that ask for ``invitee``."""
    return InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, role_id=EDITOR_ROLE)


@pytest.fixture
def open_link(client: Client) -> Callable[..., Any]:
    """Opens the link of the invitation's latest mail (or the listed one) and returns the page it leads to."""

    def follow(invitation: Invitation, purpose: Purpose = Purpose.EMAILED) -> Any:
        return client.get(f"/i/{token_for(invitation, purpose)}", follow=True)

    return follow


@pytest.fixture
def page_of(client: Client) -> Callable[[Invitation], Any]:
    def get(invitation: Invitation) -> Any:
        return client.get(f"/invitations/{invitation.pk}")

    return get
