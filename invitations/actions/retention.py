"""Delete invitations that ended long ago, with their emails."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from core.ids import first_uuid7
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from orgs.locks import lock_organization_of_first

MAX_DELETED = 500  # in each transaction


def ended_before(moment: datetime) -> InvitationQuerySet:
    """Return the invitations that ended before this time, except those of organizations under a legal hold.

    An invitation whose email another one shares stays as long as the other one. Nothing ends before it is created, so
    the primary key limits the rows that are read.
    """
    ended_later = Q(finished_at__isnull=True) | Q(finished_at__gte=moment)
    sharing = Invitation.objects.filter(ended_later, shares_email_of=OuterRef("pk"))
    ended = Invitation.objects.filter(pk__lt=first_uuid7(moment), finished_at__lt=moment)
    return ended.filter(~Exists(sharing), organization__legal_hold=False)


def delete_ended_before(moment: datetime) -> Iterator[int]:
    """Delete the invitations that ``ended_before`` returns, in short transactions. Yield how many after each."""
    while deleted := _delete_some(ended_before(moment).order_by("pk")):
        yield deleted


@transaction.atomic
def _delete_some(ended: InvitationQuerySet) -> int:
    """Delete some of these invitations, all of one organization."""
    organization_id = lock_organization_of_first(ended)
    of_organization = ended.filter(organization=organization_id).values_list("pk", flat=True)
    keys = list(of_organization[:MAX_DELETED])
    Invitation.objects.filter(pk__in=keys).delete()
    return len(keys)
