"""Admin of webhook endpoints and their deliveries. The buttons call actions, and no page shows a secret or a body."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.admin_buttons import ActionAdmin, Button
from accounts.principals import Principal
from core.admin import ReadOnlyAdmin, ReadOnlyInline
from core.admin_filters import by_query, by_state
from core.admin_related import NewestRowsInOrder, of_one
from orgs.admin import OrganizationAdmin
from orgs.models import Organization
from webhooks.actions import endpoints
from webhooks.admin_states import ENDPOINT_STATES, WEBHOOK_STATES
from webhooks.models import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookDeliveryQuerySet,
    WebhookEndpoint,
    WebhookEndpointQuerySet,
)


def _press(action: Callable[..., Any]) -> Callable[[Principal, WebhookEndpoint, dict[str, Any]], None]:
    """Return a function for a button. It returns nothing, so that no secret reaches a page."""

    def run(by: Principal, endpoint: WebhookEndpoint, _data: dict[str, Any]) -> None:
        action(by=by, organization_id=endpoint.organization_id, endpoint_id=endpoint.pk)

    return run


def _is_live(endpoint: WebhookEndpoint) -> bool:
    return not endpoint.organization.is_archived


class Responses:
    """A mixin with the columns of a response, for deliveries and attempts."""

    @admin.display(description=_("HTTP status"), ordering="status")
    def http_status(self, row: Any) -> Any:
        """The status of the response. Nothing if there was none."""
        return row.status or ""

    @admin.display(description=_("response"))
    def first_line(self, row: Any) -> str:
        """Return the first line of the response, or why there was none."""
        return str(row.response)


class DeliveryInline(Responses, ReadOnlyInline):
    """The newest deliveries of an endpoint."""

    model = WebhookDelivery
    badges: ClassVar[Any] = {"state": WEBHOOK_STATES}
    fields = readonly_fields = ("event_type", "sequence", "state", "attempts", "http_status", "first_line", "due_at")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WebhookDelivery]:
        """Read the messages without what they say."""
        return WebhookDelivery.objects.with_event_types()

    @admin.display(description=_("event"))
    def event_type(self, delivery: WebhookDelivery) -> str:
        """Return the type of the webhook."""
        return delivery.message.event_type


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ActionAdmin):
    """The webhook endpoints of organizations."""

    badges: ClassVar[Any] = {"state": ENDPOINT_STATES}
    list_display = ("url", "description", "organization", "state", "failing_since", "created_at")
    list_filter = (
        of_one("organization", Organization, _("organization")), by_state("state", ENDPOINT_STATES),
        by_query("health", _("health"),
                 failing=(_("enabled, and failing now"), WebhookEndpointQuerySet.failing),
                 ended=(_("disabled, because it failed or is gone"), WebhookEndpointQuerySet.ended)),
        "created_at",
    )  # fmt: skip
    search_fields = ("url", "description", "organization__name", "organization__slug")
    searched_ids = ("pk", "organization_id")
    list_select_related = ("organization",)
    inlines = (DeliveryInline,)
    fields = (
        ("plain_url", "description"), ("organization", "state", "failing_since"), "chosen_types",
        ("former_secret_until", "created_at", "updated_at"), "id",
    )  # fmt: skip
    buttons: Sequence[Button] = (
        Button("enable", _("Enable"), _press(endpoints.enable_endpoint),
               applies=lambda e: _is_live(e) and not e.is_enabled),
        Button("disable", _("Disable"), _press(endpoints.disable_endpoint),
               applies=lambda e: _is_live(e) and e.is_enabled, ends=lambda e: [
                   _("The endpoint gets no events until somebody enables it again."),
                   _("Webhooks that wait are dropped. They can be replayed for %(days)s days.")
                   % {"days": settings.DELIVERY_RETENTION_DAYS},
               ]),
        Button("rotate-secret", _("Replace the secret"), _press(endpoints.rotate_secret), applies=_is_live,
               ends=lambda e: [
                   _("The present secret works for another 24 hours. An earlier one stops working now."),
                   _("Nobody sees the new secret. By then, an owner has to make another one on the page of the "
                     "endpoint, and enter it in the software that receives the webhooks."),
               ]),
        Button("delete", _("Delete endpoint"), _press(endpoints.delete_endpoint), applies=_is_live,
               ends=lambda e: [
                   _("The endpoint gets no more events, and the list of its deliveries is deleted."),
                   _("Its secrets are deleted."),
               ], grave=True, needs="delete"),
    )  # fmt: skip

    @admin.display(description=_("web address"))
    def plain_url(self, endpoint: WebhookEndpoint) -> str:
        """Return the URL without a link: staff must not open it by accident."""
        return endpoint.url

    @admin.display(description=_("events"))
    def chosen_types(self, endpoint: WebhookEndpoint) -> Any:
        """Return the types of the webhooks that the endpoint gets, one per line."""
        if endpoint.event_types is None:
            return _("all events")
        return format_html_join("", "<div>{}</div>", ((kind,) for kind in endpoint.event_types))


class WebhookAttemptInline(Responses, ReadOnlyInline):
    """The attempts of a delivery, with the responses."""

    model = WebhookAttempt
    formset = NewestRowsInOrder
    verbose_name_plural = _("attempts")
    badges: ClassVar[Any] = {"state": WEBHOOK_STATES}
    fields = readonly_fields = ("created_at", "state", "http_status", "seconds", "first_line")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(Responses, ReadOnlyAdmin):
    """The webhooks that are kept, with every attempt. What they say is on the pages of the organization."""

    badges: ClassVar[Any] = {"state": WEBHOOK_STATES}
    list_display = (
        "event_type", "endpoint", "organization", "state", "attempts", "http_status", "first_line", "due_at", "sent_at",
    )  # fmt: skip
    list_filter = (
        of_one("endpoint", WebhookEndpoint, _("webhook endpoint")),
        by_query("queue", _("queue"), due=(_("due now"), WebhookDeliveryQuerySet.overdue),
                 later=(_("waiting for another attempt"), WebhookDeliveryQuerySet.deferred)),
        by_state("state", WEBHOOK_STATES), "created_at",
    )  # fmt: skip
    search_fields = ("endpoint__url",)
    searched_ids = ("pk", "endpoint_id", "message_id")
    search_help_text = _("A part of the URL, a webhook-id, or the ID of an endpoint")
    inlines = (WebhookAttemptInline,)
    fields = (
        ("event_type", "number", "sequence"), ("endpoint", "organization"), ("state", "attempts", "due_at", "sent_at"),
        ("http_status", "seconds", "first_line"), "reason", ("header_id", "id"), ("created_at", "updated_at"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WebhookDelivery]:
        """Read the endpoints, and the messages without what they say."""
        return WebhookDelivery.objects.with_event_types().select_related("endpoint__organization")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find the value of the header ``webhook-id`` too."""
        term = search_term.strip()
        if term.startswith("msg_"):
            with suppress(ValueError):
                term = str(UUID(term.removeprefix("msg_")))
        return super().get_search_results(request, queryset, term)

    def search_parts(self, request: HttpRequest, queryset: Any, text: str) -> tuple[Any, bool]:
        """Return the deliveries to endpoints whose URLs contain each word. There are few endpoints."""
        named = WebhookEndpoint.objects.all()
        for word in text.split():
            named = named.filter(url__icontains=word)
        return queryset.filter(endpoint__in=named), False

    @admin.display(description=_("event"))
    def event_type(self, delivery: WebhookDelivery) -> str:
        """Return the type of the webhook."""
        return delivery.message.event_type

    @admin.display(description=_("number of the event"))
    def number(self, delivery: WebhookDelivery) -> Any:
        """Return the number of the event. A test has none."""
        return delivery.message.number or "–"

    @admin.display(description=_("organization"))
    def organization(self, delivery: WebhookDelivery) -> str:
        """Return the name of the organization."""
        return str(delivery.endpoint.organization)

    @admin.display(description="webhook-id")
    def header_id(self, delivery: WebhookDelivery) -> str:
        """Return the value of the header."""
        return delivery.message.header_id


class WebhookEndpointInline(ReadOnlyInline):
    """The webhook endpoints of an organization."""

    model = WebhookEndpoint
    badges: ClassVar[Any] = {"state": ENDPOINT_STATES}
    fields = readonly_fields = ("url", "description", "state", "failing_since")


OrganizationAdmin.inlines = [*OrganizationAdmin.inlines, WebhookEndpointInline]
