"""``/webhooks/mail/<provider>``: receive delivery reports of the configured email provider.

django-anymail checks the signature and parses the report. The response is 200 for every readable report with a valid
signature, even if the email is unknown. It is 503 while the database is unreachable, so that the provider retries. It
is never 500.
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

MAX_BODY_LENGTH = 1024 * 1024  # bytes; even a batch of a thousand reports is smaller

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
    """Receive reports from the provider in ``EMAIL_WEBHOOK``. Raises Http404 for every other provider."""
    if not settings.EMAIL_WEBHOOK or provider != settings.EMAIL_WEBHOOK:
        raise Http404
    return _guarded(VIEWS[provider].as_view(), request)


def _guarded(view: Callable[..., Any], request: HttpRequest) -> HttpResponse:
    """Return the view's response, or an error response if the view raises."""
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_LENGTH:
            return HttpResponse("Too large.", status=413, content_type="text/plain")
        return view(request)
    except AnymailWebhookValidationFailure as error:
        logger.warning("email report rejected", extra={"error": str(error)})
        return HttpResponse("The signature is not valid.", status=403, content_type="text/plain")
    except (DatabaseError, InterfaceError):
        logger.exception("email report not recorded")
        return HttpResponse("Try again later.", status=503, content_type="text/plain")
    except Exception as error:  # django-anymail does not validate the payload
        place = {"error": type(error).__name__, "place": _place_of(error)}
        logger.warning("email report not readable", extra=place)
        return HttpResponse("The report is not readable.", status=400, content_type="text/plain")


def _place_of(error: Exception) -> str:
    """Return the place in the code where the error was raised, for the log.

    The message of the error is not logged because it may contain personal data.
    """
    [*_, last] = extract_tb(error.__traceback__)
    return f"{last.filename}:{last.lineno}"
