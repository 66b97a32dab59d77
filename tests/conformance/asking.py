"""Demo data for generated requests: a credential of every kind, and ids for path parameters."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.principals import Method, Principal
from core.ids import to_decimal, to_oid, to_ulid
from orgs.actions.roles import create_role
from orgs.authentication import token_for_key
from orgs.oauth.applications import register_personal_client
from orgs.permissions import Level
from perfectworks.demo import make_world
from perfectworks.management.commands.demo import as_json
from tests.factories import WebhookDeliveryFactory
from webhooks.actions.endpoints import create_endpoint

Shown = dict[str, Any]  # a dict with the keys "headers" and "cookies"

# How the dialects represent ids in paths. The house API uses UUIDs.
WRITTEN: dict[str, dict[str, Callable[[UUID], str]]] = {
    "wacht": {"organization_id": to_decimal, "invitation_id": to_decimal},
    "upsun": {"organization_id": to_ulid},
    "applivery": {"organization_id": to_oid, "application_id": to_oid},
}
# The paths of the operations that the invitee calls. The owner calls all other operations.
OF_INVITEES = ("/zenml/", "/api/v0/invitations", "/api/v0/organization-members/join")
CSRF_TOKEN = "c" * 32
WEBHOOK = "https://example.com/hooks"


class Cast:
    """The credentials of the owner, the invitee and the service, and the ids of their objects."""

    def __init__(self) -> None:
        self.world = make_world()
        shown = as_json(self.world)
        people, service = shown["people"], shown["service"]
        self.credentials = {name: credentials(people[name], service) for name in ("owner", "invitee")}
        self.ids = self.ids_by_name()

    def ids_by_name(self) -> dict[str, Any]:
        """Create a role and an OAuth application. Return the ids for the path parameters of the house API."""
        world = self.world
        owner = Principal(user=world.people["owner"], method=Method.SESSION, authenticated_at=timezone.now())
        organization = {"organization_id": world.organization.pk}
        role = create_role(by=owner, **organization, level=Level.ORGANIZATION, name="Helper", permissions=frozenset())
        application, _ = register_personal_client(by=owner, name="Nightly")
        webhook, _ = create_endpoint(by=owner, organization_id=world.organization.pk, url=WEBHOOK)
        return {
            **organization,
            "slug": world.organization.slug,
            "role_id": role.pk,
            "member_id": world.organization.memberships.get(user=world.people["member"]).pk,
            "invitation_id": world.invitations["pending"].pk,
            "key_id": world.service.api_keys.latest("created_at").pk,
            "application_id": application.pk,
            "webhook_id": webhook.pk,
            "delivery_id": WebhookDeliveryFactory.create(endpoint=webhook).pk,
        }

    def named(self, api: str, path: str, names: list[str]) -> dict[str, str]:
        """Return the values of these path parameters. Ids are in the representation of this API."""
        workspaces = "/workspaces/" in path
        ids = self.ids | {"unit_id": (self.world.workspace if workspaces else self.world.application).pk}
        if api == "applivery":
            ids["application_id"] = self.world.application.pk
        written = WRITTEN.get(api, {})
        return {name: written.get(name, str)(ids[name]) for name in names}

    def shown(self, path: str, scheme: str) -> Shown:
        """Return the credential for a security scheme, of the person who calls the operation with this path."""
        return self.credentials["invitee" if path.startswith(OF_INVITEES) else "owner"][scheme]


def credentials(person: dict[str, str], service: dict[str, str]) -> dict[str, Shown]:
    """Map the name of each security scheme to a credential."""
    cookies = {"session_id": person["session_id"], "csrftoken": CSRF_TOKEN}
    return {
        "session": {"cookies": cookies, "headers": {"X-CSRFToken": CSRF_TOKEN}},
        "apiKey": {"headers": {"X-API-Key": service["api_key"]}},
        "jwt": bearer(person["jwt"]),
        "oauth2": bearer(person["oauth_token"]),
        "oauth2Client": bearer(service["oauth_token"]),
        "apiToken": bearer(token_for_key(service["api_key"])),
    }


def bearer(token: str | None) -> Shown:
    return {"headers": {"Authorization": f"Bearer {token}"}}
