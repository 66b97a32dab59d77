"""The smoke tests of a release: each part of the service once, by HTTP.

    manage.py demo --json > demo.json
    DEMO=demo.json python -m tests.smoke

They need a service in development mode with its demo data and a running worker, and only the standard library. They can
be repeated. `SERVERS` sets other base URLs than that of the demo data. If there are several, each request goes to the
next one, because processes of two releases serve the same data during an upgrade.
"""

import json
import os
import re
import time
import unittest
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

DEADLINE = 60  # seconds until an email must have arrived
DEMO = json.loads(Path(os.environ["DEMO"]).read_text())
SERVERS = os.environ.get("SERVERS", DEMO["base_url"]).split()
NEXT_SERVER = cycle(SERVERS)


class Response:
    """A status, headers and a body."""

    def __init__(self, status: int, location: str, body: bytes) -> None:
        self.status, self.location, self.text = status, location, body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)


class Visitor:
    """A client that has its own cookies and sends the same headers with each request."""

    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.cookies: dict[str, str] = {}

    def send(self, method: str, path: str, body: object = None, form: dict[str, str] | None = None) -> Response:
        """Send a request with a JSON body or a form to the next server. Return the response, whatever its status."""
        headers = dict(self.headers)
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        content = None if body is None else json.dumps(body)
        if form is not None:
            content = urlencode(form)
        if content is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded" if form is not None else "application/json"
        connection = HTTPConnection(urlsplit(next(NEXT_SERVER)).netloc, timeout=DEADLINE)
        try:
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            for value in response.headers.get_all("Set-Cookie") or []:
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(value).items()}
            return Response(response.status, response.headers.get("Location", ""), response.read())
        finally:
            connection.close()

    def ask(self, method: str, path: str, body: object = None, *, status: int = 200, **options: Any) -> Response:
        """Send a request. Raises AssertionError if the response has another status."""
        response = self.send(method, path, body, **options)
        require(response, status, f"{method} {path}")
        return response

    def open(self, path: str, status: int = 200) -> Response:
        """Open a page and follow its redirects. Raises AssertionError if the last page has another status."""
        response = self.send("GET", path)
        while response.location:
            path = urlsplit(response.location)._replace(scheme="", netloc="").geturl()
            response = self.send("GET", path)
        require(response, status, f"GET {path}")
        return response

    def submit(self, path: str, form_page: str = "", **fields: str) -> str:
        """Fill in the form of a page. Return the URL to which the response redirects."""
        page = self.open(form_page or path)
        [token, *_] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        return self.ask("POST", path, form={"csrfmiddlewaretoken": token} | fields, status=302).location


class SmokeTests(unittest.TestCase):
    """What every release does."""

    def setUp(self) -> None:
        """Give each test an address that nobody has."""
        self.address = f"smoke-{uuid4().hex}@example.com"
        self.api = Visitor(X_API_Key=DEMO["service"]["api_key"])
        self.organization = DEMO["organization"]
        self.house = f"/api/v0/organizations/{self.organization['id']}"

    def invite(self, **terms: object) -> dict[str, Any]:
        """Invite the address of the test with the API key. Return the invitation."""
        body = {"email": self.address} | terms
        invitation: dict[str, Any] = self.api.ask("POST", f"{self.house}/invitations", body, status=201).json["data"]
        return invitation

    def link(self, number: int = 1) -> str:
        """Return the path of the link in the email to the address of the test, when the worker has sent so many."""
        names = wait_for(partial(emails_to, self.address), number)
        text = Visitor().open(f"/development/mails/{names[0]}").text
        [path, *_] = re.findall(r"/i/[A-Za-z0-9_-]+(?=[\"<\s])", text)
        return str(path)

    def test_every_server_is_healthy(self) -> None:
        for path in ("/healthz/live", "/healthz/ready", "/healthz/service"):
            for _server in SERVERS:
                Visitor().ask("GET", path)

    def test_pages_documents_and_static_files_are_served(self) -> None:
        home = Visitor().open("/")
        for path in re.findall(r'href="(/static/[^"]+)"', home.text):
            Visitor().ask("GET", path)
        for prefix in ("api/v0", "wacht", "zenml", "upsun", "applivery"):
            assert "openapi" in Visitor().ask("GET", f"/{prefix}/openapi.json").json

    def test_an_invitee_follows_the_link_of_the_email_signs_up_and_accepts(self) -> None:
        invitation = self.invite()
        listed = self.api.ask("GET", f"{self.house}/invitations?{urlencode({'email': self.address})}").json["data"]
        assert [one["id"] for one in listed] == [invitation["id"]]
        visitor, page = Visitor(), f"/invitations/{invitation['id']}"
        assert "Riverside Cooperative" in visitor.open(self.link()).text

        visitor.submit(
            f"{page}/sign-up", first_name="Smoke", last_name="Test", password1="correct horse " + uuid4().hex
        )
        visitor.open(visitor.submit(f"{page}/accept", form_page=page))

        read = self.api.ask("GET", f"{self.house}/invitations/{invitation['id']}").json["data"]
        assert (read["state"], read["delivery"]["state"]) == ("accepted", "sent")
        assert "Riverside Cooperative" in visitor.open("/").text
        explained = self.api.ask("GET", f"{self.house}/invitations/{invitation['id']}/explain").json["data"]
        assert "invitation.accepted" in {entry["what"] for entry in explained["timeline"]}

    def test_an_invitee_without_an_account_declines_after_a_resend(self) -> None:
        invitation = self.invite()
        self.link()
        self.api.ask("POST", f"{self.house}/invitations/{invitation['id']}/resend")
        visitor, page = Visitor(), f"/invitations/{invitation['id']}"
        visitor.open(self.link(number=2))

        visitor.open(visitor.submit(f"{page}/decline", reason="Only a smoke test."), status=410)

        read = self.api.ask("GET", f"{self.house}/invitations/{invitation['id']}").json["data"]
        assert (read["state"], read["declineReason"]) == ("declined", "Only a smoke test.")

    def test_a_withdrawn_invitation_cannot_be_accepted(self) -> None:
        invitation = self.invite()
        link = self.link()

        self.api.ask("POST", f"{self.house}/invitations/{invitation['id']}/cancel")

        assert "has been withdrawn" in Visitor().open(link, status=410).text

    def test_people_sign_in_and_see_their_organization_and_staff_the_admin(self) -> None:
        owner = DEMO["people"]["owner"]
        visitor = Visitor()
        visitor.submit("/accounts/login/", login=owner["email"], password=owner["password"])
        people = visitor.open(f"/organizations/{self.organization['slug']}/people")
        assert owner["email"] in people.text

        staff = Visitor()
        staff.submit("/accounts/login/", login="staff@example.com", password=owner["password"])
        assert "/admin/invitations/invitation/" in staff.open("/admin/").text
        staff.open("/admin/invitations/invitation/")

    def test_wacht(self) -> None:
        owner = Visitor(Cookie=f"session_id={DEMO['people']['owner']['session_id']}")
        path = f"/wacht/organizations/{self.organization['decimal']}/invitations"
        made = owner.ask("POST", path, {"email": self.address}).json["data"]
        assert made["id"] in [one["id"] for one in owner.ask("GET", path).json["data"]]
        assert owner.ask("POST", f"{path}/{made['id']}/resend").json["data"]["status"] == "pending"
        assert owner.ask("POST", f"{path}/{made['id']}/discard").json["data"]["status"] == "discarded"

    def test_zenml(self) -> None:
        stranger = DEMO["people"]["stranger"]
        self.address = stranger["email"]
        self.invite(force=True)
        visitor = Visitor(Authorization=f"Bearer {stranger['oauth_token']}")
        newest = visitor.ask("GET", "/zenml/invitations").json[0]
        assert visitor.ask("GET", f"/zenml/invitations/{newest['id']}").json == newest
        visitor.ask("POST", f"/zenml/invitations/{newest['id']}?accept=false")
        visitor.ask("GET", f"/zenml/invitations/{newest['id']}", status=404)

    def test_upsun(self) -> None:
        form = {"grant_type": "api_token", "api_token": DEMO["service"]["api_key"]}
        client = Visitor(Authorization="Basic cGxhdGZvcm0tYXBpLXVzZXI6")
        manager = Visitor(
            Authorization=f"Bearer {client.ask('POST', '/upsun/oauth2/token', form=form).json['access_token']}"
        )
        path = f"/upsun/organizations/{self.organization['ulid']}/invitations"
        made = manager.ask("POST", path, {"email": self.address}, status=201).json
        assert made["id"] in [one["id"] for one in manager.ask("GET", path).json]
        manager.ask("DELETE", f"{path}/{made['id']}", status=204)
        assert manager.ask("GET", f"{path}/{made['id']}").json["state"] == "cancelled"

    def test_applivery(self) -> None:
        roles = self.api.ask("GET", f"{self.house}/roles?scope=unit&limit=100").json["data"]
        editor = next(role["id"] for role in roles if role["name"] == "editor")
        owner = Visitor(Authorization=f"Bearer {DEMO['people']['owner']['jwt']}")
        self.invite(unitId=DEMO["application"]["id"], unitRoleId=editor)
        path = f"/applivery/v1/organizations/{self.organization['oid']}/apps/{DEMO['application']['slug']}"
        found = owner.ask("GET", f"{path}/collaborators/invitations?{urlencode({'email': self.address})}").json["data"]
        assert [(one["email"], one["role"]) for one in found["items"]] == [(self.address, "editor")]


def require(response: Response, status: int, request: str) -> None:
    """Raise AssertionError if the response has another status."""
    assert response.status == status, f"{request}: {response.status} instead of {status}\n{response.text[:1000]}"


def emails_to(address: str) -> list[str]:
    """Return the names of the files of the emails to an address, the newest first."""
    page = Visitor().open("/development/mails").text
    return re.findall(rf'href="/development/mails/([^"]+-{re.escape(address)}\.eml)"', page)


def wait_for(find: Callable[[], list[str]], number: int) -> list[str]:
    """Wait until so many are found, and return them."""
    latest = time.monotonic() + DEADLINE
    found = find()
    while len(found) < number:
        if time.monotonic() > latest:
            raise AssertionError(f"{number} emails were to arrive, and {len(found)} did.")
        time.sleep(0.1)
        found = find()
    return found


if __name__ == "__main__":
    unittest.main(verbosity=2)
