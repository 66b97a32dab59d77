"""What pages say if an action on webhooks refuses, in the reader's language."""

from django.utils.translation import gettext_lazy as _

from orgs.pages.refusal_texts import add_texts
from webhooks.actions.endpoints import TooManyWebhookEndpoints, WebhookUrlRefused
from webhooks.actions.replaying import WebhookEndpointDisabled

add_texts(
    {
        TooManyWebhookEndpoints: _("This organization has the maximum number of webhook endpoints. Delete one first."),
        WebhookUrlRefused: _(
            "Webhooks can only be sent to an address that begins with https:// and whose host is in the public "
            "Internet."
        ),
        WebhookEndpointDisabled: _("This webhook endpoint is disabled. Enable it first."),
    }
)
