"""How people sign up on the pages, and say their name."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm
from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.text import IN_PLAIN_WORDS, validate_plain_text

NAME_LENGTH = User._meta.get_field("first_name").max_length


def name_field(label: Any, autocomplete: str) -> forms.CharField:
    """One part of a name."""
    return forms.CharField(
        label=label,
        required=False,
        max_length=NAME_LENGTH,
        validators=[validate_plain_text],
        error_messages=IN_PLAIN_WORDS,
        widget=forms.TextInput(attrs={"autocomplete": autocomplete}),
    )


class NameForm(forms.Form):
    """What a person is called; nobody has to say."""

    first_name = name_field(_("First name (optional)"), "given-name")
    last_name = name_field(_("Last name (optional)"), "family-name")


class SignUpForm(NameForm, SignupForm):
    """An address, a password and perhaps a name: the account, its address and its event come together or not at all."""

    # Password managers take what stands before the password for the name to sign in with.
    field_order = ("email", "password1", "first_name", "last_name")

    def clean(self) -> dict[str, Any]:
        """What was typed; the password resembles the name as little as the address."""
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
        """The new user."""
        user: User = super().save(request)
        return user

    def try_save(self, request: HttpRequest) -> Any:
        """The user, or the response for an address that has an account, be it since a moment ago."""
        try:
            return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)
