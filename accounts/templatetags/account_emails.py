"""A template tag for pages that say that an email was sent."""

from django import template

from accounts.email.models import AccountEmail
from outbox.queue_state import queue_state

register = template.Library()


@register.simple_tag
def emails_are_delayed() -> bool:
    """Return whether emails about accounts are not sent at once, because no worker or no mail server responds."""
    return not queue_state(AccountEmail).is_healthy
