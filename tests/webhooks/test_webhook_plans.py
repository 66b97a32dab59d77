"""Test which index PostgreSQL uses for each question about webhooks, including in generic plans."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from outbox.models import DeliveryState
from tests.factories import OrganizationFactory, WebhookEndpointFactory
from tests.support.query_plans import indexes_used, without_digest
from tests.test_list_plans import SOME
from webhooks.actions.replaying import deliveries_of
from webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
ENDPOINT = WebhookEndpoint(pk=SOME, organization_id=SOME)

QUESTIONS: dict[str, tuple[str, Callable[[], QuerySet[Any]]]] = {
    "the endpoints of an organization": (
        "webhook_of_organization",
        lambda: WebhookEndpoint.objects.of_organization(SOME),
    ),
    "endpoints with news": ("webhook_with_news", lambda: WebhookEndpoint.objects.filter(has_news=True).order_by("id")),
    "the messages that follow": (
        "webhook_message_number",
        lambda: WebhookMessage.objects.for_endpoint(ENDPOINT).filter(number__gt=5)[:50],
    ),
    "the newest message": (
        "webhook_message_number",
        lambda: WebhookMessage.objects.of_organization(SOME).reverse()[:1],
    ),
    "old messages": ("webhook_message_by_age", lambda: WebhookMessage.objects.before(LONG_AGO)[:1000]),
    "the messages about an invitation": (
        "webhook_message_of_subject",
        lambda: WebhookMessage.objects.filter(subject_id=SOME),
    ),
    "the messages that name a member": ("webhook_message_of_user", lambda: WebhookMessage.objects.filter(user_id=SOME)),
    "the messages that name an invitee": (
        "webhook_message_of_address",
        lambda: WebhookMessage.objects.filter(address__in=["ann@example.com", "bob@example.com"]),
    ),
    "deliveries that are due": (
        "webhookdelivery_unsent",
        lambda: WebhookDelivery.objects.due().filter(due_at__lt=LONG_AGO)[:500],
    ),
    "whether one comes first": ("webhook_delivery_waiting", lambda: WebhookDelivery.objects.holding_up(SOME, 5)),
    "the ledger of an endpoint": ("webhook_delivery_once", lambda: deliveries_of(ENDPOINT)[:50]),
    "the deliveries of messages": (
        "webhooks_webhookdelivery_message_id",
        lambda: WebhookDelivery.objects.filter(message=SOME),
    ),
    "the attempts of a delivery": (
        "webhooks_webhookattempt_delivery_id",
        lambda: WebhookAttempt.objects.filter(delivery=SOME).order_by(),
    ),
}


def create_many_webhooks() -> None:
    """Create so many rows that PostgreSQL uses the indexes."""
    endpoints = [WebhookEndpointFactory.build(organization=OrganizationFactory.create()) for _ in range(20)]
    WebhookEndpoint.objects.bulk_create(
        WebhookEndpoint(organization=one.organization, url=one.url, secret=one.secret, has_news=number % 50 == 0)
        for number in range(1000)
        for one in (endpoints[number % 20],)
    )
    keys = [*WebhookEndpoint.objects.values_list("pk", "organization_id")]
    now = timezone.now()
    messages = WebhookMessage.objects.bulk_create(
        WebhookMessage(
            organization_id=keys[number % 1000][1],
            number=number,
            data="{}",
            subject_id=uuid4(),
            user_id=uuid4() if number % 10 == 0 else None,
            address=f"{number}@example.com" if number % 10 == 0 else None,
            created_at=now - timedelta(minutes=number),
        )
        for number in range(4000)
    )
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            endpoint_id=keys[number % 100][0],
            message=message,
            sequence=number,
            state=DeliveryState.SENT if number % 20 else DeliveryState.QUEUED,
            sent_at=now if number % 20 else None,
            due_at=None if number % 20 else now + timedelta(minutes=number - 2000),
        )
        for number, message in enumerate(messages)
    )
    rows = WebhookDelivery.objects.all()
    WebhookAttempt.objects.bulk_create(WebhookAttempt(delivery=delivery, state="sent") for delivery in rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def test_each_question_about_webhooks_uses_its_index():
    create_many_webhooks()
    used = {question: indexes_used(rows()) for question, (_, rows) in QUESTIONS.items()}

    assert {question: found for question, found in used.items() if QUESTIONS[question][0] not in found} == {}


def test_every_index_of_webhooks_is_used():
    tables = sorted(model._meta.db_table for model in apps.get_app_config("webhooks").get_models())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE indrelid::regclass::text = ANY(%s) AND NOT indisunique",
            [tables],
        )
        present = {without_digest(name) for (name,) in cursor.fetchall()}

    assert present == {index for index, _ in QUESTIONS.values()} - {"webhook_message_number", "webhook_delivery_once"}
