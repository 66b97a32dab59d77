"""What the confirmation page says before staff withdraw an invitation."""

from django.utils.translation import gettext as _

from invitations.models import Invitation


def of_withdrawing(invitation: Invitation) -> list[str]:
    """Return what ends when an invitation is withdrawn."""
    waits = invitation.state == Invitation.Status.PROCESSING
    return [
        _("The links in all emails of this invitation stop working."),
        _("The invitee no longer waits for a seat.") if waits else _("Nobody can accept it."),
        _("Nobody gets an email about it. To undo it, somebody must send a new invitation."),
    ]
