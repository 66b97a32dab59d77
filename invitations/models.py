"""The invitation model. The models of its emails are in ``invitations.email``."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.address_fields import AddressField, normalized_address_check
from core.addresses import displayed_address
from core.ids import uuid7
from core.languages import validate_language
from core.metadata import validate_metadata
from core.rows import object_from_json
from core.text import validate_plain_multiline_text, validate_plain_text
from invitations.email.address_hashes import SendingCounter, Suppression  # noqa: F401 - models of this app
from invitations.email.models import Attempt, Email, EmailQuerySet  # noqa: F401 - models of this app
from invitations.querysets import InvitationQuerySet
from invitations.row_properties import ended_at, inviter_display_name, state_of
from orgs.models import Organization, Role, Unit
from orgs.permissions import effective
from orgs.policies import Grant

OPEN_ENDED = ["pending", "processing"]
MAX_NAME, MAX_MESSAGE = 200, 2000  # characters
UNANSWERED = Q(finished_at__isnull=True)
# The end of an index for one filter.
IN_ORGANIZATION = ("organization", "status", "created_at", "id", "expires_at", "finished_at")


class Invitation(models.Model):
    """An offer to one address to join one organization, optionally with a role in one unit.

    An invitation leaves the status ``pending`` only once (``actions.transitions``). The row is kept afterwards, to show
    what happened.
    """

    class Status(models.TextChoices):
        """The stored statuses. An invitation is open if it is ``pending`` and has not expired (``querysets.OPEN``)."""

        PENDING = "pending"
        PROCESSING = "processing"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        CANCELLED = "cancelled"
        EXPIRED = "expired"
        ERROR = "error"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="invitations", db_index=False)
    email = AddressField()
    role = models.ForeignKey(Role, on_delete=models.SET_NULL, null=True, related_name="invitations", db_index=False)
    permissions = models.JSONField(default=list, blank=True)
    unit = models.ForeignKey(
        Unit, on_delete=models.SET_NULL, null=True, blank=True, related_name="invitations", db_index=False
    )
    unit_role = models.ForeignKey(
        Role, on_delete=models.SET_NULL, null=True, blank=True, related_name="unit_invitations", db_index=False
    )

    language = models.CharField(max_length=16, blank=True, validators=[validate_language])
    # What the inviter wrote about and to the invitee. Only the organization sees the metadata.
    invitee_name = models.CharField(
        max_length=MAX_NAME, blank=True, default="", db_default="", validators=[validate_plain_text]
    )
    message = models.CharField(
        max_length=MAX_MESSAGE, blank=True, default="", db_default="", validators=[validate_plain_multiline_text]
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[validate_metadata])

    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    generation = models.PositiveIntegerField(default=1)
    # The generation for which a reminder was queued. The worker then does not look at the invitation again.
    reminded_generation = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    expires_at = models.DateTimeField()
    # For how many days the invitation is open after its scheduled email is sent. Null after that, and if no email was
    # scheduled.
    lifetime_days = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    # False while the first email is scheduled. The invitation then needs no slot of the limit of open invitations.
    is_emailed = models.BooleanField(default=True, db_default=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(max_length=500, blank=True, validators=[validate_plain_multiline_text])
    superseded_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="supersedes", db_index=False
    )

    # Invitations of one person to several units that were made together share one email. They all refer to the one that
    # has the email, which refers to itself. Null for all others.
    shares_email_of = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="sharing_email",
        db_index=False,
    )

    # The inviter must be able to offer the grant until acceptance. Id and name remain if the account is deleted. The
    # name is blank if staff sent the invitation: it comes from the organization. It is also blank after an erasure.
    inviter = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="sent_invitations")
    inviter_user_id = models.UUIDField(null=True, editable=False)
    inviter_name = models.CharField(max_length=257, blank=True, validators=[validate_plain_text])
    answered_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="answered_invitations", db_index=False
    )
    # The parts of the grant (``GrantPart``) that acceptance gave. Null while nothing was accepted. An empty list on a
    # cancelled invitation: it was closed because the person already had everything.
    given = models.JSONField(null=True, blank=True, editable=False)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = InvitationQuerySet.as_manager()

    is_overdue: bool  # annotated by ``with_details``, according to the database clock
    # annotated by ``with_invitee``
    is_to_caller: bool
    is_to_member: bool
    has_others: bool
    credential_is_live: bool  # annotated by ``policies.with_live_credential``
    queued_email: "Email | None" = None  # set by ``queue_email`` if the email is to the invitee
    others: "list[Invitation]"  # set for the response about several invitations that were made together
    was_vouched: bool  # set by ``invitations.actions.granting.still_vouched``

    class Meta:
        """Allow at most one unanswered invitation (``finished_at`` is null) per organization, address and target."""

        verbose_name, verbose_name_plural = _("invitation"), _("invitations")
        constraints = (
            normalized_address_check("email", "invitation_email_normalized"),
            models.CheckConstraint(
                condition=Q(status__in=OPEN_ENDED, finished_at__isnull=True)
                | (~Q(status__in=OPEN_ENDED) & Q(finished_at__isnull=False)),
                name="invitation_finished_unless_open",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "pending",
                        "processing",
                        "accepted",
                        "declined",
                        "cancelled",
                        "expired",
                        "error",
                    ]
                ),
                name="invitation_status_known",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=False)
                | Q(role__isnull=False, unit__isnull=True, unit_role__isnull=True)
                | Q(role__isnull=False, unit__isnull=False, unit_role__isnull=False),
                name="invitation_unanswered_grant_whole",
            ),
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=Q(finished_at__isnull=True, unit__isnull=True),
                name="invitation_one_open_to_organization",
            ),
            models.UniqueConstraint(
                fields=["organization", "email", "unit"],
                condition=Q(finished_at__isnull=True, unit__isnull=False),
                name="invitation_one_open_to_unit",
            ),
        )
        # A list has an index with the columns that it filters by, the sort order, and what decides whether a row is
        # open. Skipping and counting rows then does not read the table. Some are partial, to be small.
        indexes = (
            models.Index(
                fields=["organization", "status", "created_at", "id", "expires_at", "finished_at"],
                name="invitation_by_creation",
            ),
            models.Index(
                fields=["organization", "status", "updated_at", "id", "expires_at", "finished_at"],
                name="invitation_by_update",
            ),
            models.Index(
                fields=["organization", "status", "expires_at", "id", "finished_at"], name="invitation_by_expiry"
            ),
            models.Index(
                fields=["organization", "status", "email", "id", "expires_at", "finished_at"],
                name="invitation_by_email",
            ),
            # To count open invitations, and those that reserve a seat.
            models.Index(
                fields=["organization", "status", "expires_at", "is_emailed"],
                condition=UNANSWERED,
                name="invitation_unanswered",
            ),
            # These begin with a reference, because the deletion of the row that it refers to searches by it.
            models.Index(fields=["inviter_user_id", *IN_ORGANIZATION], name="invitation_by_inviter"),
            models.Index(fields=["role", *IN_ORGANIZATION], name="invitation_with_role"),
            models.Index(
                fields=["unit_role", *IN_ORGANIZATION],
                condition=Q(unit_role__isnull=False),
                name="invitation_with_unit_role",
            ),
            models.Index(fields=["unit", *IN_ORGANIZATION], condition=Q(unit__isnull=False), name="invitation_to_unit"),
            models.Index(
                fields=["unit", "organization", "status", "updated_at", "id", "expires_at"],
                condition=UNANSWERED & Q(unit__isnull=False),
                name="invitation_to_unit_by_update",
            ),
            models.Index(
                fields=["unit", "organization", "status", "email", "id", "expires_at"],
                condition=UNANSWERED & Q(unit__isnull=False),
                name="invitation_to_unit_by_email",
            ),
            models.Index(
                fields=["unit", "organization", "status", "unit_role", "id", "expires_at"],
                condition=UNANSWERED & Q(unit__isnull=False),
                name="invitation_to_unit_by_role",
            ),
            # For whole addresses and for their beginnings, for which ``LIKE`` needs this operator class.
            models.Index(
                fields=["email", "id"], opclasses=["varchar_pattern_ops", "uuid_ops"], name="invitation_to_email"
            ),
            # For the list in the admin, which is sorted by id.
            models.Index(fields=["status", "id"], condition=Q(finished_at__isnull=False), name="invitation_finished"),
            models.Index(fields=["organization", "id"], name="invitation_of_organization"),
            models.Index(fields=["status", "expires_at"], condition=UNANSWERED, name="invitation_open_expiry"),
            models.Index(
                fields=["expires_at", "id"],
                condition=UNANSWERED & Q(reminded_generation__lt=F("generation")),
                name="invitation_not_reminded",
            ),
            models.Index(fields=["answered_by"], condition=Q(answered_by__isnull=False), name="invitation_answered_by"),
            models.Index(
                fields=["superseded_by"], condition=Q(superseded_by__isnull=False), name="invitation_superseded_by"
            ),
            models.Index(
                fields=["shares_email_of"], condition=Q(shares_email_of__isnull=False), name="invitation_shares_email"
            ),
            # From few emails to their invitations, as `queue.newest_email_is` compares them.
            models.Index(Coalesce("shares_email_of", "id"), name="invitation_of_email"),
        )

    def __str__(self) -> str:
        return f"{displayed_address(self.email)} → {self.organization}"

    @property
    def state(self) -> str:
        """The status, or ``expired`` if the invitation is overdue. Needs ``with_details``."""
        return state_of(self)

    @property
    def is_open(self) -> bool:
        """Whether the invitation could be accepted or declined when it was loaded. Needs ``with_details``."""
        return self.state == self.Status.PENDING

    @property
    def ended_unanswered(self) -> bool:
        """Whether the invitation expired or could not be delivered. Needs ``with_details``."""
        return self.state in (self.Status.EXPIRED, self.Status.ERROR)

    @property
    def ended_at(self) -> datetime | None:
        """When the invitation ended. For an overdue invitation, this is the expiry date. Needs ``with_details``."""
        return ended_at(self)

    @property
    def grant(self) -> Grant:
        """The roles and permissions that the invitee gets. Raises ValueError if the role no longer exists."""
        if self.role is None:
            raise ValueError("The role of this finished invitation no longer exists.")
        return Grant(role=self.role, permissions=frozenset(self.permissions), unit=self.unit, unit_role=self.unit_role)

    @property
    def has_whole_grant(self) -> bool:
        """Whether the role and the unit still exist. This is always true for unanswered invitations."""
        return self.role_id is not None and (self.unit_id is None) == (self.unit_role_id is None)

    @property
    def gave_everything(self) -> bool:
        """Whether acceptance gave the complete grant. Also true if it is unknown, for acceptances of older versions."""
        return self.given is None or not self.has_whole_grant or set(self.given) == set(self.grant.parts)

    @property
    def is_not_needed(self) -> bool:
        """Whether the invitation was closed because the person already had everything that it offers."""
        return self.status == self.Status.CANCELLED and self.given == []

    @property
    def workspace(self) -> Unit | None:
        """The unit if it is a workspace, or None."""
        return self.unit if self.unit and self.unit.kind == Unit.Kind.WORKSPACE else None

    @property
    def workspace_role(self) -> Role | None:
        """The role in the unit if the unit is a workspace, or None."""
        return self.unit_role if self.workspace else None

    @property
    def granted_permissions(self) -> frozenset[str]:
        """The effective permissions in the organization. If the role was deleted, its permissions are missing."""
        return effective([*(self.role.permissions if self.role else ()), *self.permissions])

    @property
    def inviter_display_name(self) -> str:
        """The inviter's current name. If the account was deleted, the stored name or a placeholder.

        An invitation from staff has the organization's name.
        """
        name = self.inviter.display_name if self.inviter else None
        return inviter_display_name(self, self.organization.name, name)

    @property
    def is_from_staff(self) -> bool:
        """Whether staff sent it for the organization. It names no person, because the invitee does not know them."""
        return self.inviter_id is not None and not self.inviter_name

    @property
    def newest_email(self) -> "Email | None":
        """The newest email to the invitee. Runs a query unless ``with_delivery`` has loaded the email."""
        if self.queued_email:
            return self.queued_email
        if not hasattr(self, "newest_email_columns"):  # ``with_delivery`` annotates it
            return next(iter(self.emails_to_invitee.newest_first()[:1]), None)
        return object_from_json(Email, self.newest_email_columns) if self.newest_email_columns else None

    @property
    def emails_to_invitee(self) -> EmailQuerySet:
        """The emails to the invitee. Invitations that were made together share them."""
        return Email.objects.to_invitee().filter(invitation=self.shares_email_of_id or self.pk)

    def in_same_email(self) -> InvitationQuerySet:
        """Return the other invitations that share the newest email of this one. No query if it is alone."""
        if self.shares_email_of_id is None:
            return Invitation.objects.none()
        rows = Invitation.objects.filter(shares_email_of=self.shares_email_of_id, generation=self.generation)
        return rows.exclude(pk=self.pk).with_details().order_by("id")

    def open_in_same_email(self) -> InvitationQuerySet:
        """Return the other open invitations that share the newest email of this one. No query if it is alone."""
        return self.in_same_email().open()

    @property
    def effective_language(self) -> str:
        """The language for emails and pages: the invitation's or, if blank, the organization's. Can be blank."""
        return self.language or self.organization.language

    @property
    def delivery(self) -> "Email | None":
        """The newest email as the organization may see it. Runs a query unless ``with_delivery`` has loaded it."""
        newest = self.newest_email
        return newest.as_shown_to_organization() if newest else None

    @property
    def is_superseded(self) -> bool:
        """Whether a newer invitation replaced this one."""
        return self.superseded_by_id is not None
