"""What the admin page of an organization shows of its invitations, and its buttons that concern them.

``orgs`` may not import this package, so the page is extended here.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.admin_buttons import Button
from core.admin import ReadOnlyInline
from core.admin_filters import by_query
from core.admin_long_lists import shown_total
from invitations.admin_forms import InviteForm, OrganizationForm, found_for_owner, send_invitation
from invitations.admin_many import invite_many_page
from invitations.admin_states import INVITATION_STATES
from invitations.email.budgets import DAY
from invitations.email.limits import at_sending_limit, emails_counted_since, open_limit, sending_limit
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.actions.organizations import set_daily_email_limit
from orgs.admin import OrganizationAdmin
from orgs.models import Organization


class OpenInvitationInline(ReadOnlyInline):
    """The open and waiting invitations of an organization."""

    model = Invitation
    verbose_name_plural = _("open invitations")
    badges: ClassVar[Any] = {"status": INVITATION_STATES}
    fields = readonly_fields = ("displayed_email", "role", "unit", "status", "expires_at", "inviter_name")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Invitation]:
        """Return open invitations and accepted ones that wait for a seat."""
        return Invitation.objects.reserving_seats().select_related("organization", "role", "unit")


@admin.display(description=_("open invitations"))
def open_invitations(organization: Organization) -> str:
    """Return how many invitations are open, and the limit."""
    return _used(shown_total(organization.invitations.open().emailed()), open_limit(organization))


@admin.display(description=_("emails to invitees in 24 hours"))
def requested_emails(organization: Organization) -> str:
    """Return how many of the organization's emails counted in the last 24 hours, and the sending limit."""
    return _used(shown_total(emails_counted_since(organization.pk, now() - DAY)), sending_limit(organization))


@admin.display(description=_("scheduled emails"))
def scheduled_emails(organization: Organization) -> str:
    """Return how many emails wait because a daily sending limit is reached."""
    return shown_total(Email.objects.scheduled_of(organization.pk))


def _used(used: str, limit: int) -> str:
    return _("%(used)s of %(limit)s") % {"used": used, "limit": limit}


OrganizationAdmin.fields = (
    *OrganizationAdmin.fields[:2],
    (open_invitations, requested_emails, scheduled_emails),
    *OrganizationAdmin.fields[2:],
)
OrganizationAdmin.list_filter = (
    *OrganizationAdmin.list_filter,
    by_query("sending", _("sending limit"), limited=(_("reached"), at_sending_limit)),
)
OrganizationAdmin.adds = Button(
    "create", _("Create an organization"), found_for_owner, form=OrganizationForm, needs="add"
)
*other_buttons, purge_button = OrganizationAdmin.buttons
OrganizationAdmin.buttons = (
    Button(
        "invite",
        _("Invite"),
        send_invitation,
        applies=lambda organization: not organization.is_archived,
        form=InviteForm,
        needs="invitations.add_invitation",
    ),
    Button(
        "invite-many",
        _("Invite many"),
        applies=lambda organization: not organization.is_archived,
        needs="invitations.add_invitation",
        page=invite_many_page,
    ),
    *other_buttons,
    Button(
        "emails",
        _("Set sending limit"),
        lambda by, o, data: set_daily_email_limit(by=by, organization_id=o.pk, daily_email_limit=int(data["emails"])),
        field=("emails", _("Emails to invitees in 24 hours"), "number"),
        present=lambda o: str(sending_limit(o)),
    ),
    Button(
        "default-emails",
        _("Use default sending limit"),
        lambda by, o, _data: set_daily_email_limit(by=by, organization_id=o.pk, daily_email_limit=None),
        applies=lambda o: o.daily_email_limit is not None,
    ),
    purge_button,
)
OrganizationAdmin.inlines = [OpenInvitationInline, *OrganizationAdmin.inlines]
