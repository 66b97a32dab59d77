"""Serializers of the house API for webhook endpoints.

The docstrings of the classes are public, because they appear in the OpenAPI schema.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.serializers import HouseSerializer, PlainTextField, StrictTextField, TimeField
from core.api.text_patterns import WITHOUT_FRAGMENT
from core.web_addresses import MAX_LENGTH as MAX_WEB_ADDRESS_LENGTH
from orgs.api.serializers import ChangesSerializer
from webhooks.event_types import EVENT_TYPES
from webhooks.models import WebhookEndpoint

SHOWN_STATES = ("queued", "sending", "sent", "deferred", "failed", "dropped")
ALL_TYPES = "The types of the webhooks that the endpoint gets. Null: all types, also those of later versions."


@extend_schema_field({"type": "string", "format": "uri", "maxLength": MAX_WEB_ADDRESS_LENGTH})
class EndpointUrlField(StrictTextField):
    """A URL. The action decides whether webhooks may be sent to it."""

    accepted: ClassVar[Mapping[str, Any]] = {"pattern": WITHOUT_FRAGMENT}


class EventTypeField(StrictTextField):
    """The name of a type. The action refuses unknown ones."""

    accepted: ClassVar[Mapping[str, Any]] = {"enum": [*EVENT_TYPES]}


class EventTypesField(serializers.ListField):
    """Chosen types, or null for all."""

    def __init__(self, **options: Any) -> None:
        child = EventTypeField(max_length=64, help_text="A type: see `webhooks` in this document.")
        super().__init__(child=child, allow_null=True, min_length=1, max_length=len(EVENT_TYPES), **options)


class WebhookEndpointSerializer(HouseSerializer):
    """A URL to which the organization's events are sent."""

    id = serializers.UUIDField()
    url = serializers.URLField(help_text="The URL.")
    description = serializers.CharField()
    event_types = EventTypesField(help_text=ALL_TYPES)
    state = serializers.ChoiceField(
        choices=WebhookEndpoint.State.choices,
        help_text="Webhooks are sent if it is `enabled`. `disabled`: a person disabled it. `gone`: it responded with "
        "410. `failing`: it failed for 5 days.",
    )
    failing_since = TimeField(
        allow_null=True, help_text="The time of the first failure since the latest success. Null: it does not fail."
    )
    former_secret_until = TimeField(
        allow_null=True, help_text="The time until which the former secret signs too. Null: there was no rotation."
    )
    created_at = TimeField()
    updated_at = TimeField()


class CreatedWebhookEndpointSerializer(WebhookEndpointSerializer):
    """An endpoint with its new secret. Store the secret: it is not shown again."""

    secret = serializers.CharField(
        source="shown_secret", help_text="The secret: `whsec_` and a key in Base64. Store it."
    )


class WebhookEndpointChangesSerializer(ChangesSerializer):
    """The URL, the description and the types of an endpoint."""

    url = EndpointUrlField(
        max_length=MAX_WEB_ADDRESS_LENGTH, help_text="An https URL of a host that is in the public Internet."
    )
    description = PlainTextField(max_length=200, allow_blank=True, default="")
    event_types = EventTypesField(default=None, help_text=ALL_TYPES)


class WebhookDeliverySerializer(HouseSerializer):
    """The delivery of one webhook to an endpoint."""

    # Serializes rows of ``deliveries_of``.

    id = serializers.UUIDField()
    message_id = serializers.CharField(source="message.header_id", help_text="The value of the header `webhook-id`.")
    event_type = serializers.CharField(source="message.event_type", help_text="The type of the webhook.")
    sequence = serializers.IntegerField(
        allow_null=True, help_text="The `sequence` in the body: 1, 2, 3 for the webhooks of an endpoint. Null: a test."
    )
    state = serializers.ChoiceField(
        choices=[*SHOWN_STATES],
        help_text="`queued`, `sending`, `sent`, `deferred` (it waits for another attempt), `failed` (after the last "
        "attempt) or `dropped` (the endpoint was disabled).",
    )
    attempts = serializers.IntegerField(help_text="The number of responses and failed connections.")
    status = serializers.IntegerField(allow_null=True, help_text="The status of the latest response. Null: none.")
    seconds = serializers.FloatField(allow_null=True, help_text="The duration of the latest attempt.")
    response = serializers.CharField(
        help_text="The first line of the latest response, or why there was none. The rest is not kept."
    )
    next_attempt_at = TimeField(allow_null=True, help_text="The time of the next attempt. Null: none is planned.")
    happened_at = TimeField(source="message.created_at", help_text="The time of the event.")
    request_id = serializers.CharField(
        help_text="The `X-Request-ID` of the request that caused the event. Empty if there was none."
    )
    updated_at = TimeField()


class WebhookAttemptSerializer(HouseSerializer):
    """An attempt to deliver a webhook."""

    at = TimeField(source="created_at")
    status = serializers.IntegerField(allow_null=True, help_text="The status of the response. Null: none.")
    seconds = serializers.FloatField(allow_null=True, help_text="The duration.")
    response = serializers.CharField(help_text="The first line of the response, or why there was none.")


class WebhookDeliveryDetailsSerializer(WebhookDeliverySerializer):
    """A delivery with its body and its attempts."""

    body = serializers.CharField(source="shown_body", help_text="The body, as it is sent in every attempt.")
    history = WebhookAttemptSerializer(source="history.all", many=True, help_text="The attempts, oldest first.")


class ReplaySerializer(HouseSerializer):
    """From when on to send webhooks again."""

    since = TimeField(help_text="A time. Webhooks are kept for 30 days, unless the operator chose another time.")
