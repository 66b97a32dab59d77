"""The outbox models: emails, and the responses of mail servers and providers."""

from collections.abc import Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.addresses import displayed_address
from outbox.models import DeliveryAttempt, DeliveryQuerySet, EmailDelivery

TO_INVITEE = ("invitation", "reminder")  # the kinds of email that contain the invitation link
WEEK = timedelta(days=7)


class EmailQuerySet(DeliveryQuerySet["Email"]):
    """Queries for emails by kind, organization and state."""

    def scheduled_of(self, organization_id: Any) -> "EmailQuerySet":
        """Return the organization's emails that wait for the sending limit, the earliest ``due_at`` first."""
        # A literal, as in ``undelivered_this_week``.
        scheduled = RawSQL("'scheduled'", ())
        return self.filter(state=scheduled, organization_id=organization_id).order_by("due_at", "id")

    def undelivered_this_week(self) -> "EmailQuerySet":
        """Return the emails that bounced or failed in the last 7 days."""
        # Literals: generic plans use a partial index only if its condition is in the text of the query.
        states = [RawSQL("'bounced'", ()), RawSQL("'failed'", ())]
        return self.filter(state__in=states, updated_at__gt=timezone.now() - WEEK)

    def to_invitee(self) -> "EmailQuerySet":
        """Return the emails to invitees. They contain the invitation link."""
        return self.filter(kind__in=TO_INVITEE)

    def never_sent(self) -> "EmailQuerySet":
        """Return the emails that no mail server accepted, except those withheld from unsubscribed recipients.

        Withheld emails are excluded because organizations must not see a difference between withheld and sent emails.
        """
        return self.filter(sent_at__isnull=True, withheld_at__isnull=True)

    def newest_first(self) -> "EmailQuerySet":
        """Order by generation, latest first. Within a generation, the reminder comes before the invitation."""
        return self.order_by("-generation", "-id")

    def newest_of_each_invitation(self) -> "EmailQuerySet":
        """Return each invitation's newest email to the invitee."""
        of_same = Email.objects.to_invitee().filter(invitation=models.OuterRef("invitation")).newest_first()
        return self.filter(pk=models.Subquery(of_same.values("pk")[:1]))


class Email(EmailDelivery):
    """An email about an invitation. It is created in the same transaction as the change that causes it.

    A worker renders and sends the email later, with the current data of the invitation. No link is stored.
    """

    class Kind(models.TextChoices):
        """The kinds of email. The first two are to the invitee, the others to the inviter."""

        INVITATION = "invitation"
        REMINDER = "reminder"
        ANSWERED = "answered"
        UNDELIVERABLE = "undeliverable"
        ASK_AGAIN = "ask_again"

    KIND_FIELD = "kind"

    invitation = models.ForeignKey(
        "invitations.Invitation", on_delete=models.CASCADE, related_name="emails", db_index=False
    )
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.INVITATION)
    generation = models.PositiveIntegerField()
    # When the email was dropped because its recipient has unsubscribed. The organization does not see this.
    withheld_at = models.DateTimeField(null=True, blank=True)
    # For the sending limits: when the email counts, for which organization and person. The moment is when the email was
    # requested or, if the email was scheduled, the time for which. It is null if the email does not count.
    counted_at = models.DateTimeField(null=True, blank=True)
    organization_id = models.UUIDField(null=True, blank=True)
    responsible_id = models.UUIDField(null=True, blank=True)

    objects = EmailQuerySet.as_manager()

    COLUMNS_IN_LISTS = (
        "id",
        "kind",
        "state",
        "attempts",
        "response",
        "reason",
        "due_at",
        "sent_at",
        "withheld_at",
        "updated_at",
    )

    class Meta:
        """Allow one email per kind and generation."""

        verbose_name, verbose_name_plural = _("email"), _("emails")
        constraints = (
            *EmailDelivery.Meta.constraints,
            models.CheckConstraint(
                condition=Q(withheld_at__isnull=True) | Q(state="dropped"), name="email_withheld_is_dropped"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["invitation", "reminder", "answered", "undeliverable", "ask_again"]),
                name="email_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(counted_at__isnull=True) | Q(organization_id__isnull=False),
                name="email_counted_for_organization",
            ),
            models.UniqueConstraint(fields=["invitation", "kind", "generation"], name="email_once"),
        )
        indexes = (
            *EmailDelivery.Meta.indexes,
            models.Index(
                fields=["recipient", "id"], opclasses=["varchar_pattern_ops", "uuid_ops"], name="email_to_recipient"
            ),
            # Most emails are invitations. Queries for other kinds say that they are of another kind.
            models.Index(fields=["kind", "id"], condition=~Q(kind="invitation"), name="email_of_other_kind"),
            models.Index(fields=["updated_at"], condition=Q(state__in=["bounced", "failed"]), name="email_undelivered"),
            models.Index(fields=["state", "invitation"], name="email_by_state"),
            # For the sending limits. The first two also serve the moments that are in the future.
            models.Index(
                fields=["organization_id", "counted_at"],
                condition=Q(counted_at__isnull=False),
                name="email_of_organization",
            ),
            models.Index(
                fields=["responsible_id", "counted_at"],
                condition=Q(counted_at__isnull=False, responsible_id__isnull=False),
                name="email_of_responsible",
            ),
            models.Index(
                fields=["counted_at", "organization_id"], condition=Q(counted_at__isnull=False), name="email_counted"
            ),
            models.Index(
                fields=["organization_id", "due_at", "id"], condition=Q(state="scheduled"), name="email_scheduled"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} to {displayed_address(self.recipient)}"

    def log_fields(self) -> dict[str, object]:
        """Return the fields with which the log names this email."""
        organization = {"organization_id": self.organization_id} if self.organization_id else {}
        return {"email_id": self.pk, "invitation_id": self.invitation_id, **organization}

    @property
    def was_scheduled(self) -> bool:
        """Whether the email is scheduled or was. Other emails count when they were requested."""
        return self.counted_at is not None and self.counted_at > self.created_at

    @property
    def is_to_invitee(self) -> bool:
        """Whether the email is to the invitee. Only these emails contain the link: the inviter must never see it."""
        return self.kind in TO_INVITEE

    def as_shown_to_organization(self) -> "Email":
        """Return a copy in which a withheld email looks like a sent email."""
        shown = copy(self)
        shown.__dict__ |= shown_to_organization({name: getattr(self, name) for name in self.COLUMNS_IN_LISTS})
        return shown

    @property
    def next_attempt_at(self) -> datetime | None:
        """The time of the next attempt. None while the email is being sent, and when no further attempt is needed."""
        return next_attempt_at(self.state, self.due_at)


def next_attempt_at(state: str, due_at: Any) -> Any:
    """Return the time of the next attempt: when it is due, or None while the email is being sent."""
    return None if state == Email.State.SENDING else due_at


def shown_to_organization(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``COLUMNS_IN_LISTS`` as the organization may see them: a withheld email looks like a sent email.

    A withheld email has no server response. For this reason, the response is removed from sent emails too.
    """
    shown = dict(columns)
    if shown["withheld_at"] is not None:
        shown |= {"state": Email.State.SENT, "reason": "", "attempts": shown["attempts"] + 1}
        shown |= {"sent_at": shown["withheld_at"], "withheld_at": None}
    if shown["state"] == Email.State.SENT:
        shown["response"] = ""
    return shown


class Attempt(DeliveryAttempt):
    """A mail server's response to an email, or a provider's later report."""

    email = models.ForeignKey(Email, on_delete=models.CASCADE, related_name="history")
