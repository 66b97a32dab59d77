"""Admin pages for invitations and emails. All fields are read-only. Buttons call actions. No token is shown."""

from math import ceil
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.formats import localize
from django.utils.html import format_html_join
from django.utils.timezone import localtime, now
from django.utils.translation import gettext_lazy as _

from accounts.admin_buttons import Button
from accounts.models import User
from accounts.principals import Principal
from core.addresses import displayed_address, parse_address
from core.admin import ReadOnlyInline
from core.admin_filters import by_query, by_state
from core.admin_related import NewestRowsInOrder, of_one
from events.admin_names import changes_shown, name_events
from invitations import admin_organizations  # noqa: F401 - extends the page of organizations
from invitations.actions import inviting
from invitations.actions.granting import DEFAULT_LIFETIME_DAYS
from invitations.admin_endings import of_withdrawing
from invitations.admin_filters import DeliveryFilter, RoleNameFilter, StateFilter
from invitations.admin_search import InvitationEmailSearch, InvitationSearch
from invitations.admin_selected import SelectedInvitations
from invitations.admin_states import EMAIL_KINDS, EMAIL_STATES, INVITATION_STATES
from invitations.email.budgets import DAY
from invitations.email.models import Attempt, Email, EmailQuerySet
from invitations.email.queue import with_delivery
from invitations.explaining import Entry, explain
from invitations.models import Invitation
from invitations.possible import can_be_corrected, can_be_extended, can_be_sent_again, can_be_withdrawn
from invitations.querysets import InvitationQuerySet
from orgs.actions.account_rights import is_own
from orgs.admin_states import UNIT_KINDS
from orgs.models import Organization
from outbox.admin_emails import AttemptsInline, EmailsAdmin, columns_with, filters_with


class EmailInline(ReadOnlyInline):
    """The emails of an invitation, with their delivery states and the mail server's responses."""

    model = Email
    formset = NewestRowsInOrder
    verbose_name_plural = _("emails")
    badges: ClassVar[Any] = {"state": EMAIL_STATES, "kind": EMAIL_KINDS}
    fields = readonly_fields = (
        "created_at",
        "kind",
        "displayed_recipient",
        "state",
        "reason",
        "due_at",
        "sent_at",
        "history",
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Email]:
        """Return the emails and their attempts, the oldest email first."""
        return Email.objects.order_by("id").prefetch_related("history")

    @admin.display(description=_("attempts"))
    def history(self, email: Email) -> str:
        """Return every delivery attempt with the mail server's response."""
        return format_html_join(
            "", "<div>{}: {}</div>", ((localize(localtime(a.created_at)), a) for a in email.history.all())
        )


# The history of an invitation shows what changed in these events. The others say it with their kind.
CHANGES_TOLD = ("invitation.updated", "invitation.resent", "invitation.superseded", "invitation.address_corrected")
NOT_TOLD = ("status", "generation", "inviter_name", "inviter_user_id")


def _changes_told(entry: Entry) -> str:
    """Return the changed fields of an entry in the history of an invitation, or an empty text."""
    changes = changes_shown(entry.event, but=NOT_TOLD) if entry.what in CHANGES_TOLD else ()
    return format_html_join(", ", "{}", ((change,) for change in changes))


def _days_left(invitation: Invitation) -> int:
    """Return the days until the expiry date, rounded up."""
    return ceil((invitation.expires_at - now()) / DAY)


def _extend(by: Principal, invitation: Invitation, data: dict[str, str]) -> None:
    days = int(data["days"])
    if days < _days_left(invitation):
        left = _days_left(invitation)
        raise ValidationError(
            _("The invitation is open for %(left)s days. Choose at least as many."), params={"left": left}
        )
    inviting.update_invitation(
        by=by,
        organization_id=invitation.organization_id,
        invitation_id=invitation.pk,
        lifetime_days=days,
    )


def is_to_another(staff: User, invitation: Invitation) -> bool:
    """Return whether the invitation is not to an address of the staff member."""
    return not is_own(staff, invitation.email)


@admin.register(Invitation)
class InvitationAdmin(InvitationSearch, SelectedInvitations):
    """The pages of an invitation: roles, state, emails, and buttons for the possible actions."""

    badges: ClassVar[Any] = {"current_state": INVITATION_STATES, "delivered": EMAIL_STATES}
    list_display = (
        "displayed_email",
        "organization",
        "role",
        "unit",
        "current_state",
        "delivered",
        "expires_at",
        "inviter_name",
    )
    list_filter = (
        of_one("organization", Organization, _("organization")),
        StateFilter,
        DeliveryFilter,
        RoleNameFilter,
        by_state("unit__kind", UNIT_KINDS, _("workspace or application")),
        "created_at",
        by_query("expires", _("expiry date"), soon=(_("within 3 days"), InvitationQuerySet.expiring_soon)),
    )
    inlines = (EmailInline,)
    fields = (
        "id", "organization", "displayed_email", "current_state", "role", "permission_list", "unit", "unit_role",
        "invitee_name", "message", "metadata", "language", "generation", "created_at", "updated_at", "expires_at",
        "finished_at", "inviter", "inviter_name", "answered_by", "given", "decline_reason", "superseded_by",
    )  # fmt: skip
    buttons = (
        Button("resend", _("Send again"), lambda by, i, data: inviting.resend(
            by=by, organization_id=i.organization_id, invitation_id=i.pk),
            applies=can_be_sent_again, permits=is_to_another),
        Button("correct", _("Correct address"), lambda by, i, data: inviting.correct_address(
            by=by, organization_id=i.organization_id, invitation_id=i.pk, email=parse_address(data.get("email", ""))),
            applies=can_be_corrected,
            field=("email", _("Correct email address"), "text")),
        Button("extend", _("Extend"), _extend, applies=can_be_extended, permits=is_to_another,
            field=("days", _("Days from now"), "number"),
            present=lambda i: str(max(DEFAULT_LIFETIME_DAYS, _days_left(i)))),
        Button("cancel", _("Withdraw"), lambda by, i, data: inviting.cancel(
            by=by, organization_id=i.organization_id, invitation_id=i.pk),
            applies=can_be_withdrawn, ends=of_withdrawing),
    )  # fmt: skip

    change_form_template = "admin/invitation.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show why this person has not joined, and the timeline, above the fields."""
        row = self.get_object(request, object_id)
        explanation = self._explanation_context(request, row) if isinstance(row, Invitation) else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **explanation})

    def _explanation_context(self, request: HttpRequest, row: Invitation) -> dict[str, Any]:
        explanation = explain(row, to_staff=True, with_account=request.user.has_perm("accounts.view_user"))
        actors = User.objects.in_bulk({entry.actor_id for entry in explanation.timeline if entry.actor_id})
        name_events([entry.event for entry in explanation.timeline if entry.what in CHANGES_TOLD], request)
        story = [
            (entry, entry.actor_id and actors.get(entry.actor_id), _changes_told(entry))
            for entry in explanation.timeline
        ]
        return {"explanation": explanation, "story": story}

    def title_of(self, row: Invitation) -> str:
        """Return whom the invitation is to, and the organization."""
        names = {"address": displayed_address(row.email), "organization": row.organization}
        return _("Invitation to %(address)s · %(organization)s") % names

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Invitation]:
        """Load everything that a row of the list shows, to avoid queries per row."""
        return with_delivery(Invitation.objects.with_details())

    @admin.display(description=_("state"), ordering="status")
    def current_state(self, invitation: Invitation) -> str:
        """Return the status, or `expired` if the invitation is overdue."""
        return invitation.state

    @admin.display(description=_("Delivery"))
    def delivered(self, invitation: Invitation) -> str:
        """Return the delivery state of the newest email to the invitee."""
        return invitation.newest_email.state if invitation.newest_email else ""


class AttemptInline(AttemptsInline):
    """The delivery attempts of an email about an invitation."""

    model = Attempt


@admin.register(Email)
class EmailAdmin(InvitationEmailSearch, EmailsAdmin):
    """The outbox: all emails, including those that were sent."""

    badges: ClassVar[Any] = {"state": EMAIL_STATES, "kind": EMAIL_KINDS}
    list_display = columns_with("kind")
    list_filter = filters_with(
        "kind",
        EMAIL_KINDS,
        by_query(
            "undelivered", _("bounced or failed"), week=(_("in the last 7 days"), EmailQuerySet.undelivered_this_week)
        ),
    )
    inlines = (AttemptInline,)
