"""Which rows belong to an organization, which of their columns leave the service, and what is paused in the copy.

Secrets and credentials never leave: passwords, two-factor authentication, sessions, API keys, OAuth applications, and
the secrets of webhook endpoints. Staff rights do not leave either.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Model, Q, QuerySet

from accounts.models import User
from core.encryption import encrypt
from events.models import Event
from invitations.email.address_hashes import Suppression
from invitations.email.models import Attempt, Email
from invitations.models import Invitation
from orgs.models import FormerSlug, Membership, Organization, Role, RoleAssignment, Unit
from webhooks.models import WebhookEndpoint
from webhooks.signing import new_secret

Fields = dict[str, Any]
PAUSED = "The organization was moved to another installation. Send the invitation again."
UNSENT = (Email.State.SCHEDULED, Email.State.QUEUED, Email.State.SENDING, Email.State.DEFERRED)


def _nothing(_fields: Fields) -> None:
    """Change nothing."""


@dataclass(frozen=True)
class Table:
    """The rows of one file.

    ``rows`` returns those of an organization. ``left_out`` are the columns that do not leave. ``people`` are references
    to accounts, which become null if the account is not exported. ``pause`` changes the columns of a row in the export,
    ``complete`` a new row at the import. ``unique`` are columns that no other row of the installation may share.
    """

    name: str
    model: type[Model]
    rows: Callable[[Organization], QuerySet[Any]]
    left_out: frozenset[str] = frozenset()
    people: tuple[str, ...] = ()
    pause: Callable[[Fields], None] = _nothing
    complete: Callable[[Any], None] = _nothing
    unique: tuple[str, ...] = ()
    order: tuple[str, ...] = field(default=("pk",))

    @property
    def columns(self) -> Sequence[str]:
        """The names of the fields that leave, without the primary key."""
        fields = self.model._meta.concrete_fields
        return [one.name for one in fields if not one.primary_key and one.name not in self.left_out]

    def is_paused(self, fields: Fields) -> bool:
        """Whether the columns are as `pause` leaves them."""
        paused = {**fields}
        self.pause(paused)
        return paused == fields

    @property
    def keeps_ids(self) -> bool:
        """Whether the rows keep their ids. Numbers from a sequence of the database are not kept."""
        return self.model is not EmailAddress


def people_of(organization: Organization) -> QuerySet[User]:
    """Return the accounts that leave: of the members, and of people who accepted and wait for a seat."""
    waiting = organization.invitations.waiting().order_by().values("answered_by")
    members = Q(pk__in=organization.memberships.order_by().values("user"))
    return User.objects.filter(members | Q(pk__in=waiting))


def _pause_organization(fields: Fields) -> None:
    fields["has_webhooks"] = False


def _pause_invitation(fields: Fields) -> None:
    """Send no reminder, and nothing later, until somebody sends the invitation again."""
    if fields["finished_at"] is None:
        fields |= {"is_emailed": True, "lifetime_days": None, "reminded_generation": fields["generation"]}


def _pause_email(fields: Fields) -> None:
    if fields["state"] in UNSENT and fields["due_at"] is not None:
        fields |= {"state": Email.State.FAILED, "due_at": None, "counted_at": None, "reason": PAUSED}


def _pause_endpoint(fields: Fields) -> None:
    if fields["state"] == WebhookEndpoint.State.ENABLED:
        fields["state"] = WebhookEndpoint.State.DISABLED


def _give_secret(endpoint: WebhookEndpoint) -> None:
    """Set a secret that nobody knows. The organization rotates it."""
    endpoint.secret = encrypt(new_secret())


def _make_password_unusable(user: User) -> None:
    user.set_unusable_password()


TABLES = (
    Table(
        "accounts",
        User,
        people_of,
        left_out=frozenset({"password", "last_login", "is_superuser", "is_staff", "credentials_ended_at"}),
        people=("responsible",),
        complete=_make_password_unusable,
        unique=("email",),
    ),
    Table(
        "addresses",
        EmailAddress,
        lambda organization: EmailAddress.objects.filter(user__in=people_of(organization)),
        order=("user", "email"),
    ),
    Table(
        "organization",
        Organization,
        lambda organization: Organization.objects.filter(pk=organization.pk),
        pause=_pause_organization,
        unique=("slug",),
    ),
    Table("former-slugs", FormerSlug, lambda organization: organization.former_slugs.all(), unique=("slug",)),
    Table("roles", Role, lambda organization: organization.roles.all()),
    Table("units", Unit, lambda organization: organization.units.all()),
    Table("memberships", Membership, lambda organization: organization.memberships.all()),
    Table(
        "role-assignments",
        RoleAssignment,
        lambda organization: RoleAssignment.objects.filter(membership__organization=organization),
    ),
    Table(
        "invitations",
        Invitation,
        lambda organization: organization.invitations.all(),
        people=("inviter", "answered_by"),
        pause=_pause_invitation,
    ),
    Table(
        "emails",
        Email,
        lambda organization: Email.objects.filter(invitation__organization=organization),
        left_out=frozenset({"lease_id"}),
        pause=_pause_email,
        unique=("message_id",),
    ),
    Table(
        "email-attempts",
        Attempt,
        lambda organization: Attempt.objects.filter(email__invitation__organization=organization),
    ),
    Table(
        "suppressions",
        Suppression,
        lambda organization: Suppression.objects.filter(organization=organization),
        unique=("digest",),
    ),
    Table(
        "webhook-endpoints",
        WebhookEndpoint,
        lambda organization: organization.webhook_endpoints.all(),
        left_out=frozenset({"secret", "former_secret", "former_secret_until", "failing_since", "has_news"}),
        pause=_pause_endpoint,
        complete=_give_secret,
    ),
    Table("events", Event, lambda organization: Event.objects.filter(organization_id=organization.pk)),
)
