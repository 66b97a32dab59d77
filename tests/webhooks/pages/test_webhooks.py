"""Test the pages of webhook endpoints, for members who may manage everything."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.test import Client

from orgs.models import Organization
from orgs.permissions import MANAGE_MEMBERS
from tests.factories import MembershipFactory, WebhookDeliveryFactory, WebhookEndpointFactory
from tests.factories.webhooks import SECRET
from tests.support.pages import visible_text
from tests.support.people import sign_in_recently
from tests.support.queries import assert_queries
from webhooks.models import WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db

LIST = "/organizations/riverside/webhooks"
NEW = f"{LIST}/new"
URL = "https://example.com/hooks"


@pytest.fixture
def saved(organization: Organization) -> WebhookEndpoint:
    created: WebhookEndpoint = WebhookEndpointFactory.create(organization=organization, description="Directory")
    return created


@pytest.fixture
def visitor(client: Client, owner: Any, organization: Organization) -> Client:
    client.force_login(owner)
    sign_in_recently(client)
    return client


def page_of(endpoint: WebhookEndpoint, *parts: object) -> str:
    return "/".join(map(str, [LIST, endpoint.pk, *parts]))


def test_the_list_leads_to_each_endpoint(visitor, saved):
    failing = WebhookEndpointFactory.create(
        organization=saved.organization, state="failing", failing_since=datetime(2026, 6, 1, tzinfo=UTC)
    )
    page = visitor.get(LIST)

    lines = visible_text(page)
    assert {"Directory", failing.url, "Enabled", "Disabled: it failed for five days"} <= set(lines)
    assert page_of(saved) in page.content.decode()


def test_the_page_is_for_people_who_manage_everything(client, organization, saved):
    manager = MembershipFactory.create(organization=organization, permissions=[MANAGE_MEMBERS])
    client.force_login(manager.user)
    sign_in_recently(client)

    for path in (LIST, NEW, page_of(saved), page_of(saved, "change"), page_of(saved, "delete")):
        assert client.get(path).status_code == 403
    assert LIST not in client.get("/organizations/riverside/people").content.decode()


def test_adding_an_endpoint_shows_its_secret_once(visitor, organization):
    given = {"url": URL, "description": "Directory", "which": "chosen", "event_types": ["role.created"]}
    page = visitor.post(NEW, given)

    endpoint = WebhookEndpoint.objects.get()
    [secret] = endpoint.secrets_at(endpoint.created_at)
    assert page.status_code == 200
    assert secret in unescape(page.content.decode())
    assert (endpoint.url, endpoint.description, endpoint.event_types) == (URL, "Directory", ["role.created"])
    assert secret not in visitor.get(page_of(endpoint)).content.decode()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"url": "https://10.0.0.1/"}, "Webhooks can only be sent to an address that begins with https://"),
        ({"which": "chosen"}, "Choose at least one event."),
        ({"event_types": ["role.created"]}, "You have also chosen events below. Choose one of both."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(visitor, organization, wrong: dict[str, Any], told: str):
    page = visitor.post(NEW, {"url": URL, "which": "all"} | wrong)

    assert page.status_code == 400
    assert any(line.startswith(told) for line in visible_text(page))
    assert not WebhookEndpoint.objects.exists()


def test_the_ledger_says_how_each_webhook_was_received(visitor, saved):
    WebhookDeliveryFactory.create(endpoint=saved, sequence=1)
    WebhookDeliveryFactory.create(endpoint=saved, sequence=2, deferred=True)
    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        endpoint="SELECT webhooks_webhookendpoint",
        deliveries="SELECT webhooks_webhookdelivery",
    ):
        page = visitor.get(page_of(saved))

    text = re.sub(r"\s+", " ", " ".join(visible_text(page)))
    assert "Delivered · 200 · 0.042 s" in text
    assert "Will be tried again · 500 · 0.042 s" in text
    assert "Oops" in text


def test_the_buttons(visitor, saved):
    delivery = WebhookDeliveryFactory.create(endpoint=saved)
    assert visitor.post(page_of(saved, "test")).status_code == 302
    assert visitor.post(page_of(saved, "deliveries", delivery.pk, "replay")).status_code == 302
    assert {*WebhookDelivery.objects.values_list("state", flat=True)} == {"queued"}
    assert visitor.post(page_of(saved, "replay"), {"since": "2026-01-02T03:04"}).status_code == 302
    visitor.post(page_of(saved, "change"), {"url": URL, "description": "", "which": "all"})
    rotated = visitor.post(page_of(saved, "secret"))
    saved.refresh_from_db()
    secret, former = saved.secrets_at(saved.updated_at)
    assert former == SECRET
    assert secret in unescape(rotated.content.decode())
    assert (saved.url, saved.description) == (URL, "")
    assert "Disable this webhook endpoint?" in visible_text(visitor.get(page_of(saved, "disable")))
    visitor.post(page_of(saved, "disable"))
    assert visitor.post(page_of(saved, "test")).status_code == 409
    visitor.post(page_of(saved, "enable"))
    saved.refresh_from_db()
    assert saved.is_enabled
    assert visitor.post(page_of(saved, "delete")).url == LIST
    assert not WebhookEndpoint.objects.exists()


def test_who_has_not_signed_in_recently_enters_the_password_before_a_secret_or_an_address_is_set(client, owner, saved):
    client.force_login(owner)

    asked = [client.get(path).status_code for path in (NEW, page_of(saved, "change"), page_of(saved, "secret"))]
    client.post(page_of(saved, "change"), {"url": URL, "description": "", "which": "all"})

    assert asked == [302] * 3
    saved.refresh_from_db()
    assert saved.url != URL
