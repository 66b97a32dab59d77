"""The handler of emails about invitations: decide whether to send an email, render it, and act on failures."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from core.addresses import is_erased
from core.emails import ServiceEmail
from invitations.actions.ending import fail
from invitations.actions.scheduling import start_lifetime, take_slot
from invitations.email.address_hashes import Suppression
from invitations.email.delivery_reports import take_report
from invitations.email.messages import render_invitation_email, reply_address_of
from invitations.email.models import Email
from invitations.lookups import lock_invitation
from invitations.models import Invitation
from invitations.refusals import InvitationNotFound
from orgs.models import Organization
from outbox.delivery_reports import Report
from outbox.email_transport import reply_code
from outbox.handlers import DeliveryHandler
from outbox.leases import LeaseLost
from outbox.outcomes import Outcome, dropped

REQUEST_A_NEW_INVITATION = (Email.Kind.UNDELIVERABLE, Email.Kind.ASK_AGAIN)


class InvitationEmailHandler(DeliveryHandler):
    """Handle an email about an invitation, to the invitee or the inviter."""

    @property
    def email(self) -> Email:
        """The email."""
        email: Email = self.delivery
        return email

    @staticmethod
    def load(deliveries: Sequence[Email]) -> "InvitationRows":
        """Load the invitations of these emails, and who has unsubscribed."""
        return InvitationRows(deliveries)

    @property
    def rows(self) -> "InvitationRows":
        """The rows of the batch."""
        rows: InvitationRows = self.batch.rows
        return rows

    @property
    def invitation(self) -> Invitation:
        """The invitation and everything that the templates need. Raises LeaseLost if it was deleted.

        If several invitations share the email, it is the first that is open.
        """
        found = self.rows.invitations.get(self.email.invitation_id)
        if found is None:
            raise LeaseLost
        if found.shares_email_of_id is None or found.is_open or not self.email.is_to_invitee:
            return found
        return found.open_in_same_email().first() or found

    def examine(self) -> Outcome | None:
        """Return an outcome if the email must not be sent now, otherwise None."""
        return self._examine_to_invitee() if self.email.is_to_invitee else self._examine_to_inviter()

    def render(self) -> ServiceEmail:
        """Return the message in the recipient's language."""
        reply_address = self.rows.reply_address(self.invitation) if self.email.is_to_invitee else ""
        return render_invitation_email(self.email, self.invitation, reply_address)

    def on_final_failure(self, response: str) -> None:
        """Mark the invitation as undeliverable if the email is to the invitee. Otherwise do nothing."""
        if self.email.is_to_invitee:
            reason = reply_code(response)
            fail(invitation_id=self.email.invitation_id, generation=self.email.generation, reason=reason)

    def on_sent(self, sent_at: datetime) -> None:
        """Set a new expiry date of the invitation if the email was scheduled."""
        if not self.email.is_to_invitee or self.invitation.lifetime_days is None:
            return
        try:
            organization, invitation = lock_invitation(self.email.invitation_id, archived=True)
        except InvitationNotFound as error:
            raise LeaseLost from error
        if invitation.generation == self.email.generation:
            start_lifetime(organization, invitation, sent_at)

    def more_columns(self, outcome: Outcome, now: datetime) -> dict[str, object]:
        """Return when the email was withheld. A dropped email that was scheduled does not count toward any limit."""
        columns: dict[str, object] = {"withheld_at": now} if outcome.withheld else {}
        if outcome.state == Email.State.DROPPED and self.email.state == Email.State.SCHEDULED:
            columns["counted_at"] = None
        return columns

    @staticmethod
    def take_report(*, email_id: UUID, report: Report) -> bool:
        """Apply a provider's report to the email and to its invitation."""
        return take_report(email_id=email_id, report=report)

    @property
    def give_up_after(self) -> timedelta | None:
        """The age at which a deferred email to the inviter becomes ``failed``. None for emails to the invitee.

        Emails to the invitee need no maximum age, because they are dropped when the invitation has expired.
        """
        return None if self.email.is_to_invitee else super().give_up_after

    def _examine_to_invitee(self) -> Outcome | None:
        email, invitation = self.email, self.invitation
        if email.generation != invitation.generation:
            return dropped("A newer email was sent.")
        if not invitation.is_open:
            return dropped(f"The invitation is {invitation.state}.")
        if invitation.organization.is_archived:
            return self._hold("The organization is archived.")
        if email.state == Email.State.SCHEDULED and not self._take_slot():
            return self._hold("The organization has reached its limit of open invitations.")
        if self.rows.is_suppressed(email, invitation.organization):
            return dropped("The recipient has unsubscribed.", withheld=True)
        return None

    def _hold(self, reason: str) -> Outcome:
        """Return the outcome with which the email waits. A scheduled one is still scheduled."""
        is_scheduled = self.email.state == Email.State.SCHEDULED
        return Outcome(Email.State.SCHEDULED if is_scheduled else Email.State.QUEUED, reason, by_server=False)

    def _take_slot(self) -> bool:
        """Return whether the scheduled email may be sent. It is queued then, like any other."""
        if not take_slot(email_id=self.email.pk, invitation_id=self.email.invitation_id):
            return False
        self.email.state = Email.State.QUEUED
        return True

    def _examine_to_inviter(self) -> Outcome | None:
        if is_erased(self.invitation.email):
            return dropped("The invited person was erased.")
        if self.email.kind in REQUEST_A_NEW_INVITATION and self.invitation.is_superseded:
            return dropped("A newer invitation was sent.")
        return None


class InvitationRows:
    """What the emails of a batch need. It is read once: two queries for all emails, and two for each inviter."""

    def __init__(self, emails: Sequence[Email]) -> None:
        self.invitations = Invitation.objects.with_details().in_bulk({email.invitation_id for email in emails})
        self._has_suppressed = Suppression.objects.concerning_any(
            (email.recipient, self.invitations[email.invitation_id].organization)
            for email in emails
            if email.is_to_invitee and email.invitation_id in self.invitations
        ).exists()
        self._reply_addresses: dict[tuple[UUID, UUID | None, bool], str] = {}

    def is_suppressed(self, email: Email, organization: Organization) -> bool:
        """Return whether the invitee has unsubscribed. Takes a query only if any invitee of the batch has."""
        return self._has_suppressed and Suppression.objects.concerning(email.recipient, organization).exists()

    def reply_address(self, invitation: Invitation) -> str:
        """Return the address for replies to the inviter."""
        key = (invitation.organization_id, invitation.inviter_id, invitation.is_from_staff)
        if key not in self._reply_addresses:
            self._reply_addresses[key] = reply_address_of(invitation)
        return self._reply_addresses[key]
