"""What the responses of an endpoint mean for it. The worker calls these in the transaction that records a response."""

from datetime import datetime, timedelta

from django.db.models.functions import Now

from accounts.email.models import AccountEmail
from accounts.principals import SERVICE
from orgs.actions.notices import notify_owners
from orgs.locks import lock_organization
from outbox.models import DeliveryState
from webhooks.actions.endpoints import set_disabled
from webhooks.models import WebhookEndpoint

LONG_FAILURE = timedelta(hours=1)


def note_failure(endpoint: WebhookEndpoint, at: datetime) -> None:
    """Store when the endpoint began to fail, unless it is stored."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since__isnull=True).update(failing_since=at)


def note_success(endpoint: WebhookEndpoint, at: datetime, *, is_test: bool) -> None:
    """Store that the endpoint works. After a long failure or a test, try at once what it refused in the meantime.

    A test means that somebody has just mended the endpoint and watches.
    """
    failing_since = endpoint.failing_since
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None)
    if failing_since is not None and (is_test or at - failing_since > LONG_FAILURE):
        endpoint.deliveries.filter(state=DeliveryState.DEFERRED, due_at__isnull=False).update(due_at=Now())


def disable_gone(endpoint: WebhookEndpoint) -> None:
    """Disable an endpoint that responded with 410."""
    _disable(endpoint, WebhookEndpoint.State.GONE)


def disable_failing(endpoint: WebhookEndpoint) -> None:
    """Disable an endpoint that has failed for days."""
    _disable(endpoint, WebhookEndpoint.State.FAILING)


def _disable(endpoint: WebhookEndpoint, state: WebhookEndpoint.State) -> None:
    """Disable the endpoint and tell the owners, unless it is disabled or was deleted."""
    organization = lock_organization(endpoint.organization_id, by=SERVICE, archived=True)
    present = organization.webhook_endpoints.enabled().select_for_update(no_key=True).filter(pk=endpoint.pk).first()
    if present is not None:
        set_disabled(SERVICE, organization, present, state)
        notify_owners(AccountEmail.Purpose.WEBHOOK_DISABLED, organization=organization, object_id=present.pk)
