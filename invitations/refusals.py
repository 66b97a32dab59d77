"""The errors of actions on invitations. The pages, the house API and the dialects use the same errors."""

from core.errors import Conflict, Denied, DomainError, Gone, Invalid, NotFound
from invitations.models import Invitation


class InvitationNotFound(NotFound):
    """The invitation does not exist, or the caller may not see it. The error does not reveal which."""

    message = "There is no such invitation."


class NotYours(Denied):
    """The link is valid, but the signed-in account does not have the invited address."""

    message = "This invitation is for another address."


class AddressNotVerified(Denied):
    """The account has the invited address but has not verified it."""

    message = "Verify your email address first."


class AlreadyInvited(Conflict):
    """An invitation to this address and target is open or waits for a seat."""

    message = "There is an open invitation to this address."


class InviterCannotGrant(Conflict):
    """The inviter can no longer grant what the invitation offers."""

    message = "The person who invited you can no longer offer this. Ask for a new invitation."


class SameAddress(Invalid):
    """The corrected address is the same as the current one."""

    message = "The invitation is to this address already."


class InviteeErased(Gone):
    """The data of the invited person was erased, so the address is no longer known."""

    message = "The data of the invited person was erased. Invite them again by their address."


class GrantGone(Conflict):
    """The role or unit of an expired or undeliverable invitation no longer exists."""

    message = "What this invitation offered no longer exists: send another one."


class InvitationWaits(Conflict):
    """The invitation was accepted and waits for a seat."""

    message = "This invitation was accepted and waits for a free seat."


class InvitationAccepted(Gone):
    """The invitee accepted the invitation."""

    message = "This invitation was accepted."


class InvitationDeclined(Gone):
    """The invitee declined the invitation."""

    message = "This invitation was declined."


class InvitationCancelled(Gone):
    """The organization cancelled the invitation."""

    message = "This invitation was withdrawn."


class InvitationNotNeeded(Gone):
    """The invitation was closed because the person already had everything that it offers."""

    message = "You already have everything that this invitation offers."


class InvitationSuperseded(Gone):
    """A newer invitation replaced this one."""

    message = "A newer invitation took the place of this one."


class InvitationExpired(Gone):
    """The expiry date of the invitation has passed."""

    message = "This invitation has expired."


class ExpiresLater(Conflict):
    """The invitation is open for longer than it would be extended."""

    message = "This invitation already expires later."


class InvitationUndeliverable(Gone):
    """The invitation email could not be delivered."""

    message = "This invitation could not be delivered."


class NewerEmailSent(Gone):
    """The link is from an older email of the same invitation."""

    message = "A newer email was sent: use the link in that one."


_REFUSALS: dict[str, type[DomainError]] = {
    Invitation.Status.PENDING: InvitationExpired,  # a pending invitation that is not open has expired
    Invitation.Status.EXPIRED: InvitationExpired,
    Invitation.Status.PROCESSING: InvitationWaits,
    Invitation.Status.ACCEPTED: InvitationAccepted,
    Invitation.Status.DECLINED: InvitationDeclined,
    Invitation.Status.CANCELLED: InvitationCancelled,
    Invitation.Status.ERROR: InvitationUndeliverable,
}


def why_not_open(invitation: Invitation) -> DomainError:
    """Return the error for an invitation that is not open. The error depends on how the invitation ended."""
    if invitation.is_superseded:
        return InvitationSuperseded()
    if invitation.is_not_needed:
        return InvitationNotNeeded()
    return _REFUSALS[invitation.status]()


def require_correctable(invitation: Invitation) -> Invitation:
    """Return the invitation if it is open or undeliverable. Otherwise, raises the error from ``why_not_open``."""
    undelivered = invitation.status == Invitation.Status.ERROR and not invitation.is_superseded
    return invitation if undelivered else require_open(invitation)


def require_open(invitation: Invitation) -> Invitation:
    """Return the invitation if it was open when it was loaded. Otherwise, raises the error from ``why_not_open``.

    Another request can end the invitation after this check. The conditional UPDATE in ``actions.transitions`` therefore
    checks again.
    """
    if not invitation.is_open:
        raise why_not_open(invitation)
    return invitation
