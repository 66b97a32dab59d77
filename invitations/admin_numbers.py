"""The numbers about emails, invitations and sending limits on the start page of the admin."""

from django.utils.translation import gettext_lazy as _

from core.admin_numbers import Number
from invitations.email.limits import at_sending_limit
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization

NUMBERS = (
    Number(_("emails due"), Email, {"queue": "due"}, Email.objects.due, is_problem=False),
    Number(_("emails waiting for another attempt"), Email, {"queue": "later"}, Email.objects.deferred),
    Number(
        _("emails bounced or failed in the last 7 days"),
        Email,
        {"undelivered": "week"},
        Email.objects.undelivered_this_week,
    ),
    Number(
        _("open invitations that expire within 3 days"),
        Invitation,
        {"expires": "soon"},
        Invitation.objects.expiring_soon,
        is_problem=False,
    ),
    Number(
        _("organizations at their sending limit"),
        Organization,
        {"sending": "limited"},
        lambda: at_sending_limit(Organization.objects.all()),
    ),
)
