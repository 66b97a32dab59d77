"""``/webhooks/mail/<provider>``: where the one configured mail provider reports what became of mails.

django-anymail checks the signature and reads the provider's words. Whatever it is told, the answer is never a 500: 200
for every genuine report, known or not; 503 only while our database is away, so that the provider comes back.
"""

import logging
from collections.abc import Callable
from traceback import extract_tb
from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from anymail.webhooks.base import AnymailBaseWebhookView
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailersend import MailerSendTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from anymail.webhooks.mailtrap import MailtrapTrackingWebhookView
from anymail.webhooks.mandrill import MandrillCombinedWebhookView
from anymail.webhooks.postal import PostalTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.resend import ResendTrackingWebhookView
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView
from anymail.webhooks.sparkpost import SparkPostTrackingWebhookView
from anymail.webhooks.unisender_go import UnisenderGoTrackingWebhookView
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

logger = logging.getLogger(__name__)

LARGEST = 1024 * 1024  # bytes; a provider's batch of a thousand reports is smaller

VIEWS: dict[str, type[AnymailBaseWebhookView]] = {
    "amazon_ses": AmazonSESTrackingWebhookView,
    "brevo": BrevoTrackingWebhookView,
    "mailersend": MailerSendTrackingWebhookView,
    "mailgun": MailgunTrackingWebhookView,
    "mailjet": MailjetTrackingWebhookView,
    "mailtrap": MailtrapTrackingWebhookView,
    "mandrill": MandrillCombinedWebhookView,
    "postal": PostalTrackingWebhookView,
    "postmark": PostmarkTrackingWebhookView,
    "resend": ResendTrackingWebhookView,
    "sendgrid": SendGridTrackingWebhookView,
    "sparkpost": SparkPostTrackingWebhookView,
    "unisender_go": UnisenderGoTrackingWebhookView,
}


@csrf_exempt
def email_webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """Take the reports of the provider that ``EMAIL_WEBHOOK`` names; every other is unknown here."""
    if not settings.EMAIL_WEBHOOK or provider != settings.EMAIL_WEBHOOK:
        raise Http404
    return _guarded(VIEWS[provider].as_view(), request)


def _guarded(view: Callable[..., Any], request: HttpRequest) -> HttpResponse:
    """The view's answer, or what it could not do with the request."""
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
            return HttpResponse("Too large.", status=413, content_type="text/plain")
        return view(request)
    except AnymailWebhookValidationFailure as error:
        logger.warning("A mail report was refused: %r", str(error))
        return HttpResponse("Not signed as it should be.", status=403, content_type="text/plain")
    except (DatabaseError, InterfaceError):
        logger.exception("A mail report could not be written down.")
        return HttpResponse("Come back later.", status=503, content_type="text/plain")
    except Exception as error:  # a foreign format, read by a library that trusts it
        logger.warning("A mail report could not be read: %s at %s", type(error).__name__, _place_of(error))
        return HttpResponse("Not understood.", status=400, content_type="text/plain")


def _place_of(error: Exception) -> str:
    """Where it was raised: its words may repeat the payload, which names people."""
    [*_, last] = extract_tb(error.__traceback__)
    return f"{last.filename}:{last.lineno}"
