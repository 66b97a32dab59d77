"""The page *Seats and limits*: how many seats and emails an organization has used, and how many it has."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from invitations.email.budgets import DAY
from invitations.email.limits import (
    emails_counted_since,
    open_limit,
    open_slots_left,
    sending_limit,
)
from invitations.email.models import Email
from orgs import policies
from orgs.models import Organization
from orgs.pages.organization_page import OrganizationPage
from orgs.permissions import MANAGE_MEMBERS
from orgs.seats import seats_taken


@dataclass(frozen=True)
class Usage:
    """How much of a limit is used. A ``limit`` of None means that there is none."""

    label: str
    used: int
    limit: int | None
    explanation: str


def usage_of(organization: Organization) -> list[Usage]:
    """Return the seats, the open invitations and the emails of an organization."""
    emails = emails_counted_since(organization.pk, timezone.now() - DAY).count()
    limit = open_limit(organization)
    return [
        Usage(
            _("Seats"),
            seats_taken(organization),
            organization.seat_limit,
            _("Each member takes a seat, and each person who is invited."),
        ),
        Usage(
            _("Open invitations"),
            limit - open_slots_left(organization),
            limit,
            _("Invitations that were emailed and not answered yet."),
        ),
        Usage(
            _("Invitation emails in 24 hours"),
            emails,
            sending_limit(organization),
            _("You can invite more people at any time. Their emails are then sent later."),
        ),
    ]


class UsagePage(OrganizationPage):
    """Show the limits to those who manage members."""

    view = "organization-usage"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the page. Raises PermissionMissing."""
        policies.require(self.by, self.organization, MANAGE_MEMBERS)
        scheduled = Email.objects.scheduled_of(self.organization.pk)
        return self.show("organizations/usage.html", usages=usage_of(self.organization), scheduled=scheduled.count())
