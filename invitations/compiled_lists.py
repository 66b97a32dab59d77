"""The invitation lists that are read most, compiled once (``core.compiled_rows``), with the columns that they show.

The compiled querysets check no permissions: the functions below them do. Which invitations are open and addressed to a
user is defined in ``invitations.querysets``.
"""

from typing import Any

from django.db.models import UUIDField

from accounts.principals import Principal
from core.compiled_rows import CompiledRows, ShapedRows
from invitations.email.queue import with_delivery
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from orgs import policies
from orgs.models import Organization
from orgs.permissions import MANAGE_MEMBERS

PERSONAL = ["invitee_name", "message", "metadata"]
OWN_COLUMNS = [field.name for field in Invitation._meta.concrete_fields if field.name not in ("answered_by", *PERSONAL)]
INVITER = ["inviter__" + name for name in ("first_name", "last_name", "email", "kind", "avatar_url")]
GRANT = ["role__name", "role__permissions", "unit__kind", "unit__slug", "unit__name", "unit_role__name"]
ORGANIZATION = ["organization__" + name for name in ("slug", "name", "logo_url", "language")]


def _with_columns(rows: InvitationQuerySet, *columns: str) -> InvitationQuerySet:
    """Load the invitation's own columns and these columns of related rows. Annotate ``is_overdue``."""
    related = dict.fromkeys(column.partition("__")[0] for column in columns if "__" in column)
    return rows.with_details().select_related(None).select_related(*related).only(*OWN_COLUMNS, *columns)


def _of_organization(organization: Any) -> InvitationQuerySet:
    return Invitation.objects.filter(organization=organization)


def _open_to(user: Any) -> InvitationQuerySet:
    return Invitation.objects.open().addressed_to(user).with_member_count()


SENT = CompiledRows(
    lambda organization: with_delivery(_with_columns(_of_organization(organization), *PERSONAL, *ORGANIZATION, *GRANT)),
    organization=UUIDField(),
)
SENT_WITH_INVITER = CompiledRows(
    lambda organization: _with_columns(_of_organization(organization), *ORGANIZATION, *GRANT, *INVITER),
    organization=UUIDField(),
)
OPEN_WITH_EVERYTHING = CompiledRows(
    lambda organization: _of_organization(organization).open().with_details(), organization=UUIDField()
)
RECEIVED = CompiledRows(lambda user: _with_columns(_open_to(user), "message", *ORGANIZATION, *GRANT), user=UUIDField())
RECEIVED_WITH_INVITER = CompiledRows(
    lambda user: _with_columns(_open_to(user), *ORGANIZATION, *INVITER), user=UUIDField()
)


def sent_invitations(by: Principal, organization: Organization) -> ShapedRows | InvitationQuerySet:
    """Return the rows of ``manageable_in`` with what the house list shows. Raises the same errors.

    The list of a caller who manages only units is not compiled.
    """
    held = policies.require_any_member_management(by, organization)
    if held.permits(MANAGE_MEMBERS):
        return SENT.of(organization=organization.pk)
    return with_delivery(Invitation.objects.manageable_in(organization, by).with_details())


def managed_invitations(by: Principal, organization: Organization) -> ShapedRows:
    """Return the rows of ``managed_in`` with their inviters. Raises the same errors."""
    policies.require(by, organization, MANAGE_MEMBERS)
    return SENT_WITH_INVITER.of(organization=organization.pk)


def open_with_everything(by: Principal, organization: Organization) -> ShapedRows:
    """Return the open rows of ``managed_in`` ``with_details``. Raises the same errors."""
    policies.require(by, organization, MANAGE_MEMBERS)
    return OPEN_WITH_EVERYTHING.of(organization=organization.pk)


def received_invitations(by: Principal) -> ShapedRows | InvitationQuerySet:
    """Return the open invitations to the caller's verified addresses, with what the house list shows."""
    return RECEIVED.of(user=by.user.pk) if by.user else Invitation.objects.none()


def received_with_inviters(by: Principal) -> ShapedRows | InvitationQuerySet:
    """Return the rows of ``received_invitations`` with their inviters."""
    return RECEIVED_WITH_INVITER.of(user=by.user.pk) if by.user else Invitation.objects.none()
