"""The invitation lists that are read most, compiled once (``core.compiled_rows``), with the columns that they show.

Their functions use the querysets that define which invitations are open and who may see them. Callers check the rights.
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

OF_INVITATION = [
    field.name for field in Invitation._meta.concrete_fields if field.name not in ("answered_by", "inviter")
]


def _sent(organization: Any) -> InvitationQuerySet:
    rows = Invitation.objects.filter(organization=organization).with_details()
    related = "organization__language", "role__name", "unit__kind", "unit__slug", "unit__name", "unit_role__name"
    shown = rows.select_related(None).select_related("organization", "role", "unit", "unit_role")
    return with_delivery(shown.only(*OF_INVITATION, *related))


def _received(user: Any) -> InvitationQuerySet:
    rows = Invitation.objects.open().addressed_to(user).with_details().with_member_count()
    related = (
        *("organization__slug", "organization__name", "organization__logo_url"),
        *("role__name", "unit__kind", "unit__name", "unit_role__name"),
    )
    shown = rows.select_related(None).select_related("organization", "role", "unit", "unit_role")
    return shown.only(*OF_INVITATION, *related)


SENT = CompiledRows(_sent, organization=UUIDField())
RECEIVED = CompiledRows(_received, user=UUIDField())


def sent_invitations(by: Principal, organization: Organization) -> ShapedRows | InvitationQuerySet:
    """Return the rows of ``manageable_in`` with what the house list shows. Raises the same errors."""
    held = policies.require_any_member_management(by, organization)
    if held.permits(MANAGE_MEMBERS):
        return SENT.of(organization=organization.pk)
    return with_delivery(Invitation.objects.manageable_in(organization, by).with_details())


def received_invitations(by: Principal) -> ShapedRows | InvitationQuerySet:
    """Return the open invitations to the caller's verified addresses, with what the house list shows."""
    return RECEIVED.of(user=by.user.pk) if by.user else Invitation.objects.none()
