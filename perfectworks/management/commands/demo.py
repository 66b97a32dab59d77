"""``manage.py demo``: create the demo data and print its credentials."""

import json
from datetime import timedelta
from importlib import import_module
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.base import SessionBase
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model
from oauth2_provider.scopes import get_scopes_backend

from accounts.jwt.issuers import development_jwt
from accounts.models import OAuthApplication, User
from accounts.oauth.tokens import issue_token
from accounts.principals import Method, Principal
from core.ids import to_decimal, to_oid, to_ulid
from invitations.models import Invitation
from invitations.tokens import Purpose, link_for, token_for
from orgs.actions.api_keys import create_api_key, delete_api_key
from orgs.models import Organization, Unit
from perfectworks.demo import PASSWORD, STAFF, World, client, make_world, service_client

KEPT_FOR = timedelta(days=1)
KEY = "Demo"


class Command(BaseCommand):
    """Create the demo data if it is missing, and print how to use it."""

    help = "Create the demo data (only while DEBUG is on) and print its credentials."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--json``, which prints one object for scripts."""
        parser.add_argument("--json", action="store_true", help="print one JSON object with ids and credentials")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command. Raises CommandError outside of DEBUG, because the password is public."""
        if not settings.DEBUG:
            raise CommandError("The demo has well-known passwords: it runs only while DEBUG is on.")
        world = make_world()
        delete_expired_credentials(world)
        self.stdout.write(json.dumps(as_json(world), indent=2) if options["json"] else as_text(world))


def delete_expired_credentials(world: World) -> None:
    """Delete the expired credentials of earlier runs.

    Each run creates new credentials, which are valid for a day.
    """
    _sessions().clear_expired()
    get_access_token_model().objects.filter(expires__lte=timezone.now()).delete()
    for key in world.service.api_keys.filter(name=KEY, expires_at__lte=timezone.now()):
        delete_api_key(by=_owner(world), organization_id=world.organization.pk, key_id=key.pk)


def as_json(world: World) -> dict[str, Any]:
    """Return all ids in every representation, and a valid credential of every kind."""
    return {
        "base_url": settings.PUBLIC_BASE_URL,
        "organization": _ids(world.organization),
        "other_organization": _ids(world.other_organization),
        "workspace": _ids(world.workspace, without="ulid"),
        "application": _ids(world.application, without="ulid"),
        "people": {name: _credentials(user) for name, user in world.people.items()},
        "service": {"api_key": _service_key(world), "oauth_token": _oauth_token(service_client(world))},
        "invitations": {name: _shown(invitation) for name, invitation in world.invitations.items()},
    }


def _ids(row: Organization | Unit, without: str = "") -> dict[str, str]:
    ids = {
        "id": str(row.pk),
        "ulid": to_ulid(row.pk),
        "oid": to_oid(row.pk),
        "decimal": to_decimal(row.pk),
        "slug": row.slug,
    }
    return {name: value for name, value in ids.items() if name != without}


def _credentials(user: User) -> dict[str, str | None]:
    return {
        "id": str(user.pk),
        "email": user.email,
        "password": PASSWORD,
        "jwt": development_jwt(user),
        "session_id": _session_key(user),
        "oauth_token": _oauth_token(client(), user),
    }


def _session_key(user: User) -> str:
    """Return the key of a new session. The session is like one that a sign-in with the password creates."""
    request = HttpRequest()
    request.session = _sessions()()
    request.session.set_expiry(KEPT_FOR)
    login(request, user, settings.AUTHENTICATION_BACKENDS[0])
    record_authentication(request, user, "password", email=user.email)
    request.session.save()
    return str(request.session.session_key)


def _sessions() -> type[SessionBase]:
    store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    return store


def _service_key(world: World) -> str:
    """Create an API key of the system user, and return its secret."""
    _, secret = create_api_key(
        by=_owner(world),
        organization_id=world.organization.pk,
        name=KEY,
        membership_id=world.service.pk,
        expires_at=timezone.now() + KEPT_FOR,
    )
    return secret


def _owner(world: World) -> Principal:
    return Principal(user=world.people["owner"], method=Method.SESSION, authenticated_at=timezone.now())


def _oauth_token(application: OAuthApplication, user: User | None = None) -> str:
    """Issue an OAuth token with all default scopes."""
    scopes = " ".join(get_scopes_backend().get_default_scopes())
    return issue_token(application, user, scopes, timezone.now() + KEPT_FOR)


def _shown(invitation: Invitation) -> dict[str, str]:
    return {
        "id": str(invitation.pk),
        "link": link_for(invitation),
        "token": token_for(invitation, Purpose.LISTED),
    }


def as_text(world: World) -> str:
    """Return links, accounts, and curl commands."""
    base, invitation = settings.PUBLIC_BASE_URL, world.invitations["pending"]
    people = "\n".join(f"  {user.email:24}{_role_of(world, user)}" for user in world.people.values())
    return f"""
The demo is ready. Everybody's password is  {PASSWORD}

{people}
  {STAFF}@example.com       works in the admin

Pages          {base}/
Admin          {base}/admin/
API            {base}/api/v0/docs
Sent emails    {base}/development/mails

The invitation link from the email to {invitation.email}:
  {link_for(invitation)}

One request to each of the five APIs:
{_curl_lines(world)}
"""


def _curl_lines(world: World) -> str:
    """Return one curl command per API."""
    base, owner, invitee = settings.PUBLIC_BASE_URL, world.people["owner"], world.people["invitee"]
    organization, application = world.organization.pk, world.application.slug
    token, owners_token = _oauth_token(client(), invitee), _oauth_token(client(), owner)
    asked = (
        ("PerfectWorks, as the invitee", _bearer(development_jwt(invitee)), "api/v0/organization-members/invites"),
        ("ZenML Pro, as the invitee", _bearer(token), "zenml/invitations"),
        ("Wacht, as the owner", f"--cookie session_id={_session_key(owner)}",
         f"wacht/organizations/{to_decimal(organization)}/invitations"),
        ("Upsun, as the owner", _bearer(owners_token),
         f"upsun/organizations/{to_ulid(organization)}/invitations"),
        ("Applivery, as the owner", _bearer(owners_token),
         f"applivery/v1/organizations/{to_oid(organization)}/apps/{application}/collaborators/invitations"),
    )  # fmt: skip
    return "\n".join(f"  # {name}\n  curl {credential} {base}/{path}" for name, credential, path in asked)


def _bearer(token: str) -> str:
    return f"-H 'Authorization: Bearer {token}'"


def _role_of(world: World, user: User) -> str:
    membership = world.organization.memberships.with_people_and_roles().filter(user=user).first()
    return f"{membership.organization_role} of {world.organization}" if membership else f"not in {world.organization}"
