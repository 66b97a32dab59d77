"""People and programs that can prove who they are."""

import json
from collections.abc import Iterable
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from oauth2_provider.models import AbstractApplication, ApplicationManager

from core.addresses import MAX_LENGTH, Address, normalize_address
from core.ids import uuid7
from core.text import validate_plain_text
from core.web_addresses import WebAddressField


class AddressField(models.EmailField):
    """An email address in its stored form. Gives back ``Address``, and stores one as it is.

    Other text is normalized before it is saved or looked up.
    """

    if TYPE_CHECKING:
        _pyi_private_set_type: str
        _pyi_private_get_type: Address

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = MAX_LENGTH
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave out the length, which is not a choice."""
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Address | None:
        """Return what is stored, which was normalized on its way in."""
        return None if value is None else Address(value)

    def to_python(self, value: Any) -> Any:
        """Return the normalized address. Raises ValidationError for what is none."""
        if not value or isinstance(value, Address):
            return value
        return normalize_address(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Normalize what is about to be stored, whichever way it was set; raises ValidationError for what is none.

        An empty text is stored as NULL: having no address is nobody's address.
        """
        value = self.to_python(getattr(model_instance, self.attname)) or None
        setattr(model_instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        """Normalize what is looked up; what is no address is left as it is and finds nothing."""
        try:
            return self.to_python(value)
        except ValidationError:
            return value


class UserManager(BaseUserManager["User"]):
    """Makes users whose address is verified, as commands and trusted issuers need them."""

    def create_user(self, email: str | None, password: str | None = None, **fields: Any) -> "User":
        """A user with an unverified address, or none at all."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_verified_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user whose address counts as proven."""
        user = self.create_user(email, password, **fields)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """What ``manage.py createsuperuser`` calls; its word for the address is taken."""
        return self.create_verified_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]
    """A client (a person) or a system user (a program). People sign in by e-mail."""

    class Kind(models.TextChoices):
        """Only people answer invitations; system users act through keys and tokens."""

        CLIENT = "client"
        SYSTEM = "system"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CLIENT)
    email = AddressField(null=True, blank=True)
    first_name = models.CharField(max_length=128, blank=True, validators=[validate_plain_text])
    last_name = models.CharField(max_length=128, blank=True, validators=[validate_plain_text])
    avatar_url = WebAddressField()
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """An address is one user's, a deleted user cannot sign in, and a program has no mailbox."""

        constraints = (
            models.UniqueConstraint(fields=["email"], name="user_email"),
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

    def __str__(self) -> str:
        return self.display_name

    @property
    def is_person(self) -> bool:
        """Whether somebody with a mailbox is behind this account."""
        return self.kind == self.Kind.CLIENT

    def get_full_name(self) -> str:
        """First and last name, possibly empty."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def display_name(self) -> str:
        """A name that is never empty: the full name, else the address, else what kind of user it is."""
        name = self.get_full_name() or self.email
        if name:
            return name
        return "Unnamed user" if self.is_person else "System user"

    @property
    def email_is_verified(self) -> bool:
        """Whether the user has proven to own the address they sign in with; one query."""
        return EmailAddress.objects.filter(user=self, email=self.email, verified=True).exists()

    def verified_addresses(self) -> set[str]:
        """Every address this user has proven to own; one query."""
        return set(EmailAddress.objects.filter(user=self, verified=True).values_list("email", flat=True))


class ExternalIdentity(models.Model):
    """Who a trusted issuer says a user is: one subject of one issuer belongs to one user."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities", db_index=False)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        """One user per subject, and one subject of each issuer per user."""

        verbose_name_plural = "external identities"
        constraints = (
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_issuer_subject"),
            models.UniqueConstraint(fields=["user", "issuer"], name="identity_user_issuer"),
        )

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class OAuthApplication(AbstractApplication):
    """A client of our authorization server: a program that people let act for them, or a program of its own.

    With client credentials there is no person behind a token. It then is ``system_user``; or, where ``acts_for_owner``
    is set, the person who owns the application.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=255, validators=[validate_plain_text])
    system_user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="oauth_applications"
    )
    acts_for_owner = models.BooleanField(default=False)
    allowed_scopes = models.JSONField(default=list, blank=True)  # the most it may ask for and use; none: any

    objects: ClassVar[models.Manager["OAuthApplication"]] = ApplicationManager()

    class Meta(AbstractApplication.Meta):
        """Client credentials stand for exactly one user; nothing else has the flag."""

        verbose_name = "OAuth application"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(acts_for_owner=False)
                | models.Q(authorization_grant_type="client-credentials", user__isnull=False, system_user__isnull=True),
                name="oauth_application_acts_for_one",
            ),
        )

    @property
    def is_personal(self) -> bool:
        """Whether it is a program that a person may let be themselves."""
        of_person = self.system_user_id is None and self.user_id is not None
        return of_person and self.authorization_grant_type == self.GRANT_CLIENT_CREDENTIALS

    @property
    def client_credentials_user(self) -> User | None:
        """Whom a token without a person stands for."""
        return self.user if self.acts_for_owner else self.system_user

    def is_usable(self, request: Any) -> bool:
        """Whether the client may still get and use tokens: it ends with the account that it belongs to."""
        belongs_to = self.system_user or self.user
        return belongs_to is None or belongs_to.is_active

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Whether the address is registered, to the letter (RFC 9700, section 2.1)."""
        return uri in str(self.redirect_uris).split()

    def permitted(self, scopes: Iterable[str]) -> list[str]:
        """Those of the scopes that it may use now, whatever it was given before."""
        return [scope for scope in scopes if not self.allowed_scopes or scope in self.allowed_scopes]


class ApplicationAccess(models.Model):
    """A person lets an application act for them: since when, and when it last did (``accounts.actions.oauth_access``).

    Whatever is issued to the application for the person is issued under this row, and ends with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    application = models.ForeignKey(OAuthApplication, on_delete=models.CASCADE, related_name="accesses")
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        """However often they are asked."""

        constraints = (models.UniqueConstraint(fields=["user", "application"], name="application_access_once"),)

    def __str__(self) -> str:
        return f"{self.application} for {self.user}"


def user_by_verified_address(address: Address) -> UUID | None:
    """The id of the user who has proven this address, or None."""
    verified = EmailAddress.objects.filter(email=address, verified=True).values_list("user_id", flat=True)
    return verified.first()


class IdempotentResponseQuerySet(models.QuerySet["IdempotentResponse"]):
    """Answers kept for repeated requests."""

    def outdated(self) -> "IdempotentResponseQuerySet":
        """Those kept for longer than a repetition is expected, on the database clock."""
        return self.filter(created_at__lte=Now() - IdempotentResponse.KEPT_FOR)

    def mentioning(self, texts: Iterable[str]) -> "IdempotentResponseQuerySet":
        """Those in which one of these ids or addresses occurs."""
        return self.filter(reduce(or_, (models.Q(answer__contains=json.dumps(text)) for text in texts)))


class IdempotentResponse(models.Model):
    """What a request with an ``Idempotency-Key`` was answered, for a day (``accounts.api.idempotency``).

    The status is null only inside the transaction that is about to know it.
    """

    KEPT_FOR = timedelta(hours=24)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    operation = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = IdempotentResponseQuerySet.as_manager()

    class Meta:
        """A key means one request of one user."""

        constraints = (models.UniqueConstraint(fields=["user", "operation", "key"], name="idempotent_response_key"),)
        indexes = (models.Index(fields=["created_at"], name="idempotent_response_age"),)

    def __str__(self) -> str:
        return f"{self.operation} {self.status}"
