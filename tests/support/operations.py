"""Helpers for the permission matrix: all routed operations, and objects for them."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.principals import Method, Principal
from core.addresses import normalize_address
from core.api.operations import Operation
from invitations.actions.inviting import invite
from invitations.tokens import Purpose, token_for
from orgs.actions.api_keys import create_api_key
from orgs.models import Organization, Unit
from orgs.oauth.applications import register_service_client
from orgs.permissions import UNASSIGNED_ROLE, UNIT_VIEWER_ROLE
from tests.factories import MembershipFactory, RoleFactory, UnitFactory, WebhookDeliveryFactory
from tests.support.people import session_of
from webhooks.actions.endpoints import create_endpoint

ABSENT = "01900000-0000-7000-8000-000000000000"
CONVERTER = re.compile(r"<\w+:(\w+)>")
PASSWORD = "correct horse battery staple"


class Route(NamedTuple):
    """The route of an operation."""

    method: str
    path: str
    names: frozenset[str]
    in_current_organization: bool


def parse(table: str) -> dict[str, dict[str, int]]:
    """Parse the table. Return the expected status by operation and caller."""
    head, *rows = [line.split() for line in table.splitlines() if line]
    return {operation: dict(zip(head[1:], map(int, statuses), strict=True)) for operation, *statuses in rows}


def house_routes() -> dict[str, Route]:
    """Return the route of every operation below ``/api/v0``."""
    return {key: route for key, route, _ in house_operations()}


def house_operations() -> Iterator[tuple[str, Route, Operation]]:
    """Yield every operation below ``/api/v0``."""
    prefixes: list[Any] = get_resolver().url_patterns
    house = next(one for one in prefixes if str(one.pattern) == "api/v0/")
    return operations_of(house.url_patterns)


def operations_of(patterns: Iterable[URLPattern], prefix: str = "/api/v0/") -> Iterator[tuple[str, Route, Operation]]:
    """Yield the key, the route and the declaration of each operation."""
    for pattern in patterns:
        callback: Any = pattern.callback
        if not hasattr(callback, "actions"):
            continue
        path = prefix + CONVERTER.sub(r"{\1}", str(pattern.pattern))
        for method, action in callback.actions.items():
            declared = getattr(callback.cls, action).operation
            names = frozenset(pattern.pattern.converters)
            yield (
                f"{callback.cls.resource}.{action}",
                Route(method, path, names, in_current_organization="X-Organization-Id" in declared.headers),
                declared,
            )


class World:
    """An organization with an object for every operation."""

    def __init__(self, organization: Organization, owner: User) -> None:
        by = session_of(owner)
        self.organization = organization
        self.units = {
            kind: UnitFactory.create(organization=organization, slug=f"some-{kind}", kind=kind)
            for kind in Unit.Kind.values
        }
        everywhere = dict.fromkeys(self.units.values(), UNIT_VIEWER_ROLE)
        self.colleague = MembershipFactory.create(
            organization=organization,
            user__email="colleague@example.com",
            role_id=UNASSIGNED_ROLE,
            unit_roles=everywhere,
        )
        self.newcomer = MembershipFactory.create(
            organization=organization, user__email="newcomer@example.com", role_id=UNASSIGNED_ROLE
        )
        self.program = MembershipFactory.create(organization=organization, of_system_user=True, role_id=UNASSIGNED_ROLE)
        self.role = RoleFactory.create(organization=organization, name="Helper")
        self.invitation = invite(by=by, organization_id=organization.pk, email=normalize_address("invitee@example.com"))
        self.key, _ = create_api_key(
            by=by, organization_id=organization.pk, name="Nightly", membership_id=self.program.pk
        )
        self.application, _ = register_service_client(
            by=by, organization_id=organization.pk, membership_id=self.program.pk, name="Nightly"
        )
        self.webhook, _ = create_endpoint(by=by, organization_id=organization.pk, url="https://example.com/hooks")
        self.webhook_delivery = WebhookDeliveryFactory.create(endpoint=self.webhook)
        _, self.owners_secret = create_api_key(by=by, organization_id=organization.pk, name="Laptop")

    def names(self, operation: str) -> dict[str, Any]:
        """Return the ids that the path, the headers and the body of an operation need."""
        kind = Unit.Kind.WORKSPACE if operation.startswith("workspace") else Unit.Kind.APPLICATION
        return {
            "organization_id": self.organization.pk,
            "slug": self.organization.slug,
            "role_id": self.role.pk,
            "unit_id": self.units[kind].pk,
            "member_id": (self.newcomer if operation.startswith("members") else self.colleague).pk,
            "invitation_id": self.invitation.pk,
            "key_id": self.key.pk,
            "application_id": self.application.pk,
            "webhook_id": self.webhook.pk,
            "delivery_id": self.webhook_delivery.pk,
        }

    def body(self, operation: str, who: str, names: dict[str, Any]) -> dict[str, Any]:
        """Return the smallest valid body."""
        named = {"name": "Another"}
        invited = {"email": "new@example.com"}
        unit_role = {"roleId": UNIT_VIEWER_ROLE}
        selected = {"ids": [names["invitation_id"]]}
        bodies: dict[str, dict[str, Any]] = {
            "organizations.create": named,
            "organizations.update": named,
            "organizations.partial_update": named,
            "organizations.transfer_ownership": {"memberId": names["member_id"]},
            "organization_roles.create": {**named, "permissions": []},
            "organization_roles.partial_update": named,
            "workspaces.create": named,
            "workspaces.partial_update": named,
            "workspace_collaborators.update": unit_role,
            "applications.create": named,
            "applications.partial_update": named,
            "application_collaborators.update": unit_role,
            "members.partial_update": {"permissions": []},
            "users.register": {**invited, "password": PASSWORD} if who == "anonymous" else {"firstName": "Robin"},
            "users.register_system": {**named, "roleId": UNASSIGNED_ROLE},
            "users.replace_profile": {"firstName": "Robin"},
            "users.update_profile": {"firstName": "Robin"},
            "users.switch_organization": {"organizationId": names["organization_id"]},
            "api_keys.create": named,
            "api_keys.update": named,
            "api_keys.partial_update": named,
            "oauth_applications.create": {**named, "kind": "service", "memberId": self.program.pk},
            "oauth_applications.partial_update": named,
            "webhook_endpoints.create": {"url": "https://example.com/other"},
            "webhook_endpoints.replay": {"since": "2026-01-02T03:04:05Z"},
            "webhook_endpoints.partial_update": {"description": "Directory"},
            "member_invitations.invite": invited,
            "member_invitations.join": {"invitationId": names["invitation_id"]},
            "organization_invitations.create": invited,
            "organization_invitations.correct_address": invited,
            "many_invitations.invite": {"rows": [invited]},
            **{f"selected_invitations.{name}": selected for name in ("resend", "cancel", "extend")},
            "organization_invitations.partial_update": {"expiresInDays": 5},
            "my_invitations.lookup": {"token": token_for(self.invitation, Purpose.EMAILED)},
        }
        return bodies.get(operation, {})

    def client(self, who: str, user: User | None) -> APIClient:
        """Return a client for a caller: a person with a session, "anonymous", or "key" for the owner's API key."""
        client = APIClient()
        if who == "key":
            client.credentials(HTTP_X_API_KEY=self.owners_secret)
        elif user is not None:
            token: Any = Principal(user=user, method=Method.JWT, authenticated_at=timezone.now())
            client.force_authenticate(user, token=token)
        return client

    def ask(
        self, client: APIClient, operation: str, who: str, route: Route, names: dict[str, Any] | None = None
    ) -> Any:
        """Call an operation and return the response. Keyword arguments replace ids."""
        names = names or self.names(operation)
        headers = {"X-Organization-Id": str(names["organization_id"])} if route.in_current_organization else {}
        path = route.path.format(**{name: names[name] for name in route.names})
        body = None if route.method == "get" else self.body(operation, who, names)
        return getattr(client, route.method)(path, body, headers=headers)
