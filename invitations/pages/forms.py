"""Forms of the invitation pages."""

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.fields import SetPasswordField
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions.address_ownership import is_free, release_address, verified_owner
from accounts.models import User
from accounts.pages.forms import AddressInputField, LinesFormField, SignUpForm
from accounts.passwords import PASSWORD_RULES
from core.addresses import Address, displayed_address
from invitations.email.address_hashes import SuppressionScope
from invitations.models import Invitation

REASON_LENGTH = Invitation._meta.get_field("decline_reason").max_length


class DeclineForm(forms.Form):
    """Decline an invitation, with an optional reason and an optional unsubscribe."""

    reason = LinesFormField(
        label=_("Reason (optional)"),
        help_text=_("The person who invited you can read it."),
        max_length=REASON_LENGTH,
    )
    unsubscribe_from = forms.TypedChoiceField(
        label=_("Future invitation emails"),
        choices=[
            ("", _("Keep them")),
            (SuppressionScope.ORGANIZATION.value, _("Unsubscribe from this organization")),
            (SuppressionScope.ALL.value, _("Unsubscribe from all organizations")),
        ],
        help_text=_("We won't tell anyone."),
        widget=forms.RadioSelect,
        coerce=SuppressionScope,
        empty_value=None,
        required=False,
    )


_TAKEN = _("There's already an account with this email address. Sign in instead.")
_CLOSED = _(
    "The account with this email address has been closed, so you can't use this address here. "
    "If this is a mistake, contact the people who run this service."
)


class FixedAddressInput(forms.TextInput):
    """A read-only input. Unlike in a disabled input, the text can be focused and copied."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Replace `disabled` with `readonly`, because password managers and the Tab key skip disabled inputs."""
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"].pop("disabled", None)
        context["widget"]["attrs"]["readonly"] = True
        return context


def fix_address(field: forms.Field, address: Address) -> None:
    """Show the address read-only and ignore a submitted one. Password managers save it as the user name."""
    field.widget = FixedAddressInput(attrs={"autocomplete": "username"})
    field.initial, field.disabled = displayed_address(address), True


class InvitedSignUpForm(SignUpForm):
    """Create an account for the invited address.

    `proves_mailbox` means that the visitor's link proves access to the mailbox. In that case, the address is removed
    from accounts that have not verified it and from an account that its owner has deleted, and the form may reveal that
    an account with this address exists.
    """

    def __init__(self, *args: Any, address: Address, proves_mailbox: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address, self.proves_mailbox = address, proves_mailbox
        fix_address(self.fields["email"], address)

    def clean_email(self) -> str:
        """Return the invited address and ignore the submitted one.

        Raises ValidationError if `proves_mailbox` is true and the address belongs to an account. Staff may have closed
        that account. If its owner has deleted it, the address is free for a new account.
        """
        if not self.proves_mailbox:
            return str(super().clean_email())
        owner = verified_owner(self.address)
        if owner and not is_free(self.address):
            raise ValidationError(_TAKEN, code="taken") if owner.is_active else ValidationError(_CLOSED, code="closed")
        return self.address

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        """Create and return the user. If `proves_mailbox` is true, the address is marked as verified."""
        if self.proves_mailbox:
            release_address(self.address)
            get_adapter(request).stash_verified_email(request, self.address)
        return super().save(request)


class FirstPasswordForm(forms.Form):
    """Set the first password of the account that has the invited address."""

    email = AddressInputField()
    password1 = SetPasswordField(label=_("Password"), help_text=PASSWORD_RULES)

    def __init__(self, *args: Any, account: User, address: Address, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fix_address(self.fields["email"], address)
        cast("SetPasswordField", self.fields["password1"]).user = account
