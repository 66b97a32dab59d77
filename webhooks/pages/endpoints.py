"""The pages of webhook endpoints: list, add, one endpoint with its ledger, and its buttons.

A secret is only in the response that creates it.
"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.forms import PlainTextFormField
from core.page_lists import page_of
from core.text import IN_PLAIN_WORDS, validate_plain_text
from core.web_addresses import MAX_LENGTH
from invitations.pages.organization.event_words import GROUPS, WORDS
from orgs.pages.organization_page import ButtonPage, ConfirmPage, FormPage, OrganizationPage
from webhooks.actions import endpoints, replaying
from webhooks.event_types import EVENT_TYPES
from webhooks.models import WebhookDelivery, WebhookEndpoint

VIEW = "organization-webhooks"
ALL, CHOSEN = "all", "chosen"
STATE_LABELS = {
    WebhookEndpoint.State.ENABLED: gettext_lazy("Enabled"),
    WebhookEndpoint.State.DISABLED: gettext_lazy("Disabled"),
    WebhookEndpoint.State.GONE: gettext_lazy("Disabled: it said that it is gone"),
    WebhookEndpoint.State.FAILING: gettext_lazy("Disabled: it failed for five days"),
}
DELIVERY_LABELS = {
    WebhookDelivery.State.QUEUED: gettext_lazy("Waiting"),
    WebhookDelivery.State.SENDING: gettext_lazy("Being sent"),
    WebhookDelivery.State.SENT: gettext_lazy("Delivered"),
    WebhookDelivery.State.DEFERRED: gettext_lazy("Will be tried again"),
    WebhookDelivery.State.FAILED: gettext_lazy("Failed"),
    WebhookDelivery.State.DROPPED: gettext_lazy("Not sent"),
}


def type_choices() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Return the types by topic, with the words of the audit log."""
    return [
        (label, [(kind, WORDS[kind]) for kind in kinds if kind in EVENT_TYPES])
        for label, kinds in GROUPS.values()
        if any(kind in EVENT_TYPES for kind in kinds)
    ]


class WebhookEndpointForm(forms.Form):
    """The URL, the description and the types."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=MAX_LENGTH,
        widget=forms.URLInput,
        help_text=gettext_lazy("Begins with https://. Your software receives the events there."),
    )
    description = PlainTextFormField(
        label=gettext_lazy("Description (optional)"),
        max_length=WebhookEndpoint._meta.get_field("description").max_length,
        validators=[validate_plain_text],
        error_messages=IN_PLAIN_WORDS,
        required=False,
    )
    which = forms.ChoiceField(
        label=gettext_lazy("Events"),
        choices=[(ALL, gettext_lazy("All events")), (CHOSEN, gettext_lazy("Only what you choose below"))],
        initial=ALL,
        widget=forms.RadioSelect,
    )
    event_types = forms.MultipleChoiceField(
        label=gettext_lazy("Chosen events"), required=False, choices=type_choices, widget=forms.CheckboxSelectMultiple
    )

    def clean(self) -> dict[str, Any]:
        """Return the values as the action takes them. Refuse choices that contradict each other."""
        given: dict[str, Any] = super().clean() or {}
        which, chosen = given.pop("which", ALL), given.get("event_types", [])
        if which == CHOSEN and not chosen:
            self.add_error("event_types", _("Choose at least one event."))
        elif which == ALL and chosen:
            self.add_error("which", _("You have also chosen events below. Choose one of both."))
        given["event_types"] = chosen if which == CHOSEN else None
        return given


class WebhooksPage(OrganizationPage):
    """The endpoints of the organization."""

    view = VIEW

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the endpoints. Raises PermissionMissing."""
        rows = [(one, STATE_LABELS[one.State(one.state)]) for one in endpoints.endpoints_of(self.by, self.organization)]
        return self.show("organizations/webhooks.html", rows=rows)


class WebhookSecretMixin(OrganizationPage):
    """A page whose POST shows a secret."""

    def show_secret(self, created: tuple[WebhookEndpoint, str], title: str, hint: str) -> HttpResponse:
        """Show the secret. This response is the only place that has it."""
        endpoint, secret = created
        return self.show(
            "organizations/secret.html",
            title=title,
            values=[(_("Secret"), secret)],
            has_secret=True,
            hint=hint,
            back_address=self.address_of("organization-webhook", endpoint_id=endpoint.pk),
        )


class NewWebhookPage(WebhookSecretMixin, FormPage):
    """Add an endpoint, and show its secret."""

    view = VIEW
    needs_recent_sign_in = True

    def find(self, **kwargs: Any) -> None:
        """Raise PermissionMissing for readers who may not add one."""
        endpoints.endpoints_of(self.by, self.organization)

    def get_form(self, data: Any) -> forms.Form:
        """Return the form."""
        return WebhookEndpointForm(data)

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        return {
            "title": _("Add a webhook endpoint"),
            "intro": _("Your software gets a signed request for each event. It will know all members and invitees."),
            "button": _("Add"),
            "back_address": self.address_of(VIEW),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Create the endpoint."""
        created = endpoints.create_endpoint(by=self.by, organization_id=self.organization.pk, **given)
        hint = _("Your software verifies with it that requests come from here.")
        return self.show_secret(created, _("The webhook endpoint has been added"), hint)


class OfWebhookEndpoint(OrganizationPage):
    """A page about one endpoint."""

    view = VIEW
    endpoint: WebhookEndpoint

    def find(self, **kwargs: Any) -> None:
        """Find the endpoint. Raises PermissionMissing and WebhookEndpointNotFound."""
        self.endpoint = endpoints.endpoint_of(self.by, self.organization, kwargs["endpoint_id"])

    @property
    def target(self) -> dict[str, Any]:
        """The arguments of every action on the endpoint."""
        return {"by": self.by, "organization_id": self.organization.pk, "endpoint_id": self.endpoint.pk}

    def get_back_address(self) -> str:
        """Return the page of the endpoint."""
        return self.address_of("organization-webhook", endpoint_id=self.endpoint.pk)


class WebhookEndpointPage(OfWebhookEndpoint):
    """One endpoint: what it gets, its buttons and its ledger."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the endpoint and a page of its deliveries, those of the newest events first."""
        page = page_of(request, replaying.deliveries_of(self.endpoint))
        former = self.endpoint.former_secret_until
        return self.show(
            "organizations/webhook.html",
            endpoint=self.endpoint,
            state=STATE_LABELS[WebhookEndpoint.State(self.endpoint.state)],
            types=[WORDS[kind] for kind in self.endpoint.event_types or () if kind in WORDS],
            former_secret_until=former if former and former > timezone.now() else None,
            page=page,
            rows=[(delivery, delivery_words(delivery)) for delivery in page.rows],
        )


def delivery_words(delivery: WebhookDelivery) -> tuple[Any, Any]:
    """Return what the ledger calls the event, and the state of its delivery."""
    event = WORDS.get(delivery.message.event_type) or _("Test")
    return event, DELIVERY_LABELS[WebhookDelivery.State(delivery.state)]


class ChangeWebhookPage(OfWebhookEndpoint, FormPage):
    """Change the URL, the description and the types. Like a new endpoint, a new URL gets the data of all members."""

    needs_recent_sign_in = True

    def get_form(self, data: Any) -> forms.Form:
        """Return the form with the current values."""
        chosen = self.endpoint.event_types
        initial = {"url": self.endpoint.url, "description": self.endpoint.description, "event_types": chosen}
        return WebhookEndpointForm(data, initial=initial | {"which": ALL if chosen is None else CHOSEN})

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        return {
            "title": _("Change the webhook endpoint"),
            "intro": _("Its secret stays the same."),
            "button": _("Save"),
            "back_address": self.get_back_address(),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Save the changes."""
        endpoints.update_endpoint(**self.target, **given)
        messages.success(self.request, _("Your changes have been saved."))
        return redirect(self.get_back_address())


class RotateWebhookSecretPage(OfWebhookEndpoint, WebhookSecretMixin, ConfirmPage):
    """Ask, then replace the secret and show the new one."""

    needs_recent_sign_in = True
    rotated: tuple[WebhookEndpoint, str] | None = None

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Show the new secret in this response, or why there is none."""
        response = super().post(request, **kwargs)
        if self.rotated is None:
            return response
        hint = _("Both secrets work for 24 hours. Replace the former one in your software until then.")
        return self.show_secret(self.rotated, _("The webhook endpoint has a new secret"), hint)

    def press(self) -> str:
        """Rotate the secret."""
        self.rotated = endpoints.rotate_secret(**self.target)
        return ""

    def get_question(self) -> str:
        """Return the question."""
        return _("Make a new secret?")

    def get_effects(self) -> Sequence[str]:
        """Return what ends."""
        return [_("The present secret works for another 24 hours.")]

    def get_button(self) -> str:
        """Return the label."""
        return _("Make a new secret")


class TestWebhookPage(OfWebhookEndpoint, ButtonPage):
    """Send a test."""

    def press(self) -> str:
        """Send it."""
        replaying.send_test(**self.target)
        return _("The test is being sent. Reload this page to see how your software responded.")


class ReplayWebhookPage(OfWebhookEndpoint, ButtonPage):
    """Send one webhook again."""

    def press(self) -> str:
        """Send it again."""
        replaying.replay_delivery(**self.target, delivery_id=self.kwargs["delivery_id"])
        return _("The webhook is being sent again.")


class ReplayForm(forms.Form):
    """From when on to send webhooks again."""

    since = forms.DateTimeField(
        label=gettext_lazy("Since"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=format_lazy(
            gettext_lazy("The time is in UTC. Webhooks are kept for {days} days."),
            days=settings.DELIVERY_RETENTION_DAYS,
        ),
    )


class ReplayWebhooksPage(OfWebhookEndpoint, FormPage):
    """Send all webhooks since a time again, also those that the endpoint has missed."""

    def get_form(self, data: Any) -> forms.Form:
        """Return the form."""
        return ReplayForm(data)

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        return {
            "title": _("Send webhooks again"),
            "intro": _("Your software gets all events since this time again, and those that it has missed."),
            "button": _("Send again"),
            "back_address": self.get_back_address(),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Send them."""
        replaying.replay_since(**self.target, **given)
        messages.success(self.request, _("The webhooks are being sent again."))
        return redirect(self.get_back_address())


class EnableWebhookPage(OfWebhookEndpoint, ButtonPage):
    """Enable the endpoint."""

    def press(self) -> str:
        """Enable it."""
        endpoints.enable_endpoint(**self.target)
        return _("The webhook endpoint gets the events that happen from now on.")


class DisableWebhookPage(OfWebhookEndpoint, ConfirmPage):
    """Ask, then disable the endpoint."""

    def press(self) -> str:
        """Disable it."""
        endpoints.disable_endpoint(**self.target)
        return _("The webhook endpoint has been disabled.")

    def get_question(self) -> str:
        """Return the question."""
        return _("Disable this webhook endpoint?")

    def get_effects(self) -> Sequence[str]:
        """Return what ends."""
        return [_("Your software gets no events until you enable it again.")]

    def get_button(self) -> str:
        """Return the label."""
        return _("Disable")


class DeleteWebhookPage(OfWebhookEndpoint, ConfirmPage):
    """Ask, then delete the endpoint."""

    def press(self) -> str:
        """Delete it."""
        endpoints.delete_endpoint(**self.target)
        return _("The webhook endpoint has been deleted.")

    def get_question(self) -> str:
        """Return the question."""
        return _("Delete this webhook endpoint?")

    def get_effects(self) -> Sequence[str]:
        """Return what ends."""
        return [
            _("Your software gets no more events, and the list of deliveries is deleted."),
            _("This can't be undone."),
        ]

    def get_button(self) -> str:
        """Return the label."""
        return _("Delete")

    def get_next_address(self) -> str:
        """Return the list."""
        return self.address_of(VIEW)
