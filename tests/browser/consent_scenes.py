"""Scenes of the consent page of the authorization server."""

import base64
import hashlib
from urllib.parse import urlencode

from playwright.sync_api import Response

from accounts.models import OAuthApplication
from orgs.oauth.applications import register_client
from tests.browser.stage import Stage, scene
from tests.support.people import session_of

VERIFIER = "a-verifier-of-forty-three-characters-or-more"
EVERYTHING = "profile invitations organizations organization:manage_members organization:create_projects"


def client_of(stage: Stage, redirect_uri: str, name: str = "Calendar") -> OAuthApplication:
    """Register a public client."""
    made, _ = register_client(by=session_of(stage.owner), name=name, redirect_uris=[redirect_uri], public=True)
    return made


def address(application: OAuthApplication, scope: str = EVERYTHING, **changes: str) -> str:
    """Return the authorization URL that the client opens in the browser."""
    query = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uris,
        "scope": scope,
        "state": "as it was",
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"/oauth2/authorize?{urlencode(query | changes)}"


@scene(200)
def consent(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.invitee)
    return stage.visitor.go(address(client_of(stage, "https://client.example.com/callback")))


@scene(200)
def consent_with_a_long_name(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.invitee)
    long = client_of(stage, f"https://{'long-' * 11}.example.com/callback", "Calendarcalendar" * 8)
    return stage.visitor.go(address(long, "invitations"))


@scene(400)
def consent_refused(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.invitee)
    client = client_of(stage, "https://client.example.com/callback")
    return stage.visitor.go(address(client, redirect_uri="https://evil.example.com/callback"))


@scene(400)
def consent_refused_signed_out(stage: Stage) -> Response:
    client = client_of(stage, "https://client.example.com/callback")
    return stage.visitor.go(address(client, client_id="unknown"))
