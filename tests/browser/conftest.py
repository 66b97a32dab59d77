"""A browser for the tests."""

from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from playwright.sync_api import Page, Response
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from invitations.models import Invitation
from invitations.tokens import Purpose, token_for


class Visitor:
    """A person with a browser."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.language = "en"

    def activate_language(self, language: str) -> None:
        """Make the browser request pages in this language."""
        self.language = language
        self.page.set_extra_http_headers({"Accept-Language": language})

    def translated(self, text: str) -> str:
        """Translate an English text of a page into the visitor's language."""
        with translation.override(self.language):
            return translation.gettext(text)

    def go(self, path: str) -> Response:
        response = self.page.goto(self.base_url + path)
        assert response is not None
        return response

    def open_email(self, invitation: Invitation, purpose: Purpose = Purpose.EMAILED) -> Response:
        return self.go(f"/i/{token_for(invitation, purpose)}")

    def submit(self, form: dict[str, str], button: str) -> Response:
        """Fill in the fields by label, press the button, and return the response after redirects.

        Pass the labels and the button in English. They are translated into the visitor's language.
        """
        for label, text in form.items():
            self.page.get_by_label(self.translated(label), exact=True).fill(text)
        with self.page.expect_navigation() as navigation:
            self.page.get_by_role("button", name=self.translated(button), exact=True).click()
        return navigation.value

    def post(self, path: str) -> Response:
        """Submit a form without a CSRF token from a page of this site."""
        self.go("/")
        self.page.set_content(f'<form method="post" action="{self.base_url}{path}"><button>Send</button></form>')
        return self.submit({}, "Send")

    def sign_in(self, user: User) -> None:
        """Sign in by setting the session cookie, without using the sign-in page."""
        client = Client()
        client.force_login(user)
        value = client.cookies["session_id"].value
        self.page.context.add_cookies([{"name": "session_id", "value": value, "url": self.base_url}])


@pytest.fixture
def visitor(page: Page, live_server: LiveServer, settings: Any) -> Visitor:
    settings.PUBLIC_BASE_URL = live_server.url
    page.set_default_timeout(10_000)
    return Visitor(page, live_server.url)
