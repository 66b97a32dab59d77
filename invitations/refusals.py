"""Why an invitation is refused: each reason is a fact about it, said the same by pages, API and dialects."""

from core.errors import Conflict, Denied, DomainError, Gone, Invalid, NotFound
from invitations.models import Invitation


class InvitationNotFound(NotFound):
    """Unknown, foreign, or addressed to somebody else: the caller cannot tell which."""

    message = "There is no such invitation."


class NotYours(Denied):
    """The link is genuine, and the account that shows it has not proven the invited address."""

    message = "This invitation is for another address."


class AddressNotVerified(Denied):
    """The account has the invited address and has not proven it yet."""

    message = "Verify your e-mail address first."


class AlreadyInvited(Conflict):
    """There is an open invitation to this address and target."""

    message = "There is an open invitation to this address."


class InviterCannotGrant(Conflict):
    """Whoever invited may no longer grant what the invitation says."""

    message = "The person who invited you can no longer offer this. Ask for a new invitation."


class SameAddress(Invalid):
    """The correction is no other address."""

    message = "The invitation is to this address already."


class GrantGone(Conflict):
    """An expired or undeliverable invitation named a role or a unit that no longer exists."""

    message = "What this invitation offered no longer exists: send another one."


class InvitationWaits(Conflict):
    """It was accepted and waits for a seat."""

    message = "This invitation was accepted and waits for a free seat."


class InvitationAccepted(Gone):
    """Answered with yes."""

    message = "This invitation was accepted."


class InvitationDeclined(Gone):
    """Answered with no."""

    message = "This invitation was declined."


class InvitationCancelled(Gone):
    """Withdrawn by the organization."""

    message = "This invitation was withdrawn."


class InvitationSuperseded(Gone):
    """Replaced by a newer one."""

    message = "A newer invitation took the place of this one."


class InvitationExpired(Gone):
    """Its date passed."""

    message = "This invitation has expired."


class InvitationUndeliverable(Gone):
    """Its mail could not be delivered."""

    message = "This invitation could not be delivered."


class NewerEmailSent(Gone):
    """The link is from an older mail of the same invitation."""

    message = "A newer mail was sent: use the link in that one."


_REFUSALS: dict[str, type[DomainError]] = {
    Invitation.Status.PENDING: InvitationExpired,  # pending and not open means past its date
    Invitation.Status.EXPIRED: InvitationExpired,
    Invitation.Status.PROCESSING: InvitationWaits,
    Invitation.Status.ACCEPTED: InvitationAccepted,
    Invitation.Status.DECLINED: InvitationDeclined,
    Invitation.Status.CANCELLED: InvitationCancelled,
    Invitation.Status.ERROR: InvitationUndeliverable,
}


def why_not_open(invitation: Invitation) -> DomainError:
    """The refusal that tells what became of an invitation that is not open."""
    if invitation.is_superseded:
        return InvitationSuperseded()
    return _REFUSALS[invitation.status]()


def require_correctable(invitation: Invitation) -> Invitation:
    """The invitation, when it is open or could not be delivered; raises what became of it otherwise."""
    undelivered = invitation.status == Invitation.Status.ERROR and not invitation.is_superseded
    return invitation if undelivered else require_open(invitation)


def require_open(invitation: Invitation) -> Invitation:
    """The invitation, when it was open as it was loaded; raises what became of it otherwise.

    A clear answer before work is done; the conditional UPDATE afterwards is what decides.
    """
    if not invitation.is_open:
        raise why_not_open(invitation)
    return invitation
