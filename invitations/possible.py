"""What staff can do with an invitation now. The admin shows a button only if its action would accept the invitation.

Limits of emails and of open invitations are not checked here, because they change with each invitation.
"""

from collections.abc import Callable
from contextlib import suppress

from core.addresses import is_erased
from core.errors import DomainError
from invitations.actions.granting import staff_can_replace_inviter, still_vouched
from invitations.lookups import require_not_member
from invitations.models import Invitation
from orgs.seats import require_seat


def can_be_withdrawn(invitation: Invitation) -> bool:
    """Return whether the invitation can be withdrawn."""
    waits_or_open = invitation.state in (Invitation.Status.PENDING, Invitation.Status.PROCESSING)
    return waits_or_open and not invitation.organization.is_archived


def can_be_extended(invitation: Invitation) -> bool:
    """Return whether the expiry date can be moved."""
    return invitation.is_open and _can_be_offered(invitation)


def can_be_corrected(invitation: Invitation) -> bool:
    """Return whether a new invitation to another address can replace this one."""
    undelivered = invitation.state == Invitation.Status.ERROR and not invitation.is_superseded
    return (invitation.is_open or undelivered) and _can_be_offered(invitation)


def can_be_sent_again(invitation: Invitation) -> bool:
    """Return whether the invitation can be sent again: the same one if it is open, or a new one in its place."""
    if invitation.is_open:
        return _can_be_offered(invitation)
    return (
        invitation.ended_unanswered
        and not invitation.is_superseded
        and not is_erased(invitation.email)
        and _can_be_offered(invitation)
        and not _has_another(invitation)
        and _passes(lambda: require_not_member(invitation.organization, invitation.email))
        and _passes(lambda: require_seat(invitation.organization, invitation.email))
    )


def _can_be_offered(invitation: Invitation) -> bool:
    """Return whether the whole grant can still be offered: by the inviter, or by staff who become the inviter."""
    if invitation.organization.is_archived or not invitation.has_whole_grant:
        return False
    return staff_can_replace_inviter(invitation) or still_vouched(invitation.organization, invitation)


def _has_another(invitation: Invitation) -> bool:
    """Return whether an unanswered invitation, which is not overdue, has the same address and target."""
    same = Invitation.objects.filter(organization=invitation.organization, email=invitation.email, unit=invitation.unit)
    return same.reserving_seats().exclude(pk=invitation.pk).exists()


def _passes(check: Callable[[], object]) -> bool:
    with suppress(DomainError):
        check()
        return True
    return False
