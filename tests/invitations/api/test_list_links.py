"""Test that the links of every list lead through all of its rows, in every sort order."""

import re

import pytest
from django.conf import settings

from invitations.api.filters import InvitingOrganizationFilter, ReceivedInvitationFilter, SentInvitationFilter
from orgs.api.filters import CollaboratorFilter, MemberFilter, OrganizationFilter, RoleListFilter, UnitFilter
from orgs.permissions import UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.factories import (
    InvitationFactory,
    MembershipFactory,
    OrganizationFactory,
    RoleAssignmentFactory,
    RoleFactory,
    UnitFactory,
    UserFactory,
)
from tests.orgs.api.house import API

LINK = {way: re.compile(f'<([^>]+)>; rel="{way}"') for way in ("next", "prev")}
NAMES = ["Otter", "Beaver", "Otter", "Heron"]


@pytest.fixture
def many(organization, owner, workspace, invitee):
    """Four more rows in each list. Some have the same name, and therefore the same place."""
    for number, name in enumerate(NAMES):
        user = UserFactory.create(email=f"colleague-{number}@example.com", first_name=name, last_name=name)
        member = MembershipFactory.create(organization=organization, user=user, role_id=VIEWER_ROLE)
        RoleAssignmentFactory.create(membership=member, role_id=UNIT_VIEWER_ROLE, unit=workspace)
        RoleFactory.create(organization=organization, name=f"{name} {number}")
        UnitFactory.create(organization=organization, name=name, slug=f"unit-{number}")
        InvitationFactory.create(organization=organization, email=f"new-{number}@example.com", inviter=owner)
        other = OrganizationFactory.create(name=name, slug=f"other-{number}", owners=[owner])
        InvitationFactory.create(organization=other, email="invitee@example.com", inviter=owner)


LISTS = {
    "organizations/{organization}/invitations": ("owner", SentInvitationFilter),
    "invitations": ("invitee", ReceivedInvitationFilter),
    "organization-members/invites": ("invitee", InvitingOrganizationFilter),
    "organizations": ("owner", OrganizationFilter),
    "organization-members": ("owner", MemberFilter),
    "organizations/{organization}/roles": ("owner", RoleListFilter),
    "organizations/{organization}/workspaces": ("owner", UnitFilter),
    "organizations/{organization}/workspaces/{workspace}/collaborators": ("owner", CollaboratorFilter),
}
SORTED = [
    (path, who, sort)
    for path, (who, filters) in LISTS.items()
    for sort in sorted(filters.base_filters["sort"].field.words)
]


@pytest.mark.parametrize(("path", "who", "sort"), SORTED)
def test_the_links_lead_through_every_row_and_back(by, many, organization, workspace, path, who, sort):
    client, address = by(who), f"{API}/{path.format(organization=organization.pk, workspace=workspace.pk)}"
    headers = {"X-Organization-Id": str(organization.pk)}
    everything = client.get(address, {"sort": sort, "limit": 100}, headers=headers).json()["data"]
    assert len(everything) >= len(NAMES)

    def walk(address, way):
        """Follow the links in one direction. Return the rows, and the last address."""
        response = client.get(address, headers=headers)
        rows, link = response.json()["data"], LINK[way].search(response.headers.get("Link", ""))
        if not link:
            return rows, address
        others, last = walk(link[1].removeprefix(settings.PUBLIC_BASE_URL), way)
        return rows + others, last

    onward, last = walk(f"{address}?sort={sort}&limit=1", "next")
    assert onward == everything
    back, _ = walk(last, "prev")
    assert back == everything[::-1]
