"""Test Upsun's browser client on another origin: it signs in and lists the sent invitations.

The test page contains only the client and the URLs of this service.
"""

import json
import os
import sys
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import requests
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

DEMO = json.loads(Path(os.environ["DEMO"]).read_text())
PORT = int(os.environ["CLIENT_PORT"])
ORIGIN = f"http://127.0.0.1:{PORT}"
CLIENT = Path(__file__).parent / "node_modules" / "platformsh-client" / "lib" / "client" / "platform-api.js"
PAGE = """<!DOCTYPE html><link rel="icon" href="data:,"><h1>The vendor's client</h1><ul></ul><p></p>
<script src="/client.js"></script>
<script>
  const {default: Client} = window["platform-api"];
  const show = (where, text) => document.querySelector(where).append(text, document.createElement("br"));
  new Client(CONFIGURATION).getOrganizationInvitations(ORGANIZATION)
    .then((found) => found.forEach((invitation) => show("ul", `${invitation.email} ${invitation.state}`)))
    .catch((raised) => show("p", JSON.stringify(raised)));
</script>"""


class Site(BaseHTTPRequestHandler):
    """Serve the test page and the client's script."""

    def __init__(self, *args: Any, client_id: str) -> None:
        base = DEMO["base_url"]
        self.configuration = {
            "client_id": client_id,
            "redirect_uri": f"{ORIGIN}/",
            "scope": ["organizations"],
            "authorization": f"{base}/oauth2/authorize",
            "authentication_url": f"{base}/upsun",
            "api_url": f"{base}/upsun",
        }
        super().__init__(*args)

    def do_GET(self) -> None:
        is_client = self.path == "/client.js"
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_client else "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(CLIENT.read_bytes() if is_client else self.page().encode())

    def page(self) -> str:
        words = {"CONFIGURATION": self.configuration, "ORGANIZATION": DEMO["organization"]["ulid"]}
        page = PAGE
        for word, value in words.items():
            page = page.replace(word, json.dumps(value))
        return page

    def log_message(self, *_: object) -> None:
        """Do not log requests."""


def registered() -> str:
    """Register the client as the owner, and return its id."""
    response = requests.post(
        f"{DEMO['base_url']}/api/v0/oauth-applications",
        headers={"Authorization": f"Bearer {DEMO['people']['owner']['jwt']}"},
        json={"kind": "client", "public": True, "name": "Console", "redirectUris": [f"{ORIGIN}/"]},
        timeout=10,
    )
    return str(response.json()["data"]["clientId"])


def walk(page: Page) -> None:
    """Open the test page, sign in, allow access, and check the list."""
    owner = DEMO["people"]["owner"]
    page.goto(ORIGIN)
    page.get_by_label("Email").fill(owner["email"])
    page.get_by_label("Password").fill(owner["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Allow Console to act for you?")
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The vendor's client")
    expect(page.locator("ul")).to_contain_text("invitee@example.com pending")
    expect(page.locator("p")).to_be_empty()


def chromium(playwright: Playwright) -> Browser:
    """Launch the installed browser."""
    return playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox", "--disable-gpu"])


def main() -> int:
    """Run the test. Raises an exception if a step fails."""
    server = ThreadingHTTPServer(("127.0.0.1", PORT), partial(Site, client_id=registered()))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with sync_playwright() as playwright, chromium(playwright) as browser:
        walk(browser.new_page())
    server.shutdown()
    print("ok - it signs a person in from another origin, and lists what they sent")
    return 0


if __name__ == "__main__":
    sys.exit(main())
