"""Template tags that show the state of an invitation and of its email."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from invitations.email.models import Email
from invitations.models import Invitation

register = template.Library()

STATE_LABELS: dict[str, Any] = {
    "pending": _("Open"),
    "processing": _("Waiting for a seat"),
    "accepted": _("Accepted"),
    "declined": _("Declined"),
    "cancelled": _("Withdrawn"),
    "expired": _("Expired"),
    "error": _("Undeliverable"),
}
BAD_STATES = ("expired", "error")
EMAIL_PROBLEMS: dict[str, Any] = {
    Email.State.DEFERRED: _("The email could not be delivered yet. We'll try again."),
    Email.State.BOUNCED: _("The email bounced."),
    Email.State.COMPLAINED: _("The email was marked as spam."),
    Email.State.FAILED: _("The email could not be sent."),
}


@register.simple_tag
def state_badge(invitation: Invitation) -> SafeString:
    """Show the state of an invitation that was loaded ``with_details``."""
    tone = " bad" if invitation.state in BAD_STATES else ""
    return format_html('<span class="badge{}">{}</span>', tone, STATE_LABELS[invitation.state])


@register.simple_tag
def delivery_problem(invitation: Invitation) -> SafeString | str:
    """Say why the newest email did not arrive, with the mail server's words. Show nothing if there is no problem."""
    email = invitation.delivery
    if email is None or email.state not in EMAIL_PROBLEMS:
        return ""
    words = format_html(" <q>{}</q>", email.response or email.reason) if email.response or email.reason else ""
    return format_html('<p class="problem small">{}{}</p>', EMAIL_PROBLEMS[email.state], words)
