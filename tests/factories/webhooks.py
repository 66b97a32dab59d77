"""Factories of webhook endpoints."""

from datetime import datetime, timedelta

from django.utils import timezone
from factory import LazyFunction, Sequence, SubFactory, Trait, Transformer
from factory.django import DjangoModelFactory

from core.encryption import encrypt
from tests.factories.orgs import OrganizationFactory
from webhooks.models import WebhookEndpoint

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FORMER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def encrypted_former_secret() -> str:
    return encrypt(FORMER_SECRET)


def tomorrow() -> datetime:
    return timezone.now() + timedelta(days=1)


class WebhookEndpointFactory(DjangoModelFactory[WebhookEndpoint]):
    """An enabled endpoint with a known secret. Its organization has `has_webhooks=True`."""

    class Meta:
        model = WebhookEndpoint

    class Params:
        rotated = Trait(former_secret=LazyFunction(encrypted_former_secret), former_secret_until=LazyFunction(tomorrow))

    organization = SubFactory(OrganizationFactory, has_webhooks=True)
    url = Sequence("https://example.com/hooks/{}".format)
    secret = Transformer(SECRET, transform=encrypt)
