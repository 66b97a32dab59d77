"""Factories of users, their addresses and identities, and OAuth applications."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.utils import timezone
from factory import LazyAttribute, LazyFunction, RelatedFactory, SelfAttribute, Sequence, SubFactory
from factory.django import Password

from accounts.browser_sessions import Session
from accounts.email.models import AccountEmail, AccountEmailAttempt
from accounts.models import ApplicationAccess, ExternalIdentity, IdempotentResponse, OAuthApplication, User
from core.emails import message_id
from core.encryption import encrypt
from core.ids import uuid7
from tests.factories.base import ModelFactory, Trait


class EmailAddressFactory(ModelFactory[EmailAddress]):
    """A verified address. Use `verified=False` for an unverified address."""

    class Meta:
        model = EmailAddress

    user = SubFactory("tests.factories.accounts.UserFactory", email_address=None)
    email = SelfAttribute("user.email")
    verified = True
    primary = False


class UserFactory(ModelFactory[User]):
    """A person with a verified address and no password. `email_address=None` creates no `EmailAddress` row."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        unverified = Trait(
            email_address=RelatedFactory(EmailAddressFactory, factory_related_name="user", primary=True, verified=False)
        )
        deactivated = Trait(is_active=False)
        deleted = Trait(is_active=False, deleted_at=LazyFunction(timezone.now))
        staff = Trait(is_staff=True)
        superuser = Trait(is_staff=True, is_superuser=True)
        system = Trait(kind=User.Kind.SYSTEM, email=None, first_name="Robot", email_address=None)

    email = Sequence("somebody-{}@example.com".format)
    password = Password(None)
    email_address = RelatedFactory(EmailAddressFactory, factory_related_name="user", primary=True)


class AuthenticatorFactory(ModelFactory[Authenticator]):
    """An authenticator app. Use `recovery_codes=True` for recovery codes."""

    class Meta:
        model = Authenticator

    class Params:
        recovery_codes = Trait(type=Authenticator.Type.RECOVERY_CODES)

    user = SubFactory(UserFactory)
    type = Authenticator.Type.TOTP
    data = LazyFunction(lambda: {"secret": encrypt("JBSWY3DPEHPK3PXP")})


class AccountEmailFactory(ModelFactory[AccountEmail]):
    """An email about an account that waits for a worker. The traits are emails in other states."""

    class Meta:
        model = AccountEmail

    class Params:
        sent = Trait(state="sent", due_at=None, sent_at=LazyFunction(timezone.now))
        failed = Trait(state="failed", due_at=None)

    id = LazyFunction(uuid7)
    purpose = "password_reset_key"
    user = SubFactory(UserFactory)
    recipient = SelfAttribute("user.email")
    language = "en"
    message_id = LazyAttribute(lambda email: message_id(email.id))


class AccountEmailAttemptFactory(ModelFactory[AccountEmailAttempt]):
    """A delivery attempt of an email about an account."""

    class Meta:
        model = AccountEmailAttempt

    email = SubFactory(AccountEmailFactory)
    state = "sent"
    response = "250 OK"


class SessionFactory(ModelFactory[Session]):
    """A stored session without content. To sign somebody in, use the test client's `force_login`."""

    class Meta:
        model = Session

    user = SubFactory(UserFactory)
    session_key = Sequence("{:040x}".format)
    session_data = ""
    expire_date = LazyFunction(lambda: timezone.now() + timedelta(days=1))


class ExternalIdentityFactory(ModelFactory[ExternalIdentity]):
    class Meta:
        model = ExternalIdentity

    user = SubFactory(UserFactory)
    issuer = "https://issuer.example.com"
    subject = Sequence("subject-{}".format)


class OAuthApplicationFactory(ModelFactory[OAuthApplication]):
    """An application that acts for people.

    With `personal=True`, it acts only for its owner. With `service=True`, it acts for a system user.
    """

    class Meta:
        model = OAuthApplication

    class Params:
        personal = Trait(
            authorization_grant_type=OAuthApplication.GRANT_CLIENT_CREDENTIALS, redirect_uris="", acts_for_owner=True
        )
        service = Trait(
            authorization_grant_type=OAuthApplication.GRANT_CLIENT_CREDENTIALS,
            redirect_uris="",
            system_user=SubFactory(UserFactory, system=True),
        )
        public = Trait(client_type=OAuthApplication.CLIENT_PUBLIC)

    name = Sequence("Application {}".format)
    user = SubFactory(UserFactory)
    client_type = OAuthApplication.CLIENT_CONFIDENTIAL
    authorization_grant_type = OAuthApplication.GRANT_AUTHORIZATION_CODE
    redirect_uris = "https://client.example.com/back"


class ApplicationAccessFactory(ModelFactory[ApplicationAccess]):
    class Meta:
        model = ApplicationAccess

    user = SubFactory(UserFactory)
    application = SubFactory(OAuthApplicationFactory)


class IdempotentResponseFactory(ModelFactory[IdempotentResponse]):
    """A stored response. `outdated` makes it older than its retention period."""

    class Meta:
        model = IdempotentResponse

    class Params:
        outdated = Trait(
            created_at=LazyFunction(lambda: timezone.now() - IdempotentResponse.KEPT_FOR - timedelta(seconds=1))
        )

    user = SubFactory(UserFactory)
    operation = "organizations.create"
    key = Sequence("key-{}".format)
    fingerprint = Sequence("{:064x}".format)
    status = 200
    response = "{}"
