"""The handler of emails about invitations: decide whether to send an email, render it, and act on failures."""

from datetime import timedelta
from functools import cached_property

from core.addresses import is_erased
from core.emails import ServiceEmail
from invitations.actions.ending import fail
from invitations.email.address_hashes import Suppression
from invitations.email.kinds import EmailHandler
from invitations.email.messages import render_invitation_email
from invitations.email.models import Email
from invitations.email.transport import Outcome
from invitations.models import Invitation

REQUEST_A_NEW_INVITATION = (Email.Kind.UNDELIVERABLE, Email.Kind.ASK_AGAIN)


class InvitationEmailHandler(EmailHandler):
    """Handle an email about an invitation, to the invitee or the inviter."""

    @cached_property
    def invitation(self) -> Invitation:
        """The invitation and everything that the templates need, loaded in one query."""
        return Invitation.objects.with_details().get(pk=self.email.invitation_id)

    def examine(self) -> Outcome | None:
        """Return an outcome if the email must not be sent now, otherwise None."""
        return self._examine_to_invitee() if self.email.is_to_invitee else self._examine_to_inviter()

    def render(self) -> ServiceEmail:
        """Return the message in the recipient's language."""
        return render_invitation_email(self.email, self.invitation)

    def on_final_failure(self, reason: str) -> None:
        """Mark the invitation as undeliverable if the email is to the invitee. Otherwise do nothing."""
        if self.email.is_to_invitee:
            fail(invitation_id=self.email.invitation_id, generation=self.email.generation, reason=reason)

    @property
    def give_up_after(self) -> timedelta | None:
        """The age at which a deferred email to the inviter becomes ``failed``. None for emails to the invitee.

        Emails to the invitee need no maximum age, because they are dropped when the invitation has expired.
        """
        return None if self.email.is_to_invitee else super().give_up_after

    def _examine_to_invitee(self) -> Outcome | None:
        email, invitation = self.email, self.invitation
        if email.generation != invitation.generation:
            return _dropped("A newer email was sent.")
        if not invitation.is_open:
            return _dropped(f"The invitation is {invitation.state}.")
        if invitation.organization.is_archived:
            return Outcome(Email.State.QUEUED, "The organization is archived.", by_server=False)
        if Suppression.objects.concerning(email.recipient, invitation.organization).exists():
            return _dropped("The recipient has unsubscribed.", withheld=True)
        return None

    def _examine_to_inviter(self) -> Outcome | None:
        if is_erased(self.invitation.email):
            return _dropped("The invited person was erased.")
        if self.email.kind in REQUEST_A_NEW_INVITATION and self.invitation.is_superseded:
            return _dropped("A newer invitation was sent.")
        return None


def _dropped(reason: str, *, withheld: bool = False) -> Outcome:
    return Outcome(Email.State.DROPPED, reason, by_server=False, withheld=withheld)
