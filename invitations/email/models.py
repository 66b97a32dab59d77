"""The outbox: a ledger of the mails about invitations, and what mail servers answered."""

from copy import copy
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import AddressField
from core.ids import uuid7

RESPONSE_LENGTH = 1000
TO_INVITEE = ("invitation", "reminder")  # the kinds of mail that carry the link


class EmailQuerySet(models.QuerySet["Email"]):
    """The mails to be sent."""

    def unsent(self) -> "EmailQuerySet":
        """Waiting for a worker, or in one's hands."""
        return self.filter(due_at__isnull=False)

    def due(self) -> "EmailQuerySet":
        """Those a worker may take, on the database clock, longest first; a lease that ran out is due again."""
        return self.filter(due_at__lte=Now()).order_by("due_at", "id")

    def to_invitee(self) -> "EmailQuerySet":
        """Those that carry the link, and so tell whether the invitation can arrive."""
        return self.filter(kind__in=TO_INVITEE)

    def never_sent(self) -> "EmailQuerySet":
        """Those that no mail server took; what its recipient refused is, for its organization, none of them."""
        return self.filter(sent_at__isnull=True, withheld_at__isnull=True)

    def newest_first(self) -> "EmailQuerySet":
        """By generation, and in each the reminder before the invitation."""
        return self.order_by("-generation", "-id")

    def newest_of_each_invitation(self) -> "EmailQuerySet":
        """The newest mail to each invitee."""
        of_same = Email.objects.to_invitee().filter(invitation=models.OuterRef("invitation")).newest_first()
        return self.filter(pk=models.Subquery(of_same.values("pk")[:1]))


class Email(models.Model):
    """One mail about one invitation: a row first, written with the change it tells of; the worker sends it.

    The text is rendered when it is sent, from the invitation as it then is, so no link is ever stored.
    """

    class Kind(models.TextChoices):
        """What it says: the first two to the invitee, the others to the inviter."""

        INVITATION = "invitation"
        REMINDER = "reminder"
        ANSWERED = "answered"
        UNDELIVERABLE = "undeliverable"
        ASK_AGAIN = "ask_again"

    class State(models.TextChoices):
        """How far it got.

        ``deferred``: a server said "not now". ``failed``: refused for good, or given up. ``dropped``: needless by the
        time it was due. ``delivered``, ``bounced`` and ``complained`` are what a mail provider reports later.
        """

        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        DELIVERED = "delivered"
        DEFERRED = "deferred"
        BOUNCED = "bounced"
        COMPLAINED = "complained"
        FAILED = "failed"
        DROPPED = "dropped"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    invitation = models.ForeignKey(
        "invitations.Invitation", on_delete=models.CASCADE, related_name="emails", db_index=False
    )
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.INVITATION)
    recipient = AddressField()
    generation = models.PositiveIntegerField()
    message_id = models.CharField(max_length=255)

    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    # The server's own words when it was asked last, and why we did not ask it, in ours.
    response = models.CharField(max_length=RESPONSE_LENGTH, blank=True)
    reason = models.CharField(max_length=RESPONSE_LENGTH, blank=True, db_default="")
    # When a worker may take it: while one has it, when its lease ends. Null once there is nothing left to do.
    due_at = models.DateTimeField(null=True, blank=True, db_default=Now())
    lease_id = models.UUIDField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    # When it was dropped because its recipient wants none, which the organization is not told.
    withheld_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = EmailQuerySet.as_manager()

    class Meta:
        """The dates fit the state, a lease is held exactly while sending, and nothing is said twice."""

        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sending", "deferred"], due_at__isnull=False, sent_at__isnull=True)
                | Q(
                    state__in=["sent", "delivered", "deferred", "bounced", "complained"],
                    due_at__isnull=True,
                    sent_at__isnull=False,
                )
                | Q(state__in=["failed", "dropped"], due_at__isnull=True, sent_at__isnull=True),
                name="email_dates_fit_state",
            ),
            models.CheckConstraint(
                condition=Q(state="sending", lease_id__isnull=False) | (~Q(state="sending") & Q(lease_id__isnull=True)),
                name="email_lease_while_sending",
            ),
            models.CheckConstraint(
                condition=Q(withheld_at__isnull=True) | Q(state="dropped"), name="email_withheld_is_dropped"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["invitation", "reminder", "answered", "undeliverable", "ask_again"]),
                name="email_kind_known",
            ),
            models.UniqueConstraint(fields=["invitation", "kind", "generation"], name="email_once"),
            models.UniqueConstraint(fields=["message_id"], name="email_message_id"),
        )
        indexes = (models.Index(fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="email_unsent"),)

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}"

    @property
    def is_to_invitee(self) -> bool:
        """Whether it carries the link; otherwise it goes to the inviter, who must never see it."""
        return self.kind in TO_INVITEE

    def as_shown_to_organization(self) -> "Email":
        """As the organization is told of it: what its recipient refused looks like any other that went out.

        So of a mail that went out no server's words are told either.
        """
        told = copy(self)
        if self.withheld_at is not None:
            told.state, told.reason, told.attempts = self.State.SENT, "", self.attempts + 1
            told.sent_at, told.withheld_at = self.withheld_at, None
        if told.state == self.State.SENT:
            told.response = ""
        return told

    @property
    def next_attempt_at(self) -> datetime | None:
        """When a worker takes it next; None while one has it, and once there is nothing left to do."""
        return None if self.state == self.State.SENDING else self.due_at


class Attempt(models.Model):
    """What a mail server answered when a mail was handed to it, or a provider reported later.

    A crash leaves none, and so uses none up.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.ForeignKey(Email, on_delete=models.CASCADE, related_name="history")
    state = models.CharField(max_length=16, choices=Email.State.choices)
    response = models.CharField(max_length=RESPONSE_LENGTH, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        """In order."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.state} {self.response}".strip()
