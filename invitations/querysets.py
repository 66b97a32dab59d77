"""What is open, and who sees which invitation: defined once, here."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from accounts.models import User
from accounts.principals import SERVICE, Principal
from events.models import Event
from invitations.email.models import Email
from invitations.email.queue import queue_email
from orgs import policies
from orgs.models import Membership, Organization, Role, RoleAssignment, Unit
from orgs.permissions import MANAGE_MEMBERS, UNIT_MANAGE_MEMBERS

if TYPE_CHECKING:
    from invitations.models import Invitation

# THE definition of open: pending and not past its date, on the database clock. ``finished_at`` is null exactly while
# a row is pending or processing; saying so lets the partial indexes serve.
OPEN = Q(finished_at__isnull=True, status="pending", expires_at__gt=Now())
OVERDUE = Q(finished_at__isnull=True, status="pending", expires_at__lte=Now())


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations, always reached through an organization or through the invitee's proven addresses."""

    # What is open

    def unanswered(self) -> "InvitationQuerySet":
        """Pending or processing, whether or not the date has passed: what the partial indexes cover."""
        return self.filter(finished_at__isnull=True)

    def open(self) -> "InvitationQuerySet":
        """What can be answered: pending and not past its date."""
        return self.filter(OPEN)

    def overdue(self) -> "InvitationQuerySet":
        """Pending and past their date: no longer open, not yet marked expired."""
        return self.filter(OVERDUE)

    def waiting(self) -> "InvitationQuerySet":
        """Accepted and waiting for a seat, longest first."""
        return self.unanswered().filter(status="processing").order_by("updated_at", "id")

    def reserving_seats(self) -> "InvitationQuerySet":
        """Invitations that hold, or wait for, a seat."""
        return self.unanswered().filter(Q(status="processing") | Q(expires_at__gt=Now()))

    def in_states(self, states: Collection[str]) -> "InvitationQuerySet":
        """Rows whose ``state`` is one of these: ``pending`` is what is open, and what is overdue is ``expired``."""
        wanted = Q(status__in=set(states) - {"pending"})
        if "pending" in states:
            wanted |= OPEN
        if "expired" in states:
            wanted |= OVERDUE
        return self.filter(wanted)

    def naming_role(self, role: Role | UUID) -> "InvitationQuerySet":
        """Invitations that grant this role, in the organization or in a unit."""
        return self.filter(Q(role=role) | Q(unit_role=role))

    def count_by_state(self) -> dict[str, int]:
        """How many there are in each state; what is past its date counts as ``expired``."""
        overdue = models.When(status="pending", expires_at__lte=Now(), then=models.Value("expired"))
        state = models.Case(overdue, default=F("status"))
        counts = self.order_by().annotate(in_state=state).values_list("in_state").annotate(models.Count("pk"))
        return dict.fromkeys(self.model.Status.values, 0) | dict(counts)

    # Who sees it

    def managed_in(self, organization: Organization, by: Principal) -> "InvitationQuerySet":
        """An organization's invitations, for whoever manages its members.

        Raises OrganizationNotFound for an outsider and PermissionMissing for a member without the right.
        """
        policies.require(by, organization, MANAGE_MEMBERS)
        return self.filter(organization=organization)

    def manageable_in(self, organization: Organization, by: Principal) -> "InvitationQuerySet":
        """Like ``managed_in``; who manages the members of some units only sees the invitations into those."""
        held = policies.require_any_member_management(by, organization)
        rows = self.filter(organization=organization)
        if held.permits(MANAGE_MEMBERS):
            return rows
        return rows.filter(unit__in=held.units_permitting(UNIT_MANAGE_MEMBERS))

    def managed_in_unit(self, organization: Organization, unit: Unit, by: Principal) -> "InvitationQuerySet":
        """The invitations into one unit, for whoever manages its members or the organization's; raises the same."""
        policies.require_member_management(by, organization, unit)
        return self.filter(organization=organization, unit=unit)

    def addressed_to(self, user: User | None) -> "InvitationQuerySet":
        """Invitations of live organizations to an address this user has proven to own."""
        if user is None:
            return self.none()
        proven = EmailAddress.objects.filter(user=user, verified=True).values("email")
        return self.filter(email__in=proven, organization__deleted_at__isnull=True)

    def not_joined_by(self, user: User | None) -> "InvitationQuerySet":
        """Leaves out the organizations that the user belongs to."""
        memberships = Membership.objects.filter(user=user, organization=models.OuterRef("organization"))
        return self.filter(~models.Exists(memberships))

    def newest_of_each_organization(self) -> "InvitationQuerySet":
        """One of these rows per organization, the newest: it speaks for the organization."""
        of_same = self.filter(organization=models.OuterRef("organization")).newest_first()
        return self.filter(pk=models.Subquery(of_same.values("pk")[:1]))

    def newest_first(self) -> "InvitationQuerySet":
        """By creation; the id breaks ties."""
        return self.order_by("-created_at", "-id")

    # What a row shows

    def with_details(self) -> "InvitationQuerySet":
        """Loads everything a row of any dialect shows, in the same query, and whether it is overdue."""
        overdue = models.ExpressionWrapper(
            Q(status="pending", expires_at__lte=Now()), output_field=models.BooleanField()
        )
        rows = self.select_related("organization", "role", "unit", "unit_role", "inviter", "answered_by")
        return rows.annotate(is_overdue=overdue)

    def with_member_count(self) -> "InvitationQuerySet":
        """Adds the organization's ``member_count``."""
        members = Membership.objects.filter(organization=models.OuterRef("organization_id")).order_by()
        count = members.values("organization").annotate(n=models.Count("pk")).values("n")
        return self.annotate(member_count=Coalesce(models.Subquery(count), 0))

    # The one way out of ``pending``

    def leave_pending(self, status: str, **values: Any) -> bool:
        """Answer one open invitation by one conditional UPDATE; whether this caller was the one who did."""
        return self.open()._change_status(status, values)

    def _change_status(self, status: str, values: dict[str, Any]) -> bool:
        finished = None if status == "processing" else timezone.now()
        return bool(self.update(status=status, finished_at=finished, updated_at=timezone.now(), **values))

    def withdraw(self) -> bool:
        """Cancel one invitation that is open or waits for a seat; whether this caller was the one who did."""
        return self.leave_pending("cancelled") or self.finish_waiting("cancelled")

    def mark_expired(self) -> int:
        """Give overdue rows their end state, each with its event; returns how many.

        Whoever invited is told if the mail never went out. Nothing depends on when this happens, but a role or unit
        can only go when no unanswered row names it.
        """
        unsent = Email.objects.never_sent().filter(
            kind=Email.Kind.INVITATION,
            invitation=models.OuterRef("pk"),
            generation=models.OuterRef("generation"),
            invitation__organization__deleted_at__isnull=True,  # nothing is sent while it is archived
        )
        rows = self.overdue().select_related("inviter").annotate(is_unsent=models.Exists(unsent))
        return sum(self._mark_expired(row, is_unsent=row.is_unsent) for row in list(rows))

    def _mark_expired(self, invitation: "Invitation", *, is_unsent: bool) -> int:
        row = self.model.objects.filter(pk=invitation.pk).overdue()
        marked = row.update(status="expired", finished_at=F("expires_at"), updated_at=timezone.now())
        if marked:
            if is_unsent:
                queue_email(invitation, Email.Kind.UNDELIVERABLE)
            organization_id = invitation.organization_id
            Event.objects.record("invitation.expired", by=SERVICE, subject=invitation, organization_id=organization_id)
        return marked

    def finish_waiting(self, status: str, **values: Any) -> bool:
        """Let one waiting invitation end; whether this caller was the one who did."""
        return self.waiting().order_by()._change_status(status, values)

    def change_open(self, **values: Any) -> bool:
        """Change one invitation if it is still open; whether it was."""
        return bool(self.open().update(updated_at=timezone.now(), **values))

    def raise_generation(self, **values: Any) -> bool:
        """Like ``change_open``, and older links stop working."""
        return self.change_open(generation=F("generation") + 1, **values)

    def replace_role(self, role: Role, heir: Role) -> None:
        """Let these invitations name another role."""
        self.filter(role=role).update(role=heir, updated_at=timezone.now())
        self.filter(unit_role=role).update(unit_role=heir, updated_at=timezone.now())


def inviter_roles(invitations: list["Invitation"]) -> dict[UUID, list[Role]]:
    """The organization roles that the inviters of one organization's invitations hold now, by user; one query."""
    if not invitations:
        return {}
    held = RoleAssignment.objects.filter(
        membership__organization_id=invitations[0].organization_id,
        membership__user_id__in={i.inviter_id for i in invitations if i.inviter_id},
        unit__isnull=True,
    ).select_related("role", "membership")
    roles: dict[UUID, list[Role]] = {}
    for assignment in held:
        roles.setdefault(assignment.membership.user_id, []).append(assignment.role)
    return roles
