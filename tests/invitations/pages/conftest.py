"""An open invitation, and functions that open its link and its page."""

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
def _reset_limits() -> None:
    cache.clear()


@pytest.fixture
def invitation(organization: Organization, owner: User) -> Invitation:
    """An open invitation to `invitee@example.com`. The invitee has an account only in tests that use `invitee`."""
    return InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, role_id=EDITOR_ROLE)


@pytest.fixture
def open_link(client: Client) -> Callable[..., Any]:
    """Return a function that opens the invitation's current link for a purpose and returns the final page."""

    def follow(invitation: Invitation, purpose: Purpose = Purpose.EMAILED) -> Any:
        return client.get(f"/i/{token_for(invitation, purpose)}", follow=True)

    return follow


@pytest.fixture
def page_of(client: Client) -> Callable[[Invitation], Any]:
    def get(invitation: Invitation) -> Any:
        return client.get(f"/invitations/{invitation.pk}")

    return get
