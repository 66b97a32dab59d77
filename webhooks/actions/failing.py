"""What the responses of an endpoint mean for it. The worker calls these in the transaction that records a response."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now

from accounts.email.models import AccountEmail
from accounts.principals import SERVICE
from orgs.actions.notices import notify_owners
from orgs.locks import lock_organization
from webhooks.actions.endpoints import set_disabled
from webhooks.models import WebhookEndpoint

LONG_FAILURE = timedelta(hours=1)
FAILING_AFTER = timedelta(days=5)


def note_failure(endpoint: WebhookEndpoint, at: datetime) -> None:
    """Store when the endpoint began to fail, unless it is stored."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since__isnull=True).update(failing_since=at)


def note_success(endpoint: WebhookEndpoint, at: datetime, *, is_test: bool) -> None:
    """Store that the endpoint works. After a long failure or a test, try at once what it refused in the meantime.

    A test means that somebody has just mended the endpoint and watches. The loaded endpoint may be older than a failure
    that another worker has stored, so the row decides.
    """
    failing = WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since__isnull=False)
    was_failing = failing.update(failing_since=None)
    if was_failing and (is_test or at - (endpoint.failing_since or at) > LONG_FAILURE):
        endpoint.deliveries.deferred().update(due_at=Now())


def disable_gone(endpoint: WebhookEndpoint) -> None:
    """Disable an endpoint that responded with 410, unless its URL was changed while the request ran."""
    _disable(endpoint, WebhookEndpoint.State.GONE, Q(url=endpoint.url))


def disable_failing(endpoint: WebhookEndpoint, at: datetime) -> None:
    """Disable an endpoint that has failed for days, unless it was enabled again or changed while the request ran."""
    _disable(endpoint, WebhookEndpoint.State.FAILING, Q(failing_since__lte=at - FAILING_AFTER))


def _disable(endpoint: WebhookEndpoint, state: WebhookEndpoint.State, *conditions: Q) -> None:
    """Disable the endpoint and tell the owners, unless it is disabled or was deleted."""
    organization = lock_organization(endpoint.organization_id, by=SERVICE, archived=True)
    enabled = organization.webhook_endpoints.enabled().select_for_update(no_key=True)
    present = enabled.filter(*conditions, pk=endpoint.pk).first()
    if present is not None:
        set_disabled(SERVICE, organization, present, state)
        notify_owners(AccountEmail.Purpose.WEBHOOK_DISABLED, organization=organization, object_id=present.pk)
