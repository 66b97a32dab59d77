"""The numbers about organizations on the start page of the admin."""

from django.utils.translation import gettext_lazy as _

from core.admin_numbers import Number
from orgs.models import Organization

NUMBERS = (
    Number(
        _("organizations without an active owner"),
        Organization,
        {"owner": "none", "archived": "no"},
        Organization.objects.live().without_active_owner,
    ),
)
