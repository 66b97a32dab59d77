"""Template tags that show the state of an invitation and of its email."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.relative_time import relative_time
from invitations.actions.granting import still_vouched
from invitations.admin_states import EMAIL_STATES
from invitations.email.models import Email
from invitations.explaining import Entry
from invitations.models import Invitation

register = template.Library()

STATE_LABELS: dict[str, Any] = {
    "pending": pgettext_lazy("state", "Open"),  # the verb is a button in the admin
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
    """Show the state of an invitation that was loaded ``with_details``, or that nobody can accept it now.

    Call ``check_vouched`` before this for several invitations.
    """
    if invitation.is_open and not still_vouched(invitation.organization, invitation):
        return format_html('<span class="badge bad">{}</span>', _("Must be sent again"))
    tone = " bad" if invitation.state in BAD_STATES else ""
    return format_html('<span class="badge{}">{}</span>', tone, STATE_LABELS[invitation.state])


@register.simple_tag
def delivery_problem(invitation: Invitation) -> SafeString | str:
    """Say why the newest email did not arrive, with the mail server's words, or when it will be sent.

    Show nothing if there is no problem.
    """
    email = invitation.delivery
    if email and email.state == Email.State.SCHEDULED and email.due_at:
        when = {"when": relative_time(email.due_at)}
        text = _("The email will be sent %(when)s, because of the daily limit.") % when
        return format_html('<p class="quiet small">{}</p>', text)
    if email is None or email.state not in EMAIL_PROBLEMS:
        return ""
    words = format_html(" <q>{}</q>", email.response or email.reason) if email.response or email.reason else ""
    return format_html('<p class="problem small">{}{}</p>', EMAIL_PROBLEMS[email.state], words)


EMAIL_KIND_LABELS: dict[str, Any] = {
    Email.Kind.INVITATION: _("Email with the link"),
    Email.Kind.REMINDER: _("Reminder"),
    Email.Kind.ANSWERED: _("Email about the answer"),
    Email.Kind.UNDELIVERABLE: _("Email about the bounce"),
    Email.Kind.ASK_AGAIN: _("Request for a new invitation"),
}


@register.simple_tag
def what_happened(entry: Entry) -> str:
    """Return what an entry of the timeline says: an event, or the kind of an email and its state."""
    if entry.email_id is None:
        return entry.label
    state = entry.what.removeprefix("email.")
    return f"{EMAIL_KIND_LABELS[entry.email_kind]}: {EMAIL_STATES[state][0]}"
