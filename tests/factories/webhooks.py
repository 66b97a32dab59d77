"""Factories of webhook endpoints, and of messages and their deliveries."""

from datetime import datetime, timedelta

from django.utils import timezone
from factory import LazyFunction, SelfAttribute, Sequence, SubFactory, Transformer

from core.encryption import encrypt
from tests.factories.base import ModelFactory, Trait
from tests.factories.orgs import OrganizationFactory
from webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FORMER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def encrypted_former_secret() -> str:
    return encrypt(FORMER_SECRET)


def tomorrow() -> datetime:
    return timezone.now() + timedelta(days=1)


class WebhookEndpointFactory(ModelFactory[WebhookEndpoint]):
    """An enabled endpoint with a known secret. Its organization has `has_webhooks=True`."""

    class Meta:
        model = WebhookEndpoint

    class Params:
        rotated = Trait(former_secret=LazyFunction(encrypted_former_secret), former_secret_until=LazyFunction(tomorrow))

    organization = SubFactory(OrganizationFactory, has_webhooks=True)
    url = Sequence("https://example.com/hooks/{}".format)
    secret = Transformer(SECRET, transform=encrypt)


class WebhookMessageFactory(ModelFactory[WebhookMessage]):
    """A message about an event. Numbers begin at a thousand, because actions write messages too."""

    class Meta:
        model = WebhookMessage

    organization = SubFactory(OrganizationFactory, has_webhooks=True)
    number = Sequence(lambda number: 1000 + number)
    event_type = "organization.updated"
    data = '{"version":1}'


class WebhookDeliveryFactory(ModelFactory[WebhookDelivery]):
    """A delivery that was sent. With `waiting=True`, a worker can take it."""

    class Meta:
        model = WebhookDelivery

    class Params:
        waiting = Trait(state="queued", attempts=0, due_at=LazyFunction(timezone.now), sent_at=None, status=None)
        deferred = Trait(state="deferred", due_at=LazyFunction(tomorrow), sent_at=None, status=500, response="Oops")

    endpoint = SubFactory(WebhookEndpointFactory)
    message = SubFactory(WebhookMessageFactory, organization=SelfAttribute("..endpoint.organization"))
    sequence = Sequence(lambda number: 1000 + number)
    state = "sent"
    attempts = 1
    due_at = None
    sent_at = LazyFunction(timezone.now)
    status = 200
    seconds = 0.042


class WebhookAttemptFactory(ModelFactory[WebhookAttempt]):
    """A response of an endpoint."""

    class Meta:
        model = WebhookAttempt

    delivery = SubFactory(WebhookDeliveryFactory)
    state = "sent"
    response = "ok"
    status = 200
    seconds = 0.042
