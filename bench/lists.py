"""The lists that are measured in the organization with a million open invitations."""

import re
from typing import Any

from django.conf import settings
from django.test import Client

from core.ids import to_oid, to_ulid
from invitations.models import Invitation
from orgs.models import Organization, Unit
from orgs.permissions import VIEWER_ROLE

NEXT = re.compile(r'<([^>]+)>; rel="next"')
ROWS = 20  # on a page
FIRST_BY_CURSOR = "a million: page 2, by cursor"


def pages_by_cursor(organization: Organization, headers: dict[str, str], owner: Any) -> dict[str, str]:
    """Return the paths of pages by cursor, which cost the same anywhere in the list."""
    rows = Invitation.objects.filter(organization=organization).open()
    house = f"/api/v0/organizations/{organization.pk}/invitations?limit={ROWS}"
    unit = Unit.objects.get(organization=organization, kind=Unit.Kind.APPLICATION)
    narrowed = {
        "sorted by address": "sort=email:asc",
        "in every state": f"state={','.join(Invitation.Status.values)}",
        "expired": "state=expired",
        "sent by the owner": f"invitedBy={owner.pk}",
        "with a role": f"role={VIEWER_ROLE}",
        "to a unit": f"unit={unit.pk}",
        "delivered to a server": "delivery=sent",
        "bounced": "delivery=bounced",
        "to an address, in every state": f"email={rows[0].email}&state={','.join(Invitation.Status.values)}",
    }
    last = rows.count() // ROWS
    return {
        FIRST_BY_CURSOR: following(house, headers),
        f"a million: page {last:,}, by cursor": following(f"{house}&page={last - 1}", headers),
        **{f"a million: {name}": following(f"{house}&{query}", headers) for name, query in narrowed.items()},
        "a million: events": f"/api/v0/organizations/{organization.pk}/events?limit={ROWS}",
    }


def pages_by_number(organization: Organization, application: Unit) -> dict[str, str]:
    """Return the paths of pages that skip or count rows."""
    middle = Invitation.objects.filter(organization=organization).open().count() // ROWS // 2
    house = f"/api/v0/organizations/{organization.pk}"
    app = f"/applivery/v1/organizations/{to_oid(organization.pk)}/apps/{to_oid(application.pk)}"
    pending = f"{app}/collaborators/invitations?limit={ROWS}"
    return {
        "a million: page 1 with the total": f"{house}/invitations?limit={ROWS}",
        f"a million: page {middle:,} with the total": f"{house}/invitations?limit={ROWS}&page={middle}",
        "a million: Upsun": f"/upsun/organizations/{to_ulid(organization.pk)}/invitations?page[size]={ROWS}",
        "a quarter of a million: Applivery": pending,
        "a quarter of a million: Applivery, sorted by role": f"{pending}&sort=role:asc",
        f"a quarter of a million: Applivery, page {middle // 4:,}": f"{pending}&page={middle // 4}",
        "a million: statistics": f"{house}/statistics",
    }


def following(path: str, headers: dict[str, str]) -> str:
    """Return the path of the next page, by cursor, or this path if it is the only page."""
    response = Client(SERVER_NAME="127.0.0.1").get(path, headers=headers)
    if response.status_code != 200:
        raise RuntimeError(f"{path}: {response.status_code} {response.content[:300]!r}")
    link = NEXT.search(response.headers.get("Link", ""))
    return link[1].removeprefix(settings.PUBLIC_BASE_URL) if link else path
