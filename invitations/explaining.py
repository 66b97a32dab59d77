"""Explain why an invited person has not joined: one current reason, and a timeline.

The explanation is for people who may manage the invitation. Only staff can see whether the invited address has an
account or has unsubscribed. There is one exception: an account that staff have closed prevents accepting, so everybody
who manages the invitation can see that. The number of queries is constant.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actions.address_ownership import is_closed_by_staff, verified_owner
from accounts.models import ExternalIdentity
from core.addresses import displayed_address
from core.rows import only_row
from events.models import Event
from invitations.actions.granting import has_left, still_vouched
from invitations.email.limits import open_slots_left
from invitations.email.models import Email
from invitations.models import Invitation
from orgs import policies
from orgs.models import Membership
from orgs.seats import members_fill_seats

Status, State = Invitation.Status, Email.State


class Reason(models.TextChoices):
    """The reasons why an invitee has not joined. Each has a stable code and a sentence."""

    OPEN_WAITING_FOR_ANSWER = (
        "open_waiting_for_answer",
        _("The email was sent. The invitation has not been answered yet."),
    )
    EMAIL_SCHEDULED = (
        "email_scheduled",
        _("The daily limit of invitation emails is reached. The email is scheduled, and will be sent later."),
    )
    EMAIL_WAITS_FOR_ROOM = (
        "email_waits_for_room",
        _(
            "The limit on open invitations is reached. The email will be sent when an open invitation is answered, is "
            "withdrawn or expires."
        ),
    )
    EMAIL_QUEUED = "email_queued", _("The newest email is waiting to be sent.")
    EMAIL_DEFERRED = "email_deferred", _("The email could not be delivered yet. We will try again.")
    EMAIL_REFUSED = (
        "email_refused",
        _("The mail server rejected the email. Correct the address or send the invitation again."),
    )
    EMAIL_BOUNCED = "email_bounced", _("The email bounced. This address cannot be reached.")
    EMAIL_MARKED_AS_SPAM = "email_marked_as_spam", _("The email was delivered, but it was marked as spam.")
    EMAIL_NOT_SENT = (
        "email_not_sent",
        _("The email could not be sent because of a problem on our side. Send the invitation again."),
    )
    WAITING_FOR_SEAT = "waiting_for_seat", _("The invitation was accepted and is waiting for a free seat.")
    ALL_SEATS_TAKEN = "all_seats_taken", _("All seats are taken. Anyone who accepts has to wait for a free seat.")
    INVITER_CAN_NO_LONGER_GRANT = (
        "inviter_can_no_longer_grant",
        _("The inviter no longer has permission for this. Someone who has it must send the invitation again."),
    )
    INVITER_LEFT = (
        "inviter_left",
        _("The inviter is no longer a member. Someone who may invite must send the invitation again."),
    )
    NOBODY_VOUCHES = (
        "nobody_vouches",
        _("Accepted, but the inviter no longer has permission for it. Withdraw the invitation and send a new one."),
    )
    ACCOUNT_DEACTIVATED = "account_deactivated", _("The account that accepted the invitation has been deactivated.")
    ACCOUNT_CLOSED = (
        "account_closed",
        _("The account with this address has been closed. This person can't accept until staff reactivate it."),
    )
    ORGANIZATION_ARCHIVED = "organization_archived", _("The organization is archived.")
    ALREADY_MEMBER = "already_member", _("This person is already a member and has everything that is offered.")
    ACCEPTED = "accepted", _("The invitation was accepted.")
    ACCEPTED_IN_PART = (
        "accepted_in_part",
        _("The invitation was accepted. This person was already a member and got only what they did not have."),
    )
    ACCEPTED_WITHOUT_EFFECT = (
        "accepted_without_effect",
        _("The invitation was accepted. This person already had everything that it offered."),
    )
    DECLINED = "declined", _("The invitation was declined.")
    CANCELLED = "cancelled", _("The invitation was withdrawn.")
    NOT_NEEDED = (
        "not_needed",
        _("The invitation was closed, because this person already has everything that it offers."),
    )
    SUPERSEDED = "superseded", _("A newer invitation replaced this one.")
    EXPIRED = "expired", _("The invitation expired. If you send it again, a new one is created.")
    EXPIRED_UNSENT = (
        "expired_unsent",
        _("The invitation expired before its email was sent. If you send it again, a new one is created."),
    )
    # Shown to staff only
    EMAIL_UNWANTED = (
        "email_unwanted",
        _("This person has unsubscribed, so no email was sent. They can still answer the invitation."),
    )
    NO_ACCOUNT = "no_account", _("The email was sent. No account has this address yet.")
    ADDRESS_UNVERIFIED = "address_unverified", _("An account has this address but has not verified it.")
    ADDRESS_IGNORED = (
        "address_ignored",
        _("An identity provider names this address, but it doesn't count. See the external identities."),
    )
    ACCOUNT_DELETED = (
        "account_deleted",
        _("This person has deleted their account. The emailed link lets them create a new one."),
    )


TO_STAFF_ONLY = (
    Reason.EMAIL_UNWANTED,
    Reason.NO_ACCOUNT,
    Reason.ADDRESS_UNVERIFIED,
    Reason.ADDRESS_IGNORED,
    Reason.ACCOUNT_DELETED,
)

_REASON_BY_STATUS = {
    Status.ACCEPTED: Reason.ACCEPTED,
    Status.DECLINED: Reason.DECLINED,
    Status.CANCELLED: Reason.CANCELLED,
    Status.EXPIRED: Reason.EXPIRED,
    Status.ERROR: Reason.EMAIL_REFUSED,
}
_REASON_BY_EMAIL_STATE = {
    State.SCHEDULED: Reason.EMAIL_SCHEDULED,
    State.QUEUED: Reason.EMAIL_QUEUED,
    State.SENDING: Reason.EMAIL_QUEUED,
    State.DEFERRED: Reason.EMAIL_DEFERRED,
    State.FAILED: Reason.EMAIL_NOT_SENT,
    State.BOUNCED: Reason.EMAIL_BOUNCED,
    State.COMPLAINED: Reason.EMAIL_MARKED_AS_SPAM,
}
_REASONS_WITH_RESPONSE = {*_REASON_BY_EMAIL_STATE.values(), Reason.EMAIL_REFUSED, Reason.EXPIRED_UNSENT}


@dataclass(frozen=True)
class Entry:
    """One entry of the timeline: an event with its actor, or a state change of an email.

    `words` is the mail server's response, or the reason why no mail server was contacted. `event` is the event of the
    entry, if there is one.
    """

    at: datetime
    what: str
    actor_id: UUID | None = None
    actor_method: str = ""
    email_id: UUID | None = None
    email_kind: str = ""
    words: str = ""
    event: Event | None = None

    @property
    def label(self) -> str:
        """Return the readable label of the event or state. Without a label, return the event kind."""
        if self.email_id is None:
            return str(_EVENT_LABELS.get(self.what, self.what))
        return str(State(self.what.removeprefix("email.")).label)

    def as_shown_to_organization(self) -> "Entry":
        """Return a copy without the facts that managers must not see. See `Email.as_shown_to_organization`."""
        return replace(self, words="") if self.what == f"email.{State.SENT}" else self


@dataclass(frozen=True)
class Explanation:
    """The reason, the mail server's response if it is relevant to the reason, and the timeline, oldest first.

    ``next_attempt_at`` is when the newest email to the invitee will be sent at the earliest, if it waits for a time.
    """

    invitation: Invitation
    reason: Reason
    words: str
    timeline: list[Entry]
    next_attempt_at: datetime | None = None

    @property
    def sentence(self) -> str:
        """The reason, with the name of an inviter who left."""
        if self.reason != Reason.INVITER_LEFT:
            return str(self.reason.label)
        name = {"name": displayed_address(self.invitation.inviter_display_name)}
        return gettext("%(name)s is no longer a member. Someone who may invite must send the invitation again.") % name


def explain(invitation: Invitation, *, to_staff: bool = False, with_account: bool = False) -> Explanation:
    """Return the explanation of an invitation that was loaded `with_details`.

    `to_staff` adds the facts that only staff may see. `with_account` adds whether the invited address has an account.
    """
    rows = (invitation.emails.all() | invitation.emails_to_invitee).order_by("id").prefetch_related("history")
    emails = list(rows) if to_staff else [email.as_shown_to_organization() for email in rows]
    to_invitee = [email for email in emails if email.is_to_invitee]
    newest = max(to_invitee, key=lambda email: (email.generation, email.pk), default=None)
    reason = _reason(invitation, newest)
    if reason == Reason.OPEN_WAITING_FOR_ANSWER:
        if newest and newest.withheld_at:
            reason = Reason.EMAIL_UNWANTED
        elif with_account:
            reason = _reason_of_account(invitation)
    words = (newest.response or newest.reason) if newest and reason in _REASONS_WITH_RESPONSE else ""
    timeline = _timeline(invitation, emails)
    shown = timeline if to_staff else [entry.as_shown_to_organization() for entry in timeline]
    return Explanation(invitation, reason, words, shown, _next_attempt_at(reason, newest))


def _next_attempt_at(reason: Reason, newest: Email | None) -> datetime | None:
    return newest.due_at if newest and reason in (Reason.EMAIL_SCHEDULED, Reason.EMAIL_DEFERRED) else None


# Reason


def _reason(invitation: Invitation, newest: Email | None) -> Reason:
    if invitation.finished_at is None and invitation.organization.is_archived:
        return Reason.ORGANIZATION_ARCHIVED
    if invitation.is_superseded:
        return Reason.SUPERSEDED
    if invitation.state == Status.PROCESSING:
        return _reason_to_wait(invitation)
    if invitation.is_open:
        return _reason_while_open(invitation, newest)
    return _reason_after_the_end(invitation, newest)


def _reason_after_the_end(invitation: Invitation, newest: Email | None) -> Reason:
    if invitation.is_not_needed:
        return Reason.NOT_NEEDED
    if invitation.state == Status.ACCEPTED and not invitation.gave_everything:
        return Reason.ACCEPTED_IN_PART if invitation.given else Reason.ACCEPTED_WITHOUT_EFFECT
    if invitation.state == Status.ERROR and newest and newest.state == State.BOUNCED:
        return Reason.EMAIL_BOUNCED
    if invitation.state == Status.EXPIRED and newest and not (newest.sent_at or newest.withheld_at):
        return Reason.EXPIRED_UNSENT
    return _REASON_BY_STATUS[Status(invitation.state)]


def _reason_while_open(invitation: Invitation, newest: Email | None) -> Reason:
    """Return the first reason that applies. Problems that another email would not solve come first."""
    membership = _membership_of_invitee(invitation)
    if membership is not None and not policies.additions(membership, invitation.grant):
        return Reason.ALREADY_MEMBER
    if is_closed_by_staff(invitation.email):
        return Reason.ACCOUNT_CLOSED
    if not still_vouched(invitation.organization, invitation):
        inviter_left = has_left(invitation.organization, invitation)
        return Reason.INVITER_LEFT if inviter_left else Reason.INVITER_CAN_NO_LONGER_GRANT
    if newest and State(newest.state) in _REASON_BY_EMAIL_STATE:
        return _reason_of_email(invitation, newest)
    if membership is None and members_fill_seats(invitation.organization):
        return Reason.ALL_SEATS_TAKEN
    return Reason.OPEN_WAITING_FOR_ANSWER


def _reason_of_email(invitation: Invitation, email: Email) -> Reason:
    """Return the reason for the state. A scheduled email that no daily limit holds back any more waits for a slot."""
    if email.state != State.SCHEDULED or not email.counted_at or email.counted_at > timezone.now():
        return _REASON_BY_EMAIL_STATE[State(email.state)]
    slots = 0 if invitation.is_emailed else 1 + invitation.open_in_same_email().count()
    waits = bool(email.reason) or open_slots_left(invitation.organization) < slots
    return Reason.EMAIL_WAITS_FOR_ROOM if waits else Reason.EMAIL_QUEUED


def _reason_to_wait(invitation: Invitation) -> Reason:
    if invitation.answered_by and not invitation.answered_by.is_active:
        return Reason.ACCOUNT_DEACTIVATED
    if not still_vouched(invitation.organization, invitation):
        return Reason.NOBODY_VOUCHES
    return Reason.WAITING_FOR_SEAT


def _membership_of_invitee(invitation: Invitation) -> Membership | None:
    owners = EmailAddress.objects.filter(email=invitation.email, verified=True).values("user")
    members = Membership.objects.with_people_and_roles()
    return only_row(members.filter(organization=invitation.organization, user__in=owners))


def _reason_of_account(invitation: Invitation) -> Reason:
    known = EmailAddress.objects.filter(email=invitation.email).values_list("verified", flat=True)
    if not any(known) and ExternalIdentity.objects.filter(ignored_address=invitation.email).exists():
        return Reason.ADDRESS_IGNORED
    if not known:
        return Reason.NO_ACCOUNT
    if (owner := verified_owner(invitation.email)) and not owner.is_active:
        return Reason.ACCOUNT_DELETED
    return Reason.OPEN_WAITING_FOR_ANSWER if any(known) else Reason.ADDRESS_UNVERIFIED


# Timeline

_EVENT_LABELS = {
    "invitation.created": _("Invited"),
    "invitation.updated": _("Changed"),
    "invitation.link_copied": _("Link shown"),
    "invitation.resent": _("Sent again"),
    "invitation.reminded": _("Reminder queued"),
    "invitation.emailed": _("Scheduled email sent"),
    "invitation.postponed": _("Email postponed"),
    "invitation.rescheduled": _("Email scheduled for another time"),
    "invitation.address_corrected": _("Address corrected"),
    "invitation.asked_again": _("New invitation requested"),
    "invitation.waits_for_seat": _("Accepted, waiting for a seat"),
    "invitation.accepted": _("Accepted"),
    "invitation.declined": _("Declined"),
    "invitation.cancelled": _("Withdrawn"),
    "invitation.superseded": _("Replaced by a newer invitation"),
    "invitation.expired": _("Expired"),
    "invitation.failed": _("Undeliverable"),
}

# The emails themselves tell these events, with the words of the other side.
TOLD_BY_EMAILS = ("invitation.delivered", "invitation.bounced")
SAME_TRANSACTION = timedelta(seconds=1)


def _timeline(invitation: Invitation, emails: list[Email]) -> list[Entry]:
    events = list(Event.objects.about(invitation).exclude(kind__in=TOLD_BY_EMAILS))
    entries = [Entry(e.created_at, e.kind, e.actor_id, e.actor_method, event=e) for e in events]
    if invitation.state == Status.EXPIRED and "invitation.expired" not in {event.kind for event in events}:
        entries.append(Entry(invitation.expires_at, "invitation.expired", actor_method="service"))
    for email in emails:
        entries += _entries_of(email, events)
    return sorted(entries, key=lambda entry: entry.at)


def _entries_of(email: Email, events: list[Event]) -> Iterator[Entry]:
    what = "email.scheduled" if email.was_scheduled else "email.queued"
    queued = Entry(_cause(email, events), what, email_id=email.pk, email_kind=email.kind)
    yield queued
    for attempt in email.history.all():
        yield replace(queued, at=attempt.created_at, what=f"email.{attempt.state}", words=attempt.response)
    if email.attempts > len(email.history.all()) and email.sent_at:
        yield replace(queued, at=email.sent_at, what="email.sent")  # withheld emails have no attempt
    if email.reason and email.due_at is None:
        yield replace(queued, at=email.updated_at, what=f"email.{email.state}", words=email.reason)


def _cause(email: Email, events: list[Event]) -> datetime:
    """Return the time of the event that caused the email. Some actions queue the email before they record the event."""
    for event in events:
        if email.created_at <= event.created_at < email.created_at + SAME_TRANSACTION:
            return event.created_at
    return email.created_at
