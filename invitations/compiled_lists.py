"""The invitation lists that are read most, compiled once (``core.compiled_rows``), with the columns that they show.

Their pages are named tuples. The compiled querysets check no permissions: the functions below them do. Which
invitations are open and addressed to a user is defined in ``invitations.querysets``.
"""

from typing import Any

from django.db.models import UUIDField

from accounts.principals import Principal
from core.compiled_rows import CompiledRows, ShapedRows
from invitations.email.queue import with_delivery
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet, with_roles_as_json
from orgs import policies
from orgs.models import Organization
from orgs.permissions import MANAGE_MEMBERS

STATE = ("pk", "organization_id", "email", "status", "is_overdue", "created_at", "expires_at", "finished_at")
UNIT_ROLE = ("unit__kind", "unit__name", "unit_role__name")
INVITER = ("inviter_id", "inviter_name", *(f"inviter__{name}" for name in ("first_name", "last_name", "email", "kind")))
ORGANIZATION = tuple(f"organization__{name}" for name in ("slug", "name", "logo_url"))

SENT_COLUMNS = (
    *STATE, "role_id", "role__name", *UNIT_ROLE, "unit_id", "unit__slug", "unit_role_id", "permissions", "language",
    "inviter_user_id", "inviter_name", "decline_reason", "given", "superseded_by_id", "generation", "updated_at",
    "invitee_name", "message", "metadata", "newest_email_columns",
)  # fmt: skip
SENT_WITH_INVITER_COLUMNS = (*STATE, *INVITER, "role__permissions", "permissions", "inviter_user_id", "updated_at")
OPEN_WITH_ROLES_COLUMNS = (
    *STATE, "role_columns", "inviter_role_columns", *UNIT_ROLE, "unit_id", "unit_role_id", "unit_role__permissions",
    *INVITER, "generation", "updated_at",
)  # fmt: skip
RECEIVED_COLUMNS = (
    *STATE, "role__name", *UNIT_ROLE, *ORGANIZATION, "permissions", "inviter_user_id", "inviter_name",
    "message", "member_count",
)  # fmt: skip
RECEIVED_WITH_INVITER_COLUMNS = (*STATE, *INVITER, *ORGANIZATION, "inviter__avatar_url", "member_count")


def _sent(organization: Any) -> InvitationQuerySet:
    return Invitation.objects.filter(organization=organization).with_details()


def _with_delivery(rows: InvitationQuerySet) -> InvitationQuerySet:
    return with_delivery(rows).showing(*SENT_COLUMNS)


def _received(user: Any) -> InvitationQuerySet:
    return Invitation.objects.open().addressed_to(user).with_details().with_member_count()


SENT = CompiledRows(lambda organization: _with_delivery(_sent(organization)), organization=UUIDField())
SENT_WITH_INVITER = CompiledRows(
    lambda organization: _sent(organization).showing(*SENT_WITH_INVITER_COLUMNS), organization=UUIDField()
)
OPEN_WITH_ROLES = CompiledRows(
    lambda organization: with_roles_as_json(_sent(organization).open()).showing(*OPEN_WITH_ROLES_COLUMNS),
    organization=UUIDField(),
)
RECEIVED = CompiledRows(lambda user: _received(user).showing(*RECEIVED_COLUMNS), user=UUIDField())
RECEIVED_WITH_INVITER = CompiledRows(
    lambda user: _received(user).showing(*RECEIVED_WITH_INVITER_COLUMNS), user=UUIDField()
)


def sent_invitations(by: Principal, organization: Organization) -> ShapedRows | InvitationQuerySet:
    """Return the rows of ``manageable_in`` with what the house list shows. Raises the same errors.

    The list of a caller who manages only units is not compiled.
    """
    held = policies.require_any_member_management(by, organization)
    if held.permits(MANAGE_MEMBERS):
        return SENT.of(organization=organization.pk)
    return _with_delivery(Invitation.objects.manageable_in(organization, by).with_details())


def managed_invitations(by: Principal, organization: Organization) -> ShapedRows:
    """Return the rows of ``managed_in`` with their inviters. Raises the same errors."""
    policies.require(by, organization, MANAGE_MEMBERS)
    return SENT_WITH_INVITER.of(organization=organization.pk)


def open_with_roles(by: Principal, organization: Organization) -> ShapedRows:
    """Return the open rows of ``managed_in`` with their roles and those of their inviters. Raises the same errors."""
    policies.require(by, organization, MANAGE_MEMBERS)
    return OPEN_WITH_ROLES.of(organization=organization.pk)


def received_invitations(by: Principal) -> ShapedRows | InvitationQuerySet:
    """Return the open invitations to the caller's verified addresses, with what the house list shows."""
    return RECEIVED.of(user=by.user.pk) if by.user else Invitation.objects.none()


def received_with_inviters(by: Principal) -> ShapedRows | InvitationQuerySet:
    """Return the rows of ``received_invitations`` with their inviters."""
    return RECEIVED_WITH_INVITER.of(user=by.user.pk) if by.user else Invitation.objects.none()
