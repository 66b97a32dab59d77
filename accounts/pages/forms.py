"""The forms for addresses, sign-in, sign-up and names. Every form with an address normalizes it."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
    SignupForm,
)
from allauth.account.models import EmailAddress
from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions.account_emails import request_account_email
from accounts.actions.address_ownership import account_of
from accounts.email.models import AccountEmail
from accounts.email.notices import OPTIONAL
from accounts.models import User
from accounts.passwords import PASSWORD_RULES
from core.addresses import Address, normalize_address
from core.ids import uuid7
from core.text import IN_PLAIN_WORDS, trimmed, validate_plain_multiline_text, validate_plain_text

Purpose = AccountEmail.Purpose
NOTICE_LABELS = [
    (Purpose.ROLE_CHANGED, _("my role in an organization changes")),
    (Purpose.MEMBERSHIP_ENDED, _("I am removed from an organization")),
    (Purpose.API_KEY_CREATED, _("an API key is created for me, or in an organization that I own")),
    (Purpose.OAUTH_APPLICATION_CREATED, _("an OAuth application is created for me, or in an organization that I own")),
    (Purpose.WEBHOOK_DISABLED, _("a webhook endpoint of an organization that I own is disabled because it fails")),
]
NOBODYS_DOMAIN = "rehearsal.invalid"  # RFC 2606: nobody has an address there
NAME_LENGTH = User._meta.get_field("first_name").max_length


class AddressInputField(forms.CharField):
    """An email address, normalized.

    The type of the input is ``text``, because browsers refuse ``Ann Lee <ann@example.com>`` and some spaces in an input
    of the type ``email``.
    """

    def __init__(self, **options: Any) -> None:
        attributes = {"inputmode": "email", "autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}
        widget = forms.TextInput(attrs=attributes)
        defaults: dict[str, Any] = {"label": _("Email"), "widget": widget, "strip": False}
        super().__init__(**defaults | options)

    def to_python(self, value: Any) -> str:
        """Return the normalized address, or an empty string. Raises ValidationError if it is not valid."""
        text = str(super().to_python(value))
        return normalize_address(text) if text.strip() else ""


class PlainTextFormField(forms.CharField):
    """One line of visible text. Spaces around it are removed."""

    def to_python(self, value: Any) -> str:
        """Return the text without the spaces."""
        return trimmed(str(super().to_python(value)))


class LinesFormField(forms.CharField):
    """Optional visible text of several lines. Browsers submit line ends as CR LF; the field returns LF."""

    def __init__(self, rows: int = 3, **options: Any) -> None:
        super().__init__(
            required=False,
            validators=[validate_plain_multiline_text],
            error_messages=IN_PLAIN_WORDS,
            widget=forms.Textarea(attrs={"rows": rows}),
            **options,
        )

    def to_python(self, value: Any) -> str:
        """Return the text with CR LF replaced by LF."""
        return str(super().to_python(value)).replace("\r\n", "\n")


def name_field(label: Any, autocomplete: str) -> PlainTextFormField:
    """Return a form field for a first or last name."""
    return PlainTextFormField(
        label=label,
        required=False,
        max_length=NAME_LENGTH,
        validators=[validate_plain_text],
        error_messages=IN_PLAIN_WORDS,
        widget=forms.TextInput(attrs={"autocomplete": autocomplete}),
    )


class NameForm(forms.Form):
    """A form with an optional first and last name."""

    first_name = name_field(_("First name (optional)"), "given-name")
    last_name = name_field(_("Last name (optional)"), "family-name")


class NoticesForm(forms.Form):
    """Which optional emails about the account a person gets."""

    wanted = forms.MultipleChoiceField(
        label=_("Email me when"), required=False, choices=NOTICE_LABELS, widget=forms.CheckboxSelectMultiple
    )

    @classmethod
    def of(cls, user: User) -> "NoticesForm":
        """Return the form with the present choice of the person."""
        return cls(initial={"wanted": [purpose for purpose in OPTIONAL if purpose not in user.muted_notices]})


class SignInForm(LoginForm):
    """The sign-in form: address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = AddressInputField()


class AddAddressForm(AddEmailForm):
    """Add an address to the account."""

    email = AddressInputField()

    @transaction.atomic
    def save(self, request: HttpRequest) -> EmailAddress:
        """Save the address and queue the email that verifies it."""
        address: EmailAddress = super().save(request)
        return address


class NewPasswordMixin(forms.Form):
    """Show the rules for passwords in one line below the field, instead of django-allauth's list."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_RULES


class PasswordChangeForm(NewPasswordMixin, ChangePasswordForm):
    """Change the password."""


class PasswordSetForm(NewPasswordMixin, SetPasswordForm):
    """Set the first password of an account, while signed in."""


class PasswordResetForm(NewPasswordMixin, ResetPasswordKeyForm):
    """Set a new password with an emailed link."""


class SignUpForm(NewPasswordMixin, NameForm, SignupForm):
    """The sign-up form: address, password and an optional name.

    The user, the address and the event are saved in one transaction.
    """

    email = AddressInputField()

    # The address is right before the password: password managers save that field as the user name.
    field_order = ("email", "password1", "first_name", "last_name")
    account_already_exists: bool

    def clean(self) -> dict[str, Any]:
        """Validate the password. The user's name is part of the check."""
        cleaned: dict[str, Any] = super().clean() or {}
        password = cleaned.get("password1")
        if password:
            named = User(first_name=cleaned.get("first_name", ""), last_name=cleaned.get("last_name", ""))
            try:
                get_adapter().clean_password(password, user=named)
            except ValidationError as error:
                self.add_error("password1", error)
        return cleaned

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        """Save and return the new user."""
        user: User = super().save(request)
        return user

    def try_save(self, request: HttpRequest) -> Any:
        """Return the user, or the response that is used if the address already has an account.

        The account may also have been created by a concurrent request. The work is the same in both cases.
        """
        if self.account_already_exists:
            self._rehearse(request)
            return super().try_save(request)
        try:
            return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)

    def _rehearse(self, request: HttpRequest) -> None:
        """Create an account for an address of nobody and roll it back.

        Otherwise a fast response would show that the address has an account.
        """
        address, self.account_already_exists = self.cleaned_data["email"], False
        self.cleaned_data["email"] = Address(f"{uuid7()}@{NOBODYS_DOMAIN}")
        with transaction.atomic():
            nobody = self.save(request)
            # What django-allauth reads to find out that a new account must verify its address.
            _ = nobody.verified_addresses(), EmailAddress.objects.select_related(None).filter(user=nobody).get().user
            transaction.set_rollback(True)
        self.cleaned_data["email"], self.account_already_exists = address, True


class ForgottenPasswordForm(ResetPasswordForm):
    """Ask for an email with a link to set a new password. The work is the same for every address."""

    email = AddressInputField()

    def clean_email(self) -> Address:
        """Return the normalized address, and find its account."""
        address = get_adapter().clean_email(self.cleaned_data["email"])
        account = account_of(address)
        self.users = [account] if account and account.is_active else []
        return address

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Queue the email, for an unknown address another one. The link is made when the email is sent."""
        address, user = self.cleaned_data["email"], next(iter(self.users), None)
        purpose = Purpose.PASSWORD_RESET_KEY if user else Purpose.UNKNOWN_ACCOUNT
        request_account_email(purpose, address, user=user)
        return str(address)
