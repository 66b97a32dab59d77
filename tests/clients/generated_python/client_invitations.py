"""Generate a Python client from each of the five served OpenAPI documents, and send an invitation through each client.

A warning of the generator is a failure: for example, it drops a response whose schema it does not understand.
"""

import json
import os
import subprocess
import sys
import unittest
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

DEMO = json.loads(Path(os.environ["DEMO"]).read_text())
PEOPLE, ORGANIZATION, OTHER_ORGANIZATION = DEMO["people"], DEMO["organization"], DEMO["other_organization"]
GENERATOR = Path(sys.executable).with_name("openapi-python-client")
GENERATED = Path(os.environ["HOME"]) / "generated"
PREFIXES = {"house": "api/v0", "wacht": "wacht", "zenml": "zenml", "upsun": "upsun", "applivery": "applivery"}


def setUpModule() -> None:
    """Generate the packages `house`, `wacht`, `zenml`, `upsun` and `applivery`."""
    GENERATED.mkdir()
    sys.path.insert(0, str(GENERATED))
    for name, prefix in PREFIXES.items():
        document = ["--url", f"{DEMO['base_url']}/{prefix}/openapi.json"]
        result = ["--meta", "none", "--output-path", GENERATED / name, "--fail-on-warning"]
        config = ["--config", Path(__file__).with_name("generator.yaml")]
        subprocess.run([GENERATOR, "generate", *document, *result, *config], check=True)


class Client:
    """A generated client with a bearer token or a cookie."""

    def __init__(self, api: str, token: str = "", **options: Any) -> None:
        self.api = api
        package = import_module(api)
        make = partial(package.AuthenticatedClient, token=token) if token else package.Client
        self.client = make(base_url=DEMO["base_url"], raise_on_unexpected_status=True, **options)
        unittest.addModuleCleanup(self.client.get_httpx_client().close)

    def call(self, operation: str, *path: Any, **parameters: Any) -> Any:
        """Call an operation, for example `users.users_profile`. Return the parsed response."""
        return import_module(f"{self.api}.api.{operation}").sync(*path, client=self.client, **parameters)

    def model(self, name: str, *value: str, **fields: Any) -> Any:
        """Create a request body from its fields, or a choice from its value."""
        return getattr(import_module(f"{self.api}.models"), name)(*value, **fields)


class Invitations(unittest.TestCase):
    """An invitation through each client, from its creation to the answer, as far as the API has these operations."""

    def test_house(self) -> None:
        owner, invitee = (Client("house", PEOPLE[name]["jwt"]) for name in ("owner", "stranger"))
        body = owner.model("Invite", email=PEOPLE["stranger"]["email"], expires_in_days=3)
        created = owner.call("organization_invitations.organization_invitations_create", ORGANIZATION["id"], body=body)
        self.assertEqual((created.success, created.data.state.value), (True, "pending"))

        newest = invitee.model("MyInvitationsListSort", "invitedAt:desc")
        received = invitee.call("my_invitations.my_invitations_list", sort=newest, limit=1)
        self.assertEqual([one.id for one in received.data], [created.data.id])
        accepted = invitee.call("my_invitations.my_invitations_accept", created.data.id)
        self.assertEqual((accepted.data.status.value, accepted.data.was_member), ("accepted", False))

        again = invitee.call("my_invitations.my_invitations_accept", created.data.id)
        self.assertEqual((again.success, again.error.code), (False, "invitation_accepted"))

    def test_wacht(self) -> None:
        sessions = [{"session_id": PEOPLE[name]["session_id"]} for name in ("stranger", "member")]
        inviter, invitee = (Client("wacht", cookies=session) for session in sessions)
        body = inviter.model("NewInvitation", email=PEOPLE["member"]["email"])
        created = inviter.call("invitations.invite_organization_member", OTHER_ORGANIZATION["decimal"], body=body)
        self.assertEqual((created.status, created.data.status.value), (200, "pending"))

        listed = inviter.call("invitations.get_organization_invitations", OTHER_ORGANIZATION["decimal"])
        self.assertEqual((listed.data[0].email, listed.errors), (body.email, []))
        accepted = invitee.call(
            "invitations.accept_invitation", body=invitee.model("Token", token=listed.data[0].token)
        )
        self.assertEqual(
            (accepted.data.organization.id, accepted.data.already_member), (OTHER_ORGANIZATION["decimal"], False)
        )

        again = invitee.call("invitations.accept_invitation", body=invitee.model("Token", token="unknown"))
        self.assertEqual((again.status, again.errors[0].code), (404, "INVITATION_NOT_FOUND"))

    def test_zenml(self) -> None:
        invitee = Client("zenml", PEOPLE["invitee"]["oauth_token"])
        first, second, *_ = invitee.call("invitations.list_pending_invitations")
        read = invitee.call("invitations.get_invitation", first.id)
        self.assertEqual(read, first)
        accepted = invitee.call("invitations.respond_to_invitation", first.id, accept=True)
        self.assertIn(str(accepted), {ORGANIZATION["id"], OTHER_ORGANIZATION["id"]})
        self.assertIsNone(invitee.call("invitations.respond_to_invitation", second.id, accept=False))

        missing = invitee.call("invitations.get_invitation", second.id)
        self.assertIsInstance(missing.detail, str)
        unreadable = invitee.call("invitations.get_invitation", "not-an-id")
        self.assertEqual(
            [(one.loc, one.type_) for one in unreadable.detail], [(["path", "invitation_id"], "uuid_parsing")]
        )

    def test_upsun(self) -> None:
        key = DEMO["service"]["api_key"]
        stranger = Client("upsun", "no token yet")
        grant = stranger.model("GetAccessTokenBodyGrantType", "api_token")
        body = stranger.model("GetAccessTokenBody", grant_type=grant, api_token=key)
        manager = Client("upsun", stranger.call("access_tokens.get_access_token", body=body).access_token)
        email = "newcomer@example.com"
        created = manager.call(
            "invitations.create_org_invite", ORGANIZATION["ulid"], body=manager.model("NewInvitation", email=email)
        )
        self.assertEqual((created.state.value, created.email), ("pending", email))
        listed = manager.call("invitations.list_org_invites", ORGANIZATION["ulid"])
        self.assertIn(created, listed)
        self.assertIsNone(manager.call("invitations.cancel_org_invite", ORGANIZATION["ulid"], created.id))
        read = manager.call("invitations.get_org_invite", ORGANIZATION["ulid"], created.id)
        self.assertEqual(read.state.value, "cancelled")

        refused = stranger.call("invitations.list_org_invites", ORGANIZATION["ulid"])
        self.assertIsInstance(refused.error, str)

    def test_applivery(self) -> None:
        token, path = PEOPLE["owner"]["jwt"], (ORGANIZATION["oid"], DEMO["application"]["slug"])
        owner = Client("applivery", token)
        house = Client("house", token)
        body = house.model(
            "Invite", email="tester@example.com", unit_id=DEMO["application"]["id"], unit_role_id=editor(house)
        )
        house.call("organization_invitations.organization_invitations_create", ORGANIZATION["id"], body=body)

        listed = owner.call("invitations.get_invitations", *path, email="tester@example.com")
        self.assertEqual((listed.status, listed.data.total_docs), (True, 1))
        self.assertEqual([(one.email, one.role.value) for one in listed.data.items], [("tester@example.com", "editor")])

        missing = owner.call("invitations.get_invitations", ORGANIZATION["oid"], "no-such-application")
        self.assertEqual((missing.status, missing.error.code), (False, 3001))


def editor(house: Client) -> Any:
    """Return the ID of the editor's role in an application."""
    roles = house.call(
        "organization_roles.organization_roles_list",
        ORGANIZATION["id"],
        scope=house.model("OrganizationRolesListScope", "unit"),
        limit=100,
    )
    return next(role.id for role in roles.data if role.name == "editor")


if __name__ == "__main__":
    unittest.main()
