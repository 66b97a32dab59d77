"""What is always true of invitations and their emails (``core.invariants``)."""

from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from core.invariants import invariant
from events.models import Event
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.invariants import foreign
from orgs.models import Membership, Organization, RoleAssignment
from orgs.permissions import OWNER_ROLE, Level

Keys = QuerySet[Any, Any]
# One that has expired or could not be delivered may be replaced later, so being replaced is no ending of its own.
ENDINGS = ("accepted", "declined", "cancelled", "expired", "failed")


@invariant
def organizations_have_an_owner() -> Keys:
    """An organization with members has an owner, or has invited one."""
    members = Membership.objects.filter(organization=OuterRef("pk"))
    owners = RoleAssignment.objects.filter(membership__organization=OuterRef("pk"), role_id=OWNER_ROLE)
    invited = Invitation.objects.unanswered().filter(organization=OuterRef("pk"), role_id=OWNER_ROLE)
    without = Organization.objects.filter(Exists(members), ~Exists(owners), ~Exists(invited))
    return without.order_by().values_list("pk", flat=True)


@invariant
def one_open_invitation_for_each_target() -> Keys:
    """An address has at most one unanswered invitation to an organization, and to each of its units."""
    targets = Invitation.objects.unanswered().order_by().values("organization", "email", "unit")
    return targets.annotate(found=Count("pk")).filter(found__gt=1).values_list("email", flat=True)


@invariant
def invitations_end_once() -> Keys:
    """An invitation is answered, withdrawn, undeliverable or expired once."""
    endings = Event.objects.filter(kind__in=[f"invitation.{ending}" for ending in ENDINGS])
    counted = endings.order_by().values("subject_id").annotate(found=Count("pk"))
    return counted.filter(found__gt=1).values_list("subject_id", flat=True)


@invariant
def invitations_stay_in_their_organization() -> Keys:
    """What an invitation refers to belongs to the same organization: roles, the unit and other invitations."""
    paths = ("role", "unit", "unit_role", "superseded_by", "shares_email_of")
    elsewhere = Q()
    for path in paths:
        elsewhere |= foreign(path, "organization")
    return Invitation.objects.filter(elsewhere).order_by().values_list("pk", flat=True)


@invariant
def invitations_offer_roles_of_their_level() -> Keys:
    """An invitation offers a role for organizations in the organization, and a role for units in a unit."""
    wrong = Q(role__level=Level.UNIT) | Q(unit_role__level=Level.ORGANIZATION)
    return Invitation.objects.filter(wrong).order_by().values_list("pk", flat=True)


@invariant
def waiting_invitations_name_who_accepted() -> Keys:
    """An invitation that waits for a seat names the account that accepted it."""
    waiting = Invitation.objects.unanswered().filter(status=Invitation.Status.PROCESSING)
    return waiting.filter(answered_by__isnull=True).order_by().values_list("pk", flat=True)


@invariant
def invitations_that_share_an_email_have_its_address() -> Keys:
    """Unanswered invitations that share an email are to the same address."""
    sharing = Invitation.objects.unanswered().filter(shares_email_of__isnull=False)
    return sharing.exclude(shares_email_of__email=F("email")).order_by().values_list("pk", flat=True)


@invariant
def reminders_are_of_a_generation() -> Keys:
    """The last reminder of an invitation is of its present or of an earlier generation."""
    return Invitation.objects.filter(reminded_generation__gt=F("generation")).order_by().values_list("pk", flat=True)


@invariant
def emails_are_of_a_generation() -> Keys:
    """An email is of the present or of an earlier generation of its invitation."""
    return Email.objects.filter(generation__gt=F("invitation__generation")).order_by().values_list("pk", flat=True)


@invariant
def emails_count_for_their_organization() -> Keys:
    """An email counts for the organization of its invitation."""
    counted = Email.objects.filter(organization_id__isnull=False)
    other = counted.exclude(organization_id=F("invitation__organization_id"))
    return other.order_by().values_list("pk", flat=True)


@invariant
def scheduled_invitations_have_an_email() -> Keys:
    """An open invitation that was not sent yet has the email that will be sent."""
    shared = Coalesce(OuterRef("shares_email_of"), OuterRef("pk"))
    unsent = Email.objects.to_invitee().unsent().filter(invitation=shared)
    waiting = Invitation.objects.open().filter(~Exists(unsent), is_emailed=False)
    return waiting.order_by().values_list("pk", flat=True)
