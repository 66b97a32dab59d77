"""Test that the default role of an organization is unknown to the dialects, whose documents have none."""

import pytest
from django.test import Client

from core.ids import to_decimal, to_ulid
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import UNASSIGNED_ROLE, VIEWER_ROLE
from tests.dialects.world import World, key

RIVERSIDE = key(0x10)


@pytest.mark.parametrize(
    ("credential", "path"),
    [
        ("token", f"/upsun/organizations/{to_ulid(RIVERSIDE)}/invitations"),
        ("session", f"/wacht/organizations/{to_decimal(RIVERSIDE)}/invitations"),
    ],
)
def test_an_invitation_without_a_role_stays_unassigned(world: World, credential: str, path: str):
    Organization.objects.filter(pk=RIVERSIDE).update(default_role_id=VIEWER_ROLE)
    shown = world.credentials["owner"][credential]
    headers = {"Cookie": f"session_id={shown}"} if credential == "session" else {"Authorization": f"Bearer {shown}"}

    body = {"email": "new@example.com"}
    response = Client(headers=headers).post(path, body, content_type="application/json")

    assert response.status_code < 300
    assert Invitation.objects.get(email="new@example.com").role_id == UNASSIGNED_ROLE
