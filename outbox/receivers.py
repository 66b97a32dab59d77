"""The receiver for the signal of django-anymail: an email provider has reported what became of an email."""

from typing import Any

from anymail.signals import tracking
from django.dispatch import receiver

from outbox.handlers import email_queues
from outbox.provider_events import email_of, report_of


@receiver(tracking, dispatch_uid="outbox.note_report")
def note_report(event: Any, esp_name: str, **kwargs: Any) -> None:
    """Apply an email provider's signed report. A report about an unknown email changes nothing."""
    report, email_id = report_of(event, esp_name), email_of(event, esp_name)
    if report is not None and email_id is not None:
        any(queue.handler.take_report(email_id=email_id, report=report) for queue in email_queues())
