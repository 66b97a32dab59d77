"""How the admin shows the states of accounts and organizations, and kinds of rows: labels and tones."""

from django.utils.translation import gettext_lazy as _

from core.admin_display import BAD, GOOD, NO, QUIET, YES

CONDITIONS = {
    "active": (_("active"), GOOD),
    "archived": (_("archived"), QUIET),
    "deactivated": (_("deactivated"), BAD),
    "deleted": (_("deleted"), BAD),
}
ACCOUNT_KINDS = {"client": (_("person"), QUIET), "system": (_("service account"), QUIET)}
UNIT_KINDS = {"workspace": (_("workspace"), QUIET), "application": (_("application"), QUIET)}
LEVELS = {"organization": (_("organization"), QUIET), "unit": (_("workspace or application"), QUIET)}
ACTIVE_OWNER = {"True": (YES, GOOD), "False": (NO, BAD)}
