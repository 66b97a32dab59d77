"""How the admin shows the states of invitations and emails: labels and tones."""

from django.utils.translation import gettext_lazy as _

from core.admin_display import BAD, GOOD, QUIET, WAITING
from outbox.admin_states import EMAIL_STATES

__all__ = ["EMAIL_KINDS", "EMAIL_STATES", "INVITATION_STATES"]

INVITATION_STATES = {
    "pending": (_("open"), WAITING),
    "processing": (_("waiting for a seat"), WAITING),
    "accepted": (_("accepted"), GOOD),
    "declined": (_("declined"), QUIET),
    "cancelled": (_("withdrawn"), QUIET),
    "expired": (_("expired"), BAD),
    "error": (_("undeliverable"), BAD),
}
EMAIL_KINDS = {
    "invitation": (_("invitation"), QUIET),
    "reminder": (_("reminder"), QUIET),
    "answered": (_("answer of the invitee"), QUIET),
    "undeliverable": (_("report about a bounce"), QUIET),
    "ask_again": (_("request for a new invitation"), QUIET),
}
