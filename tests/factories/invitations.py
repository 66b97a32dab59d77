"""Factories of invitations, emails, suppressions and sending counters."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from factory import LazyAttribute, LazyAttributeSequence, LazyFunction, SelfAttribute, SubFactory

from core.emails import message_id
from core.ids import uuid7
from invitations.email.address_hashes import HashPurpose, SendingCounter, Suppression, keyed_hashes, suppression_digests
from invitations.email.models import TO_INVITEE, Attempt, Email
from invitations.models import OPEN_ENDED, Invitation
from orgs.permissions import UNASSIGNED_ROLE, UNIT_VIEWER_ROLE
from tests.factories.accounts import UserFactory
from tests.factories.base import ModelFactory, Trait
from tests.factories.orgs import OrganizationFactory

UNSENT = ("scheduled", "queued", "sending", "deferred")
SENT = ("sent", "delivered", "bounced", "complained")
ANSWERED = ("processing", "accepted", "declined")


class InvitationFactory(ModelFactory[Invitation]):
    """An open invitation without direct permissions. Each trait creates an invitation in another state.

    `invitee=user` sets the address. For answered invitations, it also sets the user who answered. A `waiting`
    invitation was accepted and waits for a seat. An `overdue` invitation has expired but is not marked as expired.
    """

    class Meta:
        model = Invitation

    class Params:
        invitee = None
        expires_in = timedelta(days=10)
        waiting = Trait(status="processing", invitee=SubFactory(UserFactory))
        accepted = Trait(status="accepted")
        declined = Trait(status="declined")
        cancelled = Trait(status="cancelled")
        expired = Trait(status="expired", expires_at=SelfAttribute("finished_at"))
        overdue = Trait(expires_in=timedelta(days=-1))
        undeliverable = Trait(status="error")
        superseded = Trait(
            status="cancelled",
            superseded_by=SubFactory(
                "tests.factories.invitations.InvitationFactory",
                cancelled=True,  # because only one invitation to the address may be open
                organization=SelfAttribute("..organization"),
                email=SelfAttribute("..email"),
                inviter=SelfAttribute("..inviter"),
            ),
        )

    organization = SubFactory(OrganizationFactory)
    email = LazyAttributeSequence(
        lambda invitation, number: invitation.invitee.email if invitation.invitee else f"invited-{number}@example.com"
    )
    role_id = UNASSIGNED_ROLE
    unit = None
    unit_role_id = LazyAttribute(lambda invitation: UNIT_VIEWER_ROLE if invitation.unit else None)
    status = "pending"
    expires_at = LazyAttribute(lambda invitation: timezone.now() + invitation.expires_in)
    finished_at = LazyAttribute(lambda invitation: None if invitation.status in OPEN_ENDED else timezone.now())
    inviter = SubFactory(UserFactory)
    inviter_user_id = LazyAttribute(lambda invitation: invitation.inviter and invitation.inviter.pk)
    inviter_name = LazyAttribute(lambda invitation: invitation.inviter.display_name if invitation.inviter else "")
    answered_by = LazyAttribute(lambda invitation: invitation.invitee if invitation.status in ANSWERED else None)

    @classmethod
    def _adjust_kwargs(cls, **values: Any) -> dict[str, Any]:
        """Remove the default `role_id` if `role` is given, because Django accepts only one of the two."""
        given = {f"{name}_id" for name in ("role", "unit_role") if name in values}
        return {name: value for name, value in values.items() if name not in given}


class EmailFactory(ModelFactory[Email]):
    """An email that waits for a worker. Each trait creates an email in another state and sets its dates.

    A `withheld` email is not sent because its recipient has unsubscribed.
    """

    class Meta:
        model = Email

    class Params:
        scheduled = Trait(state="scheduled")
        sending = Trait(state="sending")
        sent = Trait(state="sent")
        delivered = Trait(state="delivered")
        deferred = Trait(state="deferred", attempts=1)
        bounced = Trait(state="bounced")
        complained = Trait(state="complained")
        failed = Trait(state="failed")
        dropped = Trait(state="dropped")
        withheld = Trait(state="dropped", withheld_at=LazyFunction(timezone.now))

    id = LazyFunction(uuid7)
    invitation = SubFactory(InvitationFactory)
    kind = "invitation"
    recipient = LazyAttribute(
        lambda email: email.invitation.email if email.kind in TO_INVITEE else email.invitation.inviter.email
    )
    generation = SelfAttribute("invitation.generation")
    message_id = LazyAttribute(lambda email: message_id(email.id))
    state = "queued"
    due_at = LazyAttribute(lambda email: timezone.now() if email.state in UNSENT else None)
    lease_id = LazyAttribute(lambda email: uuid7() if email.state == "sending" else None)
    sent_at = LazyAttribute(lambda email: timezone.now() if email.state in SENT else None)


class AttemptFactory(ModelFactory[Attempt]):
    """A delivery attempt with the mail server's response."""

    class Meta:
        model = Attempt

    class Params:
        deferred = Trait(state="deferred", response="451 4.7.1 Try again later")
        failed = Trait(state="failed", response="550 5.1.1 No such user")

    email = SubFactory(EmailFactory)
    state = "sent"
    response = "250 OK"


class SuppressionFactory(ModelFactory[Suppression]):
    """A suppression of this `address`, for all emails or for the emails of one `organization`."""

    class Meta:
        model = Suppression

    class Params:
        address = LazyAttributeSequence(lambda _, number: f"refusing-{number}@example.com")

    organization = None
    digest = LazyAttribute(lambda refusal: suppression_digests(refusal.address, refusal.organization)[0])


class SendingCounterFactory(ModelFactory[SendingCounter]):
    """A counter of emails to this `address` at these `times`. The default is one email now."""

    class Meta:
        model = SendingCounter

    class Params:
        address = LazyAttributeSequence(lambda _, number: f"recipient-{number}@example.com")
        times: list[datetime] | None = None

    key = LazyAttribute(lambda counter: keyed_hashes(HashPurpose.RECIPIENT, counter.address)[0])
    moments = LazyAttribute(lambda counter: [time.timestamp() for time in counter.times or [timezone.now()]])
