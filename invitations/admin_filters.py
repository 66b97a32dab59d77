"""The filters of the lists of invitations and emails in the admin. Each one has an index."""

from functools import reduce
from operator import or_
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.literals import literal
from invitations.admin_states import EMAIL_STATES, INVITATION_STATES
from invitations.email.queue import newest_email_is
from invitations.models import OPEN_ENDED
from invitations.querysets import OVERDUE
from orgs.models import Role
from orgs.permissions import Level

MOST_ROLES = 100  # whose keys are in the text of a query; SQLite takes no more than a thousand


class StateFilter(admin.SimpleListFilter):
    """Filter by effective state. Overdue invitations count as expired even before their status changes."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return `open` and every status except `pending`."""
        return [("open" if state == "pending" else state, label) for state, (label, _) in INVITATION_STATES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the invitations in the selected state."""
        state = self.value()
        if state == "open":
            return queryset.open()
        if state not in INVITATION_STATES:
            return queryset
        # The condition on ``finished_at`` is redundant, but each of the partial indexes by status needs one.
        chosen = Q(status=literal(state), finished_at__isnull=state in OPEN_ENDED)
        return queryset.filter(chosen | OVERDUE if state == "expired" else chosen)


class RoleNameFilter(admin.SimpleListFilter):
    """Filter by the name of the role in the organization. Roles of several organizations can have the same name."""

    title = _("role")
    parameter_name = "role__name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the names of the roles."""
        roles = Role.objects.filter(level=Level.ORGANIZATION)
        return [(name, name) for name in roles.order_by("name").values_list("name", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the invitations with a role of the chosen name.

        A few keys are in the text of the query, so that PostgreSQL knows how many invitations have these roles.
        """
        if not self.value():
            return queryset
        keys = Role.objects.filter(name=self.value()).values_list("pk", flat=True)[: MOST_ROLES + 1]
        if len(keys) > MOST_ROLES:
            return queryset.filter(role__name=self.value())
        return queryset.filter(reduce(or_, (Q(role=literal(key.hex)) for key in keys), Q(pk=None)))


class DeliveryFilter(admin.SimpleListFilter):
    """Filter by the delivery state of the newest email to the invitee."""

    title = _("delivery")
    parameter_name = "delivery"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return every email state."""
        return [(state, label) for state, (label, _) in EMAIL_STATES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the invitations whose newest email to the invitee is in the selected state."""
        state = self.value()
        return queryset.filter(newest_email_is(Q(state=literal(state)))) if state in EMAIL_STATES else queryset
