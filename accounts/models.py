"""Users, their identities, and OAuth clients."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.auth.password_validation import validate_password
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication, ApplicationManager

from accounts.browser_sessions import Session  # noqa: F401 - a model of this app
from accounts.email.models import AccountEmail, AccountEmailAttempt  # noqa: F401 - models of this app
from core.address_fields import AddressField, normalized_address_check
from core.ids import uuid7
from core.natural_keys import NoNaturalKey
from core.text import validate_plain_text
from core.web_addresses import WebAddressField
from events.models import Event


class UserManager(BaseUserManager["User"]):
    """Creates users. ``create_verified_user`` and ``create_superuser`` are for management commands."""

    def create_user(self, email: str | None, password: str | None = None, **fields: Any) -> "User":
        """Create a user with an unverified address, or without an address."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_verified_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a user with a verified address, and record the events. Their actor is the service itself."""
        from accounts.principals import SERVICE  # it imports this module

        with transaction.atomic():
            user = self.create_user(email, password, **fields)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
            Event.objects.record("user.registered", by=SERVICE, subject=user, user_kind=user.kind)
            Event.objects.record("user.address_proven", by=SERVICE, subject=user)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a superuser with a verified address, for ``manage.py createsuperuser``.

        Raises ValidationError, also for a weak password: Django's command does not check the one in its variable.
        """
        if password is not None:
            validate_password(password, self.model(email=email))
        return self.create_verified_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]
    """A person ("client") or a service account ("system user"). People sign in with their email address."""

    class Kind(models.TextChoices):
        """Only clients can answer invitations. System users call the API with API keys and tokens."""

        CLIENT = "client"
        SYSTEM = "system"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CLIENT)
    email = AddressField(null=True, blank=True)
    first_name = models.CharField(max_length=128, blank=True, validators=[validate_plain_text])
    last_name = models.CharField(max_length=128, blank=True, validators=[validate_plain_text])
    avatar_url = WebAddressField()
    # The purposes of the optional security notices that the person has turned off (``accounts.email.notices``).
    muted_notices = models.JSONField(default=list, blank=True, db_default=[])
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    credentials_ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The person behind a system user. Their limits apply to what it does.
    responsible = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    objects = UserManager()
    natural_key = NoNaturalKey()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """Constraints: addresses are unique, deleted users are inactive, and system users have no address."""

        verbose_name, verbose_name_plural = _("user"), _("users")
        permissions = (
            ("help_user", "Can help users to sign in"),  # two-factor authentication, password, addresses, sessions
            ("manage_staff", "Can make staff and change their roles"),
        )
        constraints = (
            models.UniqueConstraint(fields=["email"], name="user_email"),
            normalized_address_check("email", "user_email_normalized"),
            models.CheckConstraint(
                condition=models.Q(deleted_at__isnull=True) | models.Q(is_active=False),
                name="user_deleted_is_inactive",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="client") | models.Q(email__isnull=True),
                name="user_system_has_no_address",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=["client", "system"]), name="user_kind_known"),
        )
        indexes = (
            models.Index(fields=["id"], condition=models.Q(is_active=False), name="user_inactive"),
            # For the members of an organization, sorted by name.
            models.Index(fields=["first_name"], name="user_first_name"),
            models.Index(fields=["last_name"], name="user_last_name"),
        )

    def __str__(self) -> str:
        return self.display_name

    @property
    def is_person(self) -> bool:
        """Whether this is a person's account."""
        return self.kind == self.Kind.CLIENT

    def get_session_auth_hash(self) -> str:
        """Return the hash that ends all sessions when it changes: with the password, or when the credentials end."""
        return self._hash_since_end(super().get_session_auth_hash(), settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Return the same hash for each former SECRET_KEY."""
        formers = super().get_session_auth_fallback_hash()
        for former, key in zip(formers, settings.SECRET_KEY_FALLBACKS, strict=True):
            yield self._hash_since_end(former, key)

    def _hash_since_end(self, value: str, key: str) -> str:
        if self.credentials_ended_at is None:
            return value
        text = f"{value} {self.credentials_ended_at.timestamp()}"
        return salted_hmac("accounts.credentials_ended", text, secret=key).hexdigest()

    def get_full_name(self) -> str:
        """Return the first and last name. The result may be empty."""
        return full_name_of(self.first_name, self.last_name)

    @property
    def display_name(self) -> str:
        """The full name. If it is empty, the address. If the user has no address either, a generic name."""
        return display_name_of(self.first_name, self.last_name, self.email, self.kind)

    @property
    def name_without_address(self) -> str:
        """The full name, or a generic name, for readers who may not see the address."""
        return display_name_of(self.first_name, self.last_name, None, self.kind)

    @property
    def email_is_verified(self) -> bool:
        """Whether the user has verified their sign-in address. This runs one query."""
        return EmailAddress.objects.filter(user=self, email=self.email, verified=True).exists()

    def verified_addresses(self) -> set[str]:
        """Return all verified addresses of the user. This runs one query."""
        return set(EmailAddress.objects.filter(user=self, verified=True).values_list("email", flat=True))


def full_name_of(first_name: str, last_name: str) -> str:
    """Return the first and last name. The result may be empty."""
    return f"{first_name} {last_name}".strip()


def display_name_of(first_name: str, last_name: str, email: str | None, kind: str) -> str:
    """Return the full name. If it is empty, return the address or, if there is none, a generic name."""
    generic = "Unnamed user" if kind == User.Kind.CLIENT else "System user"
    return full_name_of(first_name, last_name) or email or generic


class ExternalIdentity(models.Model):
    """A user's identity at a trusted issuer: issuer and subject.

    ``ignored_address`` and ``ignored_reason`` say which address of the newest token does not count, and why. An address
    that is not valid is not stored.
    """

    class IgnoredReason(models.TextChoices):
        """Why an address in a token does not count. The setting ``addresses`` of the issuer decides the first four."""

        NOT_TRUSTED = "not_trusted", _("addresses of this issuer don't count")
        NOT_STATED = "not_stated", _("email_verified is missing")
        TEXT = "text", _('email_verified is the text "true"')
        NOT_VERIFIED = "not_verified", _("email_verified is not true")
        MALFORMED = "malformed", _("it is not a valid email address")
        TAKEN = "taken", _("another account has verified it")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities", db_index=False)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    ignored_address = AddressField(blank=True, null=True, editable=False)
    ignored_reason = models.CharField(max_length=16, choices=IgnoredReason, blank=True, db_default="", editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        """Constraints: a subject belongs to one user, and a user has at most one subject per issuer."""

        verbose_name, verbose_name_plural = _("external identity"), _("external identities")
        constraints = (
            normalized_address_check("ignored_address", "identity_ignored_address_normalized"),
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_issuer_subject"),
            models.UniqueConstraint(fields=["user", "issuer"], name="identity_user_issuer"),
        )
        indexes = (
            models.Index(
                fields=["ignored_address"],
                condition=models.Q(ignored_address__isnull=False),
                name="identity_ignored_address",
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class OAuthApplication(AbstractApplication):
    """A client of our authorization server. It acts on behalf of people or of a system user.

    A token from client credentials belongs to ``system_user``. If ``acts_for_owner`` is True, it belongs to the person
    who owns the application.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=255, validators=[validate_plain_text])
    system_user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="oauth_applications"
    )
    responsible = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    acts_for_owner = models.BooleanField(default=False)
    allowed_scopes = models.JSONField(default=list, blank=True)  # the scopes that the client may use; empty means all

    objects: ClassVar[models.Manager["OAuthApplication"]] = ApplicationManager()

    class Meta(AbstractApplication.Meta):
        """Constraint: ``acts_for_owner`` requires client credentials and an owner, and forbids a system user."""

        verbose_name, verbose_name_plural = _("OAuth application"), _("OAuth applications")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(acts_for_owner=False)
                | models.Q(authorization_grant_type="client-credentials", user__isnull=False, system_user__isnull=True),
                name="oauth_application_acts_for_one",
            ),
        )

    @property
    def is_personal(self) -> bool:
        """Whether this client belongs to a person and uses client credentials. Such a client may act for its owner."""
        of_person = self.system_user_id is None and self.user_id is not None
        return of_person and self.authorization_grant_type == self.GRANT_CLIENT_CREDENTIALS

    @property
    def client_credentials_user(self) -> User | None:
        """The user that a token from client credentials belongs to."""
        return self.user if self.acts_for_owner else self.system_user

    def is_usable(self, request: Any) -> bool:
        """Return whether the client may get and use tokens. A client of a deactivated user may not."""
        belongs_to = self.system_user or self.user
        return belongs_to is None or belongs_to.is_active

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Return whether exactly this URI is registered (RFC 9700, section 2.1)."""
        return uri in str(self.redirect_uris).split()

    def permitted(self, scopes: Iterable[str]) -> list[str]:
        """Return the given scopes that the application may use now."""
        return [scope for scope in scopes if not self.allowed_scopes or scope in self.allowed_scopes]


class ApplicationAccess(models.Model):
    """A person's consent to an OAuth application (``accounts.actions.oauth_access``).

    All tokens of the application for the person refer to this row and are deleted with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    application = models.ForeignKey(OAuthApplication, on_delete=models.CASCADE, related_name="accesses")
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        """Constraint: one row per user and application."""

        constraints = (models.UniqueConstraint(fields=["user", "application"], name="application_access_once"),)

    def __str__(self) -> str:
        return f"{self.application} for {self.user}"


class IdempotentResponseQuerySet(models.QuerySet["IdempotentResponse"]):
    """Queries for stored responses."""

    def outdated(self) -> "IdempotentResponseQuerySet":
        """Return the responses that are older than ``KEPT_FOR`` by the database clock."""
        return self.filter(created_at__lte=Now() - IdempotentResponse.KEPT_FOR)

    def mentioning(self, texts: Iterable[str]) -> "IdempotentResponseQuerySet":
        """Return the responses whose body contains any of these ids or addresses."""
        return self.filter(reduce(or_, (models.Q(response__contains=json.dumps(text)) for text in texts)))


class IdempotentResponse(models.Model):
    """The response to a request with an ``Idempotency-Key``, stored for a day (``accounts.api.idempotency``).

    The status is null only inside the transaction of the first request.
    """

    KEPT_FOR = timedelta(hours=24)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    operation = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    response = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = IdempotentResponseQuerySet.as_manager()

    class Meta:
        """Constraint: a key is unique per user and operation."""

        constraints = (models.UniqueConstraint(fields=["user", "operation", "key"], name="idempotent_response_key"),)
        indexes = (models.Index(fields=["created_at"], name="idempotent_response_age"),)

    def __str__(self) -> str:
        return f"{self.operation} {self.status}"
