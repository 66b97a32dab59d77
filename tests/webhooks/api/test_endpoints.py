"""/organizations/{id}/webhooks: the endpoints of an organization."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from core.api.serializers import format_time
from orgs.models import Organization
from tests.factories import ApiKeyFactory, WebhookAttemptFactory, WebhookDeliveryFactory, WebhookEndpointFactory
from tests.factories.webhooks import SECRET
from tests.support.operations import ABSENT
from tests.support.people import membership_of, sign_in_recently
from tests.support.queries import assert_queries
from webhooks.models import WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(owner, organization) -> APIClient:
    client = APIClient()
    client.force_login(owner)
    sign_in_recently(client)
    return client


def path(organization: Organization, *parts: object) -> str:
    return "/".join(map(str, [f"/api/v0/organizations/{organization.pk}/webhooks", *parts]))


def endpoint_row(endpoint: WebhookEndpoint, **different: Any) -> dict[str, Any]:
    return {
        "id": str(endpoint.pk),
        "url": endpoint.url,
        "description": endpoint.description,
        "eventTypes": None,
        "state": "enabled",
        "failingSince": None,
        "formerSecretUntil": None,
        "createdAt": format_time(endpoint.created_at),
        "updatedAt": format_time(endpoint.updated_at),
    } | different


def test_create_shows_the_secret_once(api, organization):
    body = {"url": "https://example.com/hooks", "description": "Directory", "eventTypes": ["role.created"]}
    response = api.post(path(organization), body)

    endpoint = WebhookEndpoint.objects.get()
    [secret] = endpoint.secrets_at(endpoint.created_at)
    assert response.status_code == 201
    assert response.json()["data"] == endpoint_row(endpoint, eventTypes=["role.created"], secret=secret)
    shown = api.get(path(organization, endpoint.pk))
    assert shown.json()["data"] == endpoint_row(endpoint, eventTypes=["role.created"])


def test_who_gets_the_data_is_decided_after_a_recent_sign_in_as_on_the_pages(owner, organization):
    endpoint = WebhookEndpointFactory.create(organization=organization)
    api = APIClient()
    api.force_login(owner)
    refused = [
        api.post(path(organization), {"url": "https://example.com/hooks"}),
        api.patch(path(organization, endpoint.pk), {"url": "https://example.com/hooks"}),
        api.post(path(organization, endpoint.pk, "rotate-secret")),
    ]

    assert [(found.status_code, found.json()["error"]["code"]) for found in refused] == [
        (403, "recent_sign_in_required")
    ] * 3
    assert api.get(path(organization, endpoint.pk)).json()["data"] == endpoint_row(endpoint)


def test_an_api_key_adds_an_endpoint(owner, organization):
    ApiKeyFactory.create(membership=membership_of(owner, organization), secret="pw_a-secret-of-a-key")
    created = APIClient().post(
        path(organization), {"url": "https://example.com/hooks"}, headers={"X-API-Key": "pw_a-secret-of-a-key"}
    )

    assert created.status_code == 201


def test_the_list_is_oldest_first(api, organization):
    first, second = WebhookEndpointFactory.create_batch(2, organization=organization)
    WebhookEndpointFactory.create()

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        endpoints="SELECT webhooks_webhookendpoint",
    ):
        response = api.get(path(organization))

    assert response.json()["data"] == [endpoint_row(first), endpoint_row(second)]


def test_a_url_inside_is_refused_and_the_field_is_named(api, organization):
    response = api.post(path(organization), {"url": "https://10.0.0.1/"})

    assert response.status_code == 400
    assert response.json()["error"]["fields"] == {"url": ["The host is an address that is not in the public Internet."]}


@pytest.mark.parametrize(
    "wrong", [{"eventTypes": []}, {"eventTypes": ["x"]}, {"eventTypes": "role.created"}, {"url": ""}]
)
def test_malformed_bodies(api, organization, wrong: dict[str, Any]):
    response = api.post(path(organization), {"url": "https://example.com/hooks"} | wrong)

    assert response.status_code == 400
    assert {name.partition(".")[0] for name in response.json()["error"]["fields"]} == {*wrong}


def delivery_row(delivery: WebhookDelivery, **different: Any) -> dict[str, Any]:
    return {
        "id": str(delivery.pk),
        "messageId": f"msg_{delivery.message_id.hex}",
        "eventType": "organization.updated",
        "sequence": delivery.sequence,
        "state": "sent",
        "attempts": 1,
        "status": 200,
        "seconds": 0.042,
        "response": "",
        "nextAttemptAt": None,
        "happenedAt": format_time(delivery.message.created_at),
        "requestId": "",
        "updatedAt": format_time(delivery.updated_at),
    } | different


def test_the_ledger_shows_deliveries_and_attempts(api, organization):
    endpoint = WebhookEndpointFactory.create(organization=organization)
    first = WebhookDeliveryFactory.create(endpoint=endpoint)
    second = WebhookDeliveryFactory.create(endpoint=endpoint, deferred=True)
    attempt = WebhookAttemptFactory.create(delivery=second, status=500, response="Oops")
    WebhookDeliveryFactory.create()
    assert second.due_at is not None
    waiting = {"state": "deferred", "status": 500, "response": "Oops", "nextAttemptAt": format_time(second.due_at)}

    shown = api.get(path(organization, endpoint.pk, "deliveries")).json()
    assert shown["data"] == [delivery_row(second, **waiting), delivery_row(first)]
    details = api.get(path(organization, endpoint.pk, "deliveries", second.pk)).json()["data"]
    assert details == delivery_row(second, **waiting) | {
        "body": f'{{"type":"organization.updated","timestamp":"{format_time(second.message.created_at)}",'
        f'"sequence":{second.sequence},"data":{{"version":1}}}}',
        "history": [{"at": format_time(attempt.created_at), "status": 500, "seconds": 0.042, "response": "Oops"}],
    }


def test_test_and_replay_need_an_enabled_endpoint(api, organization):
    endpoint = WebhookEndpointFactory.create(organization=organization)
    delivery = WebhookDeliveryFactory.create(endpoint=endpoint)
    requests: tuple[tuple[str, dict[str, Any]], ...] = (
        (path(organization, endpoint.pk, "test"), {}),
        (path(organization, endpoint.pk, "replay"), {"since": format_time(delivery.message.created_at)}),
        (path(organization, endpoint.pk, "deliveries", delivery.pk, "replay"), {}),
    )
    assert [api.post(*request).status_code for request in requests] == [202, 202, 202]
    assert WebhookDelivery.objects.get(pk=delivery.pk).state == "queued"
    WebhookEndpoint.objects.update(state="gone")
    responses = [api.post(*request) for request in requests]
    assert [one.json()["error"]["code"] for one in responses] == ["webhook_endpoint_disabled"] * 3
    assert api.post(path(organization, endpoint.pk, "deliveries", ABSENT, "replay")).status_code == 409


def test_change_disable_enable_rotate_delete(api, organization):
    endpoint = WebhookEndpointFactory.create(organization=organization)
    changed = api.patch(path(organization, endpoint.pk), {"description": "Other"}).json()["data"]
    assert changed["description"] == "Other"
    disabled = api.post(path(organization, endpoint.pk, "disable")).json()["data"]
    assert disabled["state"] == "disabled"
    enabled = api.post(path(organization, endpoint.pk, "enable")).json()["data"]
    assert enabled["state"] == "enabled"
    rotated = api.post(path(organization, endpoint.pk, "rotate-secret")).json()["data"]
    endpoint.refresh_from_db()
    assert endpoint.secrets_at(endpoint.updated_at) == [rotated["secret"], SECRET]
    assert endpoint.former_secret_until is not None
    assert rotated["formerSecretUntil"] == format_time(endpoint.former_secret_until)
    assert api.delete(path(organization, endpoint.pk)).status_code == 204
    assert api.get(path(organization, endpoint.pk)).status_code == 404
