"""Test the addresses that programs know in advance, and the headers of every page."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured

from perfectworks.environment import require_contact


def test_security_txt_says_how_to_report_a_vulnerability(client, settings):
    settings.SECURITY_CONTACT = "mailto:security@example.com"
    settings.SECURITY_POLICY_URL = "https://example.com/security"
    with time_machine.travel(datetime(2030, 1, 1, tzinfo=UTC), tick=False):
        response = client.get("/.well-known/security.txt")

    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode().splitlines() == [
        "Contact: mailto:security@example.com",
        "Expires: 2030-04-01T00:00:00Z",
        "Preferred-Languages: en, de",
        f"Canonical: {settings.PUBLIC_BASE_URL}/.well-known/security.txt",
        "Policy: https://example.com/security",
    ]


def test_without_a_contact_there_is_no_security_txt(client, db):
    assert client.get("/.well-known/security.txt").status_code == 404


@pytest.mark.parametrize("contact", ["security@example.com", "http://example.com", "mailto:a b", "mailto:a\nPolicy:"])
def test_a_contact_is_a_uri(contact):
    with pytest.raises(ImproperlyConfigured, match="SECURITY_CONTACT must begin with https://, mailto: or tel:"):
        require_contact("SECURITY_CONTACT", contact)


def test_password_managers_find_the_page_where_a_password_is_changed(client):
    response = client.get("/.well-known/change-password")

    assert (response.status_code, response["Location"]) == (302, "/accounts/password/change/")


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/nothing", "/admin/login/", "/api/v0/docs"])
def test_every_page_denies_itself_devices(client, db, path):
    policy = client.get(path)["Permissions-Policy"]

    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(policy.split(", "))
