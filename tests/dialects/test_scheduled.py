"""Test that each dialect schedules an invitation over the daily limit, also if no slot for open ones is left."""

from dataclasses import replace

import pytest

from invitations.models import Invitation
from orgs.models import Organization
from tests.dialects.exchanges import exchanges


@pytest.mark.parametrize("dialect", ["upsun", "wacht"])
def test_an_invitation_whose_email_is_scheduled_needs_no_slot(world, settings, dialect):
    [refused] = [one for one in exchanges(dialect) if one.path.stem == "create-over-the-open-limit"]
    first = replace(refused, request=refused.request.replace("New@Example.com", "first@example.com"))
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = settings.ORGANIZATION_EMAILS_PER_DAY = 1
    assert first.send(world).status_code in (200, 201)
    Organization.objects.update(open_invitation_limit=1)

    response = refused.send(world)

    assert response.status_code in (200, 201)
    invitation = Invitation.objects.open().get(email="new@example.com")
    assert (invitation.is_emailed, invitation.emails.get().state) == (False, "scheduled")
