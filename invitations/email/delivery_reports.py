"""Apply a provider's report to an email about an invitation, and to the invitation.

A report cannot undo an answer, because an invitation leaves ``pending`` only once.
"""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.principals import SERVICE
from core.addresses import is_erased
from events.changed_fields import changes_of
from invitations.actions.ending import fail
from invitations.actions.scheduling import start_lifetime
from invitations.email.address_hashes import SuppressionScope
from invitations.email.models import Email
from invitations.email.suppressions import add_suppression
from invitations.lookups import lock_invitation
from invitations.models import Invitation
from invitations.refusals import InvitationNotFound
from orgs.actions.saving import record
from orgs.models import Organization
from outbox.delivery_reports import Report, change_state


@transaction.atomic
def take_report(*, email_id: UUID, report: Report) -> bool:
    """Record a report about an email. Return whether the report changed the email.

    If the email is to the invitee, a final report puts the email's open invitation in the state ``error`` (``fail``),
    and a complaint unsubscribes the recipient from the organization.
    """
    invitation_id = Email.objects.filter(pk=email_id).values_list("invitation_id", flat=True).first()
    if invitation_id is None:
        return False
    try:
        organization, invitation = lock_invitation(invitation_id, archived=True)
    except InvitationNotFound:
        return False
    email = Email.objects.select_for_update(no_key=True).filter(pk=email_id).first()  # a worker may be sending it
    if email is None:
        return False
    response = "" if is_erased(email.recipient) else report.response
    if not change_state(email, report.state, response):
        return False
    email.history.create(state=report.state, response=response)
    if email.due_at is not None and email.is_to_invitee and email.generation == invitation.generation:
        start_lifetime(organization, invitation, timezone.now())  # the worker cannot record the email as sent now
    facts = {"invitation_id": email.invitation_id, "email_kind": email.kind, "reason": report.code}
    facts |= changes_of(email, state=report.state)
    record(f"email.{report.state}", SERVICE, email, organization, **facts)
    if email.is_to_invitee:
        _act_on_invitation(organization, invitation, email, report)
    return True


def _act_on_invitation(organization: Organization, invitation: Invitation, email: Email, report: Report) -> None:
    """Do what a report about an email to the invitee means for the invitation and for the recipient."""
    if report.state == Email.State.DELIVERED and email.generation == invitation.generation:
        record("invitation.delivered", SERVICE, invitation, organization)
    if report.is_final:
        fail(invitation_id=email.invitation_id, generation=email.generation, reason=report.code)
    if report.state == Email.State.COMPLAINED and not is_erased(email.recipient):
        add_suppression(SERVICE, organization, invitation, SuppressionScope.ORGANIZATION)
