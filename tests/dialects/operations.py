"""All operations of the dialects, read from ``perfectworks.urls``, and ids of existing rows for each operation."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.test import Client

from core.ids import to_decimal, to_oid, to_ulid
from invitations.tokens import Purpose
from orgs.models import Unit
from perfectworks.urls import DIALECTS
from tests.dialects.exchanges import token_of
from tests.dialects.speakers import speaker_of
from tests.dialects.world import World, key
from tests.factories import UnitFactory
from tests.support.operations import Route, operations_of

ROUTES: dict[str, Route] = {
    operation: route
    for prefix, dialect in DIALECTS.items()
    for operation, route, _ in operations_of(dialect.urlpatterns, f"/{prefix}/")
}
OPERATION_AND_NAME = [(operation, name) for operation, route in ROUTES.items() for name in sorted(route.names)]

# How each dialect represents ids in paths.
FORMATS: dict[str, dict[str, Callable[[UUID], str]]] = {
    "wacht": {"organization_id": to_decimal, "invitation_id": to_decimal},
    "zenml": {"invitation_id": str},
    "upsun": {"organization_id": to_ulid, "invitation_id": str},
    "applivery": {"organization_id": to_oid, "application_id": to_oid},
}
# Ids that the owner of Riverside can see (in ZenML: the invitee), ids of another organization, and unknown ids.
INVITATION = key(0x40)
OWN = {"organization_id": key(0x10), "invitation_id": INVITATION, "application_id": key(0x21)}
FOREIGN = {"organization_id": key(0x11), "invitation_id": key(0x50), "application_id": key(0x23)}
ABSENT = dict.fromkeys(OWN, key(0x98))


def dialect_of(operation: str) -> str:
    return operation.partition("_")[0]


def path_values(operation: str, ids: dict[str, UUID]) -> dict[str, str]:
    """Return the path parameters of an operation by name."""
    return {name: to_text(ids[name]) for name, to_text in FORMATS[dialect_of(operation)].items()}


def ask(world: World, operation: str, who: str = "", **named: str) -> Any:
    """Call the operation and return the response. Use an accepted credential. Existing ids are the default."""
    dialect, route = dialect_of(operation), ROUTES[operation]
    texts = {name: quote(text, safe="") for name, text in (path_values(operation, OWN) | named).items()}
    speaker = speaker_of(dialect)
    who = who or ("invitee" if operation == "wacht_answers.accept" else speaker.reader)
    headers = speaker.headers(world, who)
    path = route.path.format(**texts) + ("?accept=true" if operation == "zenml_invitations.answer" else "")
    client: Any = Client(headers=headers, raise_request_exception=False)
    return getattr(client, route.method)(path, body(operation), content_type="application/json")


def body(operation: str) -> dict[str, str] | str:
    """Return the smallest valid body of the operation."""
    if operation == "wacht_answers.accept":
        return {"token": token_of(str(INVITATION), Purpose.LISTED)}
    return {"email": "new@example.com"} if operation.endswith(".create") else ""


def application_of_others(world: World) -> Unit:
    """Create the application whose id is in ``FOREIGN``."""
    return UnitFactory.create(
        id=FOREIGN["application_id"], kind=Unit.Kind.APPLICATION, slug="theirs", organization=world.other_organization
    )
