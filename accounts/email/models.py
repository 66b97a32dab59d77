"""The emails about accounts, and the responses of mail servers and providers to them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.addresses import displayed_address
from outbox.models import DeliveryAttempt, DeliveryQuerySet, EmailDelivery


class AccountEmailQuerySet(DeliveryQuerySet["AccountEmail"]):
    """Emails about accounts."""


class AccountEmail(EmailDelivery):
    """An email about an account. It is created in the same transaction as its cause.

    The row says whom the email is to and what it is for. A link, a token or a code is never stored: they are made when
    the email is rendered, and their time starts then.
    """

    class Purpose(models.TextChoices):
        """What an email is for. The templates in ``templates/account/email/`` have these names."""

        EMAIL_CONFIRMATION_SIGNUP = "email_confirmation_signup", _("verify a new account")
        EMAIL_CONFIRMATION = "email_confirmation", _("verify an address")
        ACCOUNT_ALREADY_EXISTS = "account_already_exists", _("account exists already")
        PASSWORD_RESET_KEY = "password_reset_key", _("reset a password")
        UNKNOWN_ACCOUNT = "unknown_account", _("no account found")
        PASSWORD_RESET_BY_STAFF = "password_reset_by_staff", _("reset a password, from staff")
        TWO_FACTOR_REMOVED = "two_factor_removed", _("two-factor authentication removed by staff")
        ADDRESS_VERIFIED_BY_STAFF = "address_verified_by_staff", _("address verified by staff")
        # Security notices, see ``accounts.email.notices``.
        PASSWORD_CHANGED = "password_changed", _("password changed")
        TWO_FACTOR_ADDED = "two_factor_added", _("two-factor authentication set up")
        TWO_FACTOR_ENDED = "two_factor_ended", _("two-factor authentication ended")
        RECOVERY_CODES_RENEWED = "recovery_codes_renewed", _("recovery codes renewed")
        IDENTITY_LINKED = "identity_linked", _("identity provider linked")
        ADDRESS_ADDED = "address_added", _("address added")
        MAIN_ADDRESS_CHANGED = "main_address_changed", _("main address changed")
        ROLE_CHANGED = "role_changed", _("role changed")
        MEMBERSHIP_ENDED = "membership_ended", _("removed from an organization")
        OWNERSHIP_TRANSFERRED = "ownership_transferred", _("ownership transferred")
        API_KEY_CREATED = "api_key_created", _("API key created")
        OAUTH_APPLICATION_CREATED = "oauth_application_created", _("OAuth application created")
        WEBHOOK_DISABLED = "webhook_disabled", _("webhook endpoint disabled")

    KIND_FIELD = "purpose"

    purpose = models.CharField(max_length=32, choices=Purpose.choices)
    # The account that the email is about. Null if the address has none.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="emails")
    language = models.CharField(max_length=16)
    # What a notice is about, besides the account: an organization, the person whose access has changed, and a row of
    # another app.
    organization_id = models.UUIDField(null=True, blank=True)
    person_id = models.UUIDField(null=True, blank=True)
    object_id = models.UUIDField(null=True, blank=True)

    objects = AccountEmailQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("email about an account"), _("emails about accounts")
        constraints = EmailDelivery.Meta.constraints
        indexes = (
            *EmailDelivery.Meta.indexes,
            models.Index(
                fields=["recipient", "id"],
                opclasses=["varchar_pattern_ops", "uuid_ops"],
                name="accountemail_to_recipient",
            ),
            models.Index(fields=["created_at"], name="accountemail_age"),
        )

    def __str__(self) -> str:
        return f"{self.purpose} to {displayed_address(self.recipient)}"

    def log_fields(self) -> dict[str, object]:
        """Return the fields with which the log names this email."""
        return {"email_id": self.pk, "user_id": self.user_id}


class AccountEmailAttempt(DeliveryAttempt):
    """A mail server's response to an email about an account, or a provider's later report."""

    email = models.ForeignKey(AccountEmail, on_delete=models.CASCADE, related_name="history")
