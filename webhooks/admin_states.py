"""How the admin shows the states of webhook endpoints and deliveries: labels and tones."""

from django.utils.translation import gettext_lazy as _

from core.admin_display import BAD, GOOD, QUIET, WAITING

ENDPOINT_STATES = {
    "enabled": (_("enabled"), GOOD),
    "disabled": (_("disabled"), QUIET),
    "gone": (_("disabled, because it is gone"), BAD),
    "failing": (_("disabled, because it failed"), BAD),
}
WEBHOOK_STATES = {
    "queued": (_("queued"), WAITING),
    "sending": (_("being sent"), WAITING),
    "sent": (_("delivered"), GOOD),
    "deferred": (_("waiting for another attempt"), WAITING),
    "failed": (_("failed"), BAD),
    "dropped": (_("dropped"), QUIET),
}
