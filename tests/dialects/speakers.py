"""Describe the lists of invitations in all APIs for the common tests: one ``Speaker`` per list.

The house API has two lists: invitations that an organization sent, and invitations that a person received.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import ANY
from uuid import UUID

from django.test import Client

from core.ids import to_decimal, to_oid, to_ulid
from invitations.models import Invitation
from orgs.models import Unit
from orgs.permissions import ADMIN_ROLE, MANAGE_MEMBERS, UNIT_EDITOR_ROLE, VIEWER_ROLE
from tests.dialects.world import World, key, moment
from tests.factories import InvitationFactory, MembershipFactory, OrganizationFactory, UnitFactory, UserFactory
from tests.support.request_ids import json_without_request_id

Response = Any  # the test client adds attributes to responses
Fields = dict[str, str]
RIVERSIDE, HILLSIDE, NOWHERE, SHOP = key(0x10), key(0x11), key(0x98), key(0x21)


# Error bodies


def house_error(status: int, code: str, message: str, fields: Fields) -> Any:
    more: dict[str, Any] = {"fields": {name: [said] for name, said in fields.items()}} if fields else {}
    if code == "permission_missing":
        more = {"details": {"permission": MANAGE_MEMBERS}}
    return {"success": False, "message": message, "error": {"code": code, "message": message, **more}}


def wacht_error(status: int, code: str, message: str, fields: Fields) -> Any:
    fault = {"code": code.upper(), "message": sentence(message, fields)}
    session = None if status == 401 or status >= 500 else ANY
    return {"status": status, "message": "", "data": None, "session": session, "errors": [fault]}


def zenml_error(status: int, code: str, message: str, fields: Fields) -> Any:
    return {"detail": "Not authenticated" if status == 401 else sentence(message, fields)}


def upsun_error(status: int, code: str, message: str, fields: Fields) -> Any:
    return {"error": sentence(message, fields)}


def applivery_error(status: int, code: str, message: str, fields: Fields) -> Any:
    documented = {
        "unauthenticated": (4002, "No auth token"),
        "invalid_credentials": (4004, "Invalid Token"),
        "not_found": (3001, "Entity not found"),
        "organization_not_found": (3001, "Entity not found"),
    }
    ours = {status: 3600 + status for status in range(400, 500)} | {500: 5000, 503: 5030}
    number, said = documented.get(code) or (ours[status], sentence(message, fields))
    return {"status": False, "error": {"code": number, "message": said}}


def sentence(message: str, fields: Fields) -> str:
    return " ".join([message, *(f"{name}: {said}" for name, said in fields.items())])


# More rows for the lists


def sent(world: World, number: int, unit: Unit | None = None) -> None:
    """Create an invitation with all optional values. Each call creates a new inviter and a new unit."""
    inviter = MembershipFactory.create(
        organization=world.organization, user__email=f"inviter-{number}@example.com", role_id=ADMIN_ROLE
    ).user
    unit = unit or UnitFactory.create(organization=world.organization, slug=f"workspace-{number}")
    values = {"unit_role_id": UNIT_EDITOR_ROLE, "role_id": VIEWER_ROLE, **dates(number)}
    InvitationFactory.create(
        organization=world.organization, email=f"guest-{number}@example.com", inviter=inviter, unit=unit, **values
    )


def sent_for_the_application(world: World, number: int) -> None:
    sent(world, number, world.application)


def received(world: World, number: int) -> None:
    inviter = UserFactory.create(email=f"inviter-{number}@example.com")
    organization = OrganizationFactory.create(slug=f"organization-{number}", owners=[inviter])
    InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=inviter, **dates(number))


def dates(number: int) -> dict[str, Any]:
    day = moment(20 + number % 8)
    return {"created_at": day, "updated_at": day}


# The lists


@dataclass(frozen=True, kw_only=True, eq=False)
class Speaker:
    """A list of invitations in one of the five APIs, with its path, its allowed callers and its responses.

    ``answers`` has the number of rows or the error status for each caller. ``pages`` maps each paging parameter to its
    maximum value. ``everything`` is the query string for one page of the maximum size.
    """

    name: str
    path: str
    credential: str
    reader: str
    answers: str
    error: Callable[[int, str, str, Fields], Any]
    rows: Callable[[Any], list[Any]] = list
    empty: Any
    fill: Callable[[World, int], None]
    queries: dict[str, str]
    format_id: Callable[[UUID], str] = str
    pages: dict[str, int] = field(default_factory=dict)
    everything: str = ""
    refuses_unknown: bool = False
    tokens: frozenset[str] = frozenset()

    def list(self, organization: UUID = RIVERSIDE) -> str:
        """Return the path of the list."""
        return self.path.format(organization=self.format_id(organization), application=self.format_id(SHOP))

    def headers(self, world: World, who: str) -> dict[str, str]:
        """Return the headers with the caller's credential. The "anonymous" caller has no credential."""
        if who == "anonymous":
            return {}
        shown = world.credentials[who][self.credential]
        bearer = {"Authorization": f"Bearer {shown}"}
        return {"Cookie": f"session_id={shown}"} if self.credential == "session" else bearer

    def ask(self, world: World, query: str = "", *, who: str = "", path: str = "", **request: Any) -> Response:
        """Request the list and return the response. The default caller is ``reader``."""
        headers = {**self.headers(world, who or self.reader), **request.pop("headers", {})}
        client = Client(raise_request_exception=False)
        return client.generic(
            request.pop("method", "GET"), path or self.list(), headers=headers, QUERY_STRING=query, **request
        )

    def refusal(self, status: int, code: str, message: str, **fields: str) -> tuple[int, Any]:
        """Return the expected status and body of an error in this API."""
        return status, self.error(status, code, message, fields)

    def hold(self, world: World, count: int) -> None:
        """Delete all invitations, and add exactly ``count`` rows to the list."""
        Invitation.objects.all().delete()
        for number in range(count):
            self.fill(world, number)


def said(response: Response) -> tuple[int, Any]:
    """Return the status and the parsed body, without the id of the request."""
    assert response["Content-Type"] == "application/json"
    return response.status_code, json_without_request_id(response)


NO_PAGE = {"page": 1, "limit": 10, "total": 0, "pages": 0, "hasNext": False, "hasPrev": False}
NO_ITEMS = {
    "items": [],
    "totalDocs": 0,
    "limit": 10,
    "hasPrevPage": False,
    "hasNextPage": False,
    "page": 1,
    "totalPages": 1,
    "prevPage": 0,
    "nextPage": 0,
}
NUMBERED = {"page": 2**31 - 1, "limit": 100}
HOUSE: dict[str, Any] = {
    "credential": "jwt",
    "error": house_error,
    "rows": lambda body: body["data"],
    "empty": {
        "success": True,
        "message": "Invitations retrieved successfully",
        "data": [],
        "pagination": NO_PAGE,
    },
    "pages": NUMBERED,
    "everything": "limit=100",
    "refuses_unknown": True,
}
BY_JWT = {"identity": "SELECT accounts_externalidentity", "owner of the address of the token": "SELECT accounts_user"}
BY_TOKEN = {"token": "SELECT oauth2_provider_accesstoken"}
BY_SESSION = {"session": "SELECT django_session", "user": "SELECT accounts_user"}
IN_ORGANIZATION = {
    "organization and roles": "SELECT orgs_roleassignment",
}
ROWS = {"invitations": "SELECT invitations_invitation"}

SPEAKERS = [
    Speaker(
        **HOUSE,
        name="house, sent",
        path="/api/v0/organizations/{organization}/invitations",
        reader="owner",
        answers="401 404 404 403 6 6 6",
        fill=sent,
        queries=BY_JWT | IN_ORGANIZATION | ROWS,
    ),
    Speaker(
        **HOUSE,
        name="house, received",
        path="/api/v0/organization-members/invites",
        reader="invitee",
        answers="401 0 2 0 0 0 0",
        fill=received,
        queries=BY_JWT | ROWS,
    ),
    Speaker(
        name="wacht",
        path="/wacht/organizations/{organization}/invitations",
        credential="session",
        reader="owner",
        answers="401 403 403 403 6 6 6",
        error=wacht_error,
        rows=lambda body: body["data"],
        empty={"status": 200, "message": "", "data": [], "session": ANY, "errors": []},
        fill=sent,
        queries=BY_SESSION | IN_ORGANIZATION | ROWS,
        format_id=to_decimal,
        tokens=frozenset({"listed"}),
    ),
    Speaker(
        name="zenml",
        path="/zenml/invitations",
        credential="token",
        reader="invitee",
        answers="401 0 3 0 0 0 0",
        error=zenml_error,
        empty=[],
        fill=received,
        queries=BY_TOKEN | ROWS,
    ),
    Speaker(
        name="upsun",
        path="/upsun/organizations/{organization}/invitations",
        credential="token",
        reader="owner",
        answers="401 403 403 403 6 6 6",
        error=upsun_error,
        empty=[],
        fill=sent,
        queries=BY_TOKEN | IN_ORGANIZATION | ROWS,
        format_id=to_ulid,
        pages={"page[size]": 100},
        everything="page[size]=100",
        refuses_unknown=True,
    ),
    Speaker(
        name="applivery",
        path="/applivery/v1/organizations/{organization}/apps/{application}/collaborators/invitations",
        credential="token",
        reader="owner",
        answers="401 404 404 403 2 2 2",
        error=applivery_error,
        rows=lambda body: body["data"]["items"],
        empty={"status": True, "data": NO_ITEMS},
        fill=sent_for_the_application,
        queries=BY_TOKEN | IN_ORGANIZATION | ROWS,
        format_id=to_oid,
        pages=NUMBERED,
        everything="limit=100",
    ),
]


def speaker_of(api: str) -> Speaker:
    """Return the first ``Speaker`` whose path has this prefix."""
    return next(speaker for speaker in SPEAKERS if speaker.path.startswith(f"/{api}/"))
