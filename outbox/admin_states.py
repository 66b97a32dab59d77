"""How the admin shows the states of emails: labels and tones."""

from django.utils.translation import gettext_lazy as _

from core.admin_display import BAD, GOOD, QUIET, WAITING

EMAIL_STATES = {
    "scheduled": (_("scheduled"), WAITING),
    "queued": (_("queued"), WAITING),
    "sending": (_("being sent"), WAITING),
    "sent": (_("sent"), GOOD),
    "delivered": (_("delivered"), GOOD),
    "deferred": (_("waiting for another attempt"), WAITING),
    "bounced": (_("bounced"), BAD),
    "complained": (_("marked as spam"), BAD),
    "failed": (_("failed"), BAD),
    "dropped": (_("dropped"), QUIET),
}
