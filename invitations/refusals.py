"""Why an action on an invitation is refused. Pages, API and dialects use the same reasons."""

from core.errors import Conflict, Denied, DomainError, Gone, Invalid, NotFound
from invitations.models import Invitation


class InvitationNotFound(NotFound):
    """It does not exist, or the caller may not see it; the refusal does not say which."""

    message = "There is no such invitation."


class NotYours(Denied):
    """The link is valid, but the signed-in account does not have the invited address."""

    message = "This invitation is for another address."


class AddressNotVerified(Denied):
    """The account has the invited address and has not verified it yet."""

    message = "Verify your email address first."


class AlreadyInvited(Conflict):
    """An invitation to this address and target is open or waits for a seat."""

    message = "There is an open invitation to this address."


class InviterCannotGrant(Conflict):
    """The inviter can no longer grant what the invitation offers."""

    message = "The person who invited you can no longer offer this. Ask for a new invitation."


class SameAddress(Invalid):
    """The corrected address equals the present one."""

    message = "The invitation is to this address already."


class GrantGone(Conflict):
    """The role or unit of an expired or undeliverable invitation no longer exists."""

    message = "What this invitation offered no longer exists: send another one."


class InvitationWaits(Conflict):
    """The invitation was accepted and waits for a seat."""

    message = "This invitation was accepted and waits for a free seat."


class InvitationAccepted(Gone):
    """The invitee accepted."""

    message = "This invitation was accepted."


class InvitationDeclined(Gone):
    """The invitee declined."""

    message = "This invitation was declined."


class InvitationCancelled(Gone):
    """The organization cancelled it."""

    message = "This invitation was withdrawn."


class InvitationSuperseded(Gone):
    """A newer invitation replaced it."""

    message = "A newer invitation took the place of this one."


class InvitationExpired(Gone):
    """Its expiry date has passed."""

    message = "This invitation has expired."


class InvitationUndeliverable(Gone):
    """Its email could not be delivered."""

    message = "This invitation could not be delivered."


class NewerEmailSent(Gone):
    """The link is from an older email of the same invitation."""

    message = "A newer email was sent: use the link in that one."


_REFUSALS: dict[str, type[DomainError]] = {
    Invitation.Status.PENDING: InvitationExpired,  # pending but not open: its date has passed
    Invitation.Status.EXPIRED: InvitationExpired,
    Invitation.Status.PROCESSING: InvitationWaits,
    Invitation.Status.ACCEPTED: InvitationAccepted,
    Invitation.Status.DECLINED: InvitationDeclined,
    Invitation.Status.CANCELLED: InvitationCancelled,
    Invitation.Status.ERROR: InvitationUndeliverable,
}


def why_not_open(invitation: Invitation) -> DomainError:
    """Return the refusal of the state of an invitation that is not open."""
    if invitation.is_superseded:
        return InvitationSuperseded()
    return _REFUSALS[invitation.status]()


def require_correctable(invitation: Invitation) -> Invitation:
    """Return the invitation if it is open or undeliverable. Raises the refusal of its state otherwise."""
    undelivered = invitation.status == Invitation.Status.ERROR and not invitation.is_superseded
    return invitation if undelivered else require_open(invitation)


def require_open(invitation: Invitation) -> Invitation:
    """Return the invitation if it was open when it was loaded. Raises the refusal of its state otherwise.

    This check gives an early and clear refusal; the conditional UPDATE afterwards decides.
    """
    if not invitation.is_open:
        raise why_not_open(invitation)
    return invitation
