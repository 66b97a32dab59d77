"""An OAuth client, and a person with a browser, that use our authorization server."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.test import Client
from django.utils import timezone

from accounts.models import OAuthApplication, User
from accounts.oauth.tokens import issue_token

Response = Any  # the test client's response, which has more attributes

CALLBACK = "https://client.example.com/callback"
VERIFIER = "a-verifier-of-forty-three-characters-or-more"
ISSUER = "http://127.0.0.1:8000"


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def result_of(response: Response) -> tuple[int, dict[str, Any]]:
    """Return the status and body of a response. Check that the response is JSON and must not be cached."""
    assert response["Content-Type"].startswith("application/json")
    assert response["Cache-Control"] == "no-store"
    return response.status_code, response.json()


def parameters(response: Response, callback: str = CALLBACK) -> dict[str, str]:
    """Return the parameters of a redirect. Check that it redirects to the client."""
    assert response.status_code == 302
    address = urlsplit(response["Location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == callback
    return dict(parse_qsl(address.query, strict_parsing=True))


@dataclass
class Program:
    """An OAuth client: the application and its secret."""

    application: OAuthApplication
    secret: str
    http: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    @property
    def credentials(self) -> dict[str, str]:
        return {"client_id": self.application.client_id, **({"client_secret": self.secret} if self.secret else {})}

    def asks(self, **changes: str | None) -> dict[str, str]:
        """Return the query of an authorization request, with ``changes`` applied. None removes a parameter."""
        query = {
            "response_type": "code",
            "client_id": self.application.client_id,
            "redirect_uri": CALLBACK,
            "scope": "invitations",
            "state": "s t&te",
            "code_challenge": challenge(VERIFIER),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**query, **changes}.items() if value is not None}

    def redeems(self, code: str, **changes: str | None) -> Response:
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **self.credentials,
        }
        return self.posts("token", {name: value for name, value in {**body, **changes}.items() if value is not None})

    def refreshes(self, refresh_token: str) -> Response:
        return self.posts("token", {"grant_type": "refresh_token", "refresh_token": refresh_token, **self.credentials})

    def gets_token(self, **more: str) -> Response:
        """Request a token with client credentials."""
        return self.posts("token", {"grant_type": "client_credentials", **self.credentials, **more})

    def revokes(self, token: str, **more: str) -> Response:
        return self.posts("revoke", {"token": token, **self.credentials, **more})

    def posts(self, endpoint: str, body: dict[str, str], **headers: str) -> Response:
        content = urlencode(body)
        return self.http.post(
            f"/oauth2/{endpoint}", content, content_type="application/x-www-form-urlencoded", headers=headers
        )


class Browser:
    """A person at the consent page."""

    def __init__(self, user: User | None = None) -> None:
        self.client = Client()
        if user:
            self.client.force_login(user)

    def opens(self, query: dict[str, str]) -> Response:
        return self.client.get("/oauth2/authorize", query)

    def answers(self, query: dict[str, str], what: str = "allow") -> Response:
        return self.client.post(f"/oauth2/authorize?{urlencode(query)}", {"answer": what})

    def allows(self, program: Program, **changes: str | None) -> str:
        """Allow the access that the program requests, and return the authorization code."""
        return parameters(self.answers(program.asks(**changes)))["code"]


def tokens_of(program: Program, user: User, **changes: str | None) -> dict[str, Any]:
    """Get an access token and a refresh token with an authorization code."""
    status, tokens = result_of(program.redeems(Browser(user).allows(program, **changes)))
    assert status == 200, tokens
    return tokens


def token_of(program: Program, user: User, scope: str) -> str:
    """Return an access token without an authorization request, for tests that only need a token."""
    return issue_token(program.application, user, scope, timezone.now() + timedelta(hours=1))


def asked(token: str, path: str = "/api/v0/invitations") -> Response:
    return Client().get(path, headers={"Authorization": f"Bearer {token}"})


def holds(token: str) -> bool:
    """Return whether an access token is valid. A 403 means a valid token: a system user's token is not allowed here."""
    status = asked(token).status_code
    assert status in (200, 401, 403)
    return status != 401
