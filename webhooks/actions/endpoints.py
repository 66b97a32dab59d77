"""Actions on endpoints. Only members who may manage everything see and change them: webhooks contain all its people."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.principals import Principal
from core.encryption import encrypt
from core.errors import Conflict, Invalid, NotFound, QuotaMixin
from orgs import policies
from orgs.actions.saving import apply_changes, record, require_names, save_checked
from orgs.limits import require_below
from orgs.locks import lock_organization
from orgs.models import Organization
from orgs.permissions import ADMIN
from outbox.models import DeliveryState
from webhooks.event_types import EVENT_TYPES
from webhooks.models import WebhookEndpoint, WebhookEndpointQuerySet, WebhookMessage
from webhooks.signing import new_secret
from webhooks.targets import TargetRefused, parse_target

OVERLAP = timedelta(hours=24)  # after a rotation, the former secret signs for so long


class WebhookEndpointNotFound(NotFound):
    """The organization has no such endpoint."""

    message = "There is no such webhook endpoint."


class TooManyWebhookEndpoints(QuotaMixin, Conflict):
    """The organization has the maximum number of endpoints."""

    message = "This organization has the maximum number of webhook endpoints. Delete one first."


class WebhookUrlRefused(Invalid):
    """Webhooks are not sent to this URL. The field says why."""


def endpoints_of(by: Principal, organization: Organization) -> WebhookEndpointQuerySet:
    """Return the organization's endpoints. Raises PermissionMissing unless the caller manages everything."""
    policies.require(by, organization, ADMIN)
    return WebhookEndpoint.objects.of_organization(organization.pk)


def endpoint_of(by: Principal, organization: Organization, endpoint_id: UUID) -> WebhookEndpoint:
    """Return one of ``endpoints_of``. Raises the same error, and WebhookEndpointNotFound."""
    endpoint = endpoints_of(by, organization).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise WebhookEndpointNotFound
    return endpoint


def lock_endpoint(by: Principal, organization_id: UUID, endpoint_id: UUID) -> tuple[Organization, WebhookEndpoint]:
    """Lock the organization and the endpoint, and check the permission.

    Raises OrganizationNotFound, PermissionMissing, WebhookEndpointNotFound.
    """
    organization = lock_organization(organization_id, by=by)
    endpoints = endpoints_of(by, organization).select_for_update(no_key=True)
    endpoint = endpoints.filter(pk=endpoint_id).first()
    if endpoint is None:
        raise WebhookEndpointNotFound
    return organization, endpoint


@transaction.atomic
def create_endpoint(
    *,
    by: Principal,
    organization_id: UUID,
    url: str,
    description: str = "",
    event_types: Iterable[str] | None = None,
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint, and return it with its secret, which is not shown again.

    The endpoint gets the events that happen from now on. ``event_types`` chooses some types; None means all. Raises
    OrganizationNotFound, PermissionMissing, TooManyWebhookEndpoints, and Invalid for a URL to which webhooks are not
    sent or an unknown type.
    """
    organization = lock_organization(organization_id, by=by)
    endpoints = endpoints_of(by, organization)
    require_below(settings.WEBHOOKS_PER_ORGANIZATION, endpoints, TooManyWebhookEndpoints)
    secret = new_secret()
    endpoint = WebhookEndpoint(
        organization=organization,
        url=_checked_url(url),
        description=description,
        event_types=_checked_types(event_types),
        secret=encrypt(secret),
        position=_last_number(organization),
    )
    save_checked(endpoint)
    _follow(organization)
    record("webhook_endpoint.created", by, endpoint, organization)
    return endpoint, secret


@transaction.atomic
def update_endpoint(*, by: Principal, organization_id: UUID, endpoint_id: UUID, **changes: Any) -> WebhookEndpoint:
    """Change ``url``, ``description`` or ``event_types``. Raises what ``lock_endpoint`` raises, and Invalid.

    The failures of a former URL do not count for a new one, and what it refused is tried again at once.
    """
    organization, endpoint = lock_endpoint(by, organization_id, endpoint_id)
    require_names(changes, {"url", "description", "event_types"})
    if "url" in changes:
        _checked_url(changes["url"])
        changes |= {"failing_since": None} if changes["url"] != endpoint.url else {}
    if "event_types" in changes:
        changes["event_types"] = _checked_types(changes["event_types"])
    record("webhook_endpoint.updated", by, endpoint, organization, **apply_changes(endpoint, changes))
    if "failing_since" in changes:
        endpoint.deliveries.deferred().update(due_at=Now())
    return endpoint


@transaction.atomic
def rotate_secret(*, by: Principal, organization_id: UUID, endpoint_id: UUID) -> tuple[WebhookEndpoint, str]:
    """Give the endpoint a new secret, and return it. The present one also signs for another 24 hours.

    An earlier former secret stops at once. Raises what ``lock_endpoint`` raises.
    """
    organization, endpoint = lock_endpoint(by, organization_id, endpoint_id)
    secret = new_secret()
    until = timezone.now() + OVERLAP
    changed = apply_changes(
        endpoint, {"secret": encrypt(secret), "former_secret": endpoint.secret, "former_secret_until": until}
    )
    record("webhook_endpoint.secret_rotated", by, endpoint, organization, **changed)
    return endpoint, secret


@transaction.atomic
def disable_endpoint(*, by: Principal, organization_id: UUID, endpoint_id: UUID) -> WebhookEndpoint:
    """Stop sending webhooks to the endpoint. Does nothing if it is disabled. Raises what ``lock_endpoint`` raises."""
    organization, endpoint = lock_endpoint(by, organization_id, endpoint_id)
    if endpoint.is_enabled:
        set_disabled(by, organization, endpoint, WebhookEndpoint.State.DISABLED)
    return endpoint


@transaction.atomic
def enable_endpoint(*, by: Principal, organization_id: UUID, endpoint_id: UUID) -> WebhookEndpoint:
    """Send webhooks to the endpoint again, for the events that happen from now on.

    Does nothing if it is enabled. Raises what ``lock_endpoint`` raises.
    """
    organization, endpoint = lock_endpoint(by, organization_id, endpoint_id)
    if not endpoint.is_enabled:
        changed = apply_changes(
            endpoint,
            {"state": WebhookEndpoint.State.ENABLED, "failing_since": None, "position": _last_number(organization)},
        )
        _follow(organization)
        record("webhook_endpoint.enabled", by, endpoint, organization, **changed)
    return endpoint


@transaction.atomic
def delete_endpoint(*, by: Principal, organization_id: UUID, endpoint_id: UUID) -> None:
    """Delete the endpoint and what is stored about its webhooks. Raises what ``lock_endpoint`` raises."""
    organization, endpoint = lock_endpoint(by, organization_id, endpoint_id)
    record("webhook_endpoint.deleted", by, endpoint, organization)
    endpoint.deliveries.lock_unsent()
    endpoint.delete()
    _follow(organization)


def set_disabled(
    by: Principal, organization: Organization, endpoint: WebhookEndpoint, state: WebhookEndpoint.State
) -> None:
    """Set another state than ``enabled``. The caller has locked both."""
    changed = apply_changes(endpoint, {"state": state})
    waiting = endpoint.deliveries.unsent().exclude(state=DeliveryState.SENDING)
    waiting.update(state=DeliveryState.DROPPED, due_at=None, reason="The endpoint is disabled.")
    _follow(organization)
    record("webhook_endpoint.disabled", by, endpoint, organization, **changed)


def _follow(organization: Organization) -> None:
    """Store with the organization whether its events are for any endpoint. Other organizations need no query then."""
    has_webhooks = organization.webhook_endpoints.enabled().exists()
    if organization.has_webhooks != has_webhooks:
        organization.has_webhooks = has_webhooks
        Organization.objects.filter(pk=organization.pk).update(has_webhooks=has_webhooks)


def _last_number(organization: Organization) -> int:
    """Return the number of the organization's newest message, or 0."""
    newest = WebhookMessage.objects.of_organization(organization.pk).last()
    return newest.number or 0 if newest else 0


def _checked_url(url: str) -> str:
    try:
        parse_target(url)
    except TargetRefused as error:
        raise WebhookUrlRefused(fields={"url": [str(error)]}) from error
    return url


def _checked_types(event_types: Iterable[str] | None) -> list[str] | None:
    """Return the types without duplicates, sorted. Raises Invalid for an unknown type and for none."""
    if event_types is None:
        return None
    chosen = set(event_types)
    if not chosen or not chosen <= set(EVENT_TYPES):
        problem = "Unknown event type." if chosen else "Choose at least one event type."
        raise Invalid(fields={"event_types": [problem]})
    return sorted(chosen)
