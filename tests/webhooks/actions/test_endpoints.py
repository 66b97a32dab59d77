"""Test who may manage webhook endpoints, their limits and secrets."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.encryption import decrypt, is_encrypted
from core.errors import Invalid
from events.models import Event
from orgs.models import Organization
from orgs.permissions import MANAGE_MEMBERS
from orgs.policies import PermissionMissing
from tests.factories import MembershipFactory, WebhookEndpointFactory
from tests.factories.webhooks import FORMER_SECRET, SECRET
from tests.support.people import session_of
from webhooks.actions import endpoints
from webhooks.actions.encryption import WEBHOOKS
from webhooks.actions.endpoints import TooManyWebhookEndpoints, WebhookEndpointNotFound
from webhooks.models import WebhookEndpoint

URL = "https://example.com/hooks"

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint(organization: Organization) -> WebhookEndpoint:
    return WebhookEndpointFactory.create(organization=organization)


def kinds() -> list[str]:
    return [*Event.objects.order_by("id").values_list("kind", flat=True)]


def has_webhooks(organization: Organization) -> bool:
    return Organization.objects.get(pk=organization.pk).has_webhooks


def test_an_endpoint_is_created_with_an_encrypted_secret(owner, organization):
    created, secret = endpoints.create_endpoint(by=session_of(owner), organization_id=organization.pk, url=URL)

    stored = WebhookEndpoint.objects.get()
    assert secret.startswith("whsec_")
    assert is_encrypted(stored.secret)
    assert stored.secrets_at(timezone.now()) == [secret]
    assert (created, stored.url, stored.event_types, stored.is_enabled) == (stored, URL, None, True)
    assert has_webhooks(organization)
    assert kinds() == ["webhook_endpoint.created"]


def test_managing_members_is_not_enough(organization, endpoint):
    manager = MembershipFactory.create(organization=organization, permissions=[MANAGE_MEMBERS])

    with pytest.raises(PermissionMissing):
        endpoints.create_endpoint(by=session_of(manager.user), organization_id=organization.pk, url=URL)
    with pytest.raises(PermissionMissing):
        endpoints.endpoint_of(session_of(manager.user), organization, endpoint.pk)


def test_the_number_of_endpoints_is_limited(owner, organization, endpoint, settings):
    settings.WEBHOOKS_PER_ORGANIZATION = 1

    with pytest.raises(TooManyWebhookEndpoints):
        endpoints.create_endpoint(by=session_of(owner), organization_id=organization.pk, url=URL)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "http://example.com/"}, "url"),
        ({"event_types": []}, "event_types"),
        ({"event_types": ["user.signed_in"]}, "event_types"),
        ({"event_types": ["organization.created"]}, "event_types"),
    ],
)
def test_what_is_refused(owner, organization, endpoint, given: dict[str, Any], field: str):
    by = session_of(owner)
    with pytest.raises(Invalid) as refused:
        endpoints.create_endpoint(by=by, organization_id=organization.pk, **{"url": URL} | given)
    assert refused.value.fields.keys() == {field}
    with pytest.raises(Invalid):
        endpoints.update_endpoint(by=by, organization_id=organization.pk, endpoint_id=endpoint.pk, **given)


def test_types_are_stored_sorted_and_once(owner, organization, endpoint):
    chosen = ["role.created", "membership.created", "role.created"]
    changed = endpoints.update_endpoint(
        by=session_of(owner), organization_id=organization.pk, endpoint_id=endpoint.pk, event_types=chosen
    )

    assert changed.event_types == ["membership.created", "role.created"]
    assert (changed.sends("role.created"), changed.sends("role.deleted")) == (True, False)
    assert Event.objects.get().data == {"changed": ["event_types"], "old": {}, "new": {}}


def test_the_former_secret_signs_for_another_day(owner, organization, endpoint):
    named = {"by": session_of(owner), "organization_id": organization.pk, "endpoint_id": endpoint.pk}
    _, first = endpoints.rotate_secret(**named)
    rotated, second = endpoints.rotate_secret(**named)

    now = timezone.now()
    assert rotated.secrets_at(now) == [second, first]
    assert rotated.secrets_at(now + timedelta(hours=23)) == [second, first]
    assert rotated.secrets_at(now + timedelta(hours=25)) == [second]
    assert SECRET not in (first, second)
    told = " ".join(map(str, Event.objects.values_list("data", flat=True)))
    assert "whsec" not in told
    assert "gAAAA" not in told


def test_the_organization_knows_whether_any_endpoint_follows_its_events(owner, organization, endpoint):
    other = WebhookEndpointFactory.create(organization=organization)
    by = session_of(owner)
    Organization.objects.filter(pk=organization.pk).update(has_webhooks=True)

    endpoints.disable_endpoint(by=by, organization_id=organization.pk, endpoint_id=endpoint.pk)
    assert has_webhooks(organization)
    endpoints.delete_endpoint(by=by, organization_id=organization.pk, endpoint_id=other.pk)
    assert not has_webhooks(organization)
    endpoints.enable_endpoint(by=by, organization_id=organization.pk, endpoint_id=endpoint.pk)
    assert has_webhooks(organization)
    assert kinds() == ["webhook_endpoint.disabled", "webhook_endpoint.deleted", "webhook_endpoint.enabled"]


def test_disabling_twice_is_told_once(owner, organization, endpoint):
    named = {"by": session_of(owner), "organization_id": organization.pk, "endpoint_id": endpoint.pk}
    for _ in range(2):
        disabled = endpoints.disable_endpoint(**named)

    assert disabled.state == "disabled"
    assert kinds() == ["webhook_endpoint.disabled"]


def test_an_endpoint_of_another_organization_is_unknown(owner, organization):
    of_others = WebhookEndpointFactory.create()

    with pytest.raises(WebhookEndpointNotFound):
        endpoints.delete_endpoint(by=session_of(owner), organization_id=organization.pk, endpoint_id=of_others.pk)


def test_secrets_are_encrypted_again_with_the_first_key(organization, settings):
    endpoint = WebhookEndpointFactory.create(organization=organization, rotated=True)
    former = endpoint.secret
    settings.ENCRYPTION_KEYS = ["a new key, which is long enough for production use", *settings.ENCRYPTION_KEYS]

    assert [step.counts() for step in WEBHOOKS.in_steps()] == [(1, 0, 0)]
    assert [step.counts() for step in WEBHOOKS.in_steps()] == [(0, 1, 0)]

    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    endpoint.refresh_from_db()
    assert endpoint.secret != former
    assert (decrypt(endpoint.secret), decrypt(endpoint.former_secret)) == (SECRET, FORMER_SECRET)
