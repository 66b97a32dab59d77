"""What the export of a person contains about invitations and their emails (``core.personal_data``)."""

from collections.abc import Iterator
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q

from accounts.models import User
from accounts.principals import Method, Principal
from core.errors import DomainError
from core.personal_data import export_section, in_steps
from invitations.email.models import Email
from invitations.email.suppressions import suppressions_of
from invitations.models import Invitation
from orgs import policies
from orgs.locks import require_found
from orgs.models import Organization
from orgs.permissions import MANAGE_MEMBERS, UNIT_MANAGE_MEMBERS
from orgs.personal_data import organization_reference, role_name

NOTHING = Q(pk__in=[])


@export_section
def invitations_to_you(user: User) -> Iterator[dict[str, Any]]:
    """The invitations to the verified addresses of the account, and those that the person answered."""
    mine = Q(email__in=user.verified_addresses()) | Q(answered_by=user)
    for invitation in in_steps(Invitation.objects.filter(mine).with_details()):
        yield _shared(invitation) | {
            "email": invitation.email,
            "invitee_name": invitation.invitee_name,
            "invited_by": invitation.inviter_name or None,
            "decline_reason": invitation.decline_reason,
            "answered_by_you": invitation.answered_by_id == user.pk,
        }


@export_section
def invitations_by_you(user: User) -> Iterator[dict[str, Any]]:
    """The invitations that the person sent. They name the invitee only if the person can see the invitation now."""
    is_shown = ExpressionWrapper(_visible_to(user), output_field=BooleanField())
    sent = user.sent_invitations.all().with_details().annotate(is_shown=is_shown)
    for invitation in in_steps(sent):
        named = {name: getattr(invitation, name) for name in ("email", "invitee_name", "decline_reason", "metadata")}
        yield _shared(invitation) | (named if invitation.is_shown else dict.fromkeys(named))


@export_section
def emails_to_you(user: User) -> Iterator[dict[str, Any]]:
    """The emails about invitations to the verified addresses of the account. Their text is not stored."""
    columns = ("id", "kind", "recipient", "invitation_id", "state", "created_at", "sent_at", "withheld_at")
    to_user = Email.objects.filter(recipient__in=user.verified_addresses())
    for email in in_steps(to_user.prefetch_related("history")):
        attempts = [{"state": attempt.state, "at": attempt.created_at} for attempt in email.history.all()]
        yield {column: getattr(email, column) for column in columns} | {"attempts": attempts}


@export_section
def suppressions(user: User) -> Iterator[dict[str, Any]]:
    """From whom the verified addresses of the account get no emails."""
    for found in suppressions_of(user):
        organization = found.suppression.organization
        yield {
            "address": found.address,
            "scope": found.suppression.scope,
            "organization": organization_reference(organization) if organization else None,
            "created_at": found.suppression.created_at,
        }


def _shared(invitation: Invitation) -> dict[str, Any]:
    """Return what both the invitee and the inviter see."""
    columns = ("id", "state", "permissions", "given", "language", "message", "created_at", "expires_at", "ended_at")
    return {column: getattr(invitation, column) for column in columns} | {
        "organization": organization_reference(invitation.organization),
        "role": role_name(invitation.role),
        "workspace_or_application": invitation.unit.name if invitation.unit else None,
        "workspace_or_application_role": role_name(invitation.unit_role),
    }


def _visible_to(user: User) -> Q:
    """Return the condition of the invitations that the person sees in their organizations, as ``managed_in`` does."""
    visible, by = NOTHING, Principal(user=user, method=Method.SESSION)
    for organization in Organization.objects.of_member(user).live():
        try:
            held = policies.caller_permissions(by, require_found(organization, by))
        except DomainError:  # the organization requires two-factor authentication
            continue
        if held.permits(MANAGE_MEMBERS):
            visible |= Q(organization=organization)
        else:
            units = held.units_permitting(UNIT_MANAGE_MEMBERS)
            visible |= Q(organization=organization, unit__in=units)
    return visible
