"""Forms of the invitation pages."""

from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions.address_ownership import drop_unverified_addresses, is_verified
from accounts.models import User
from accounts.pages.forms import SignUpForm
from core.addresses import Address
from core.text import IN_PLAIN_WORDS, validate_plain_multiline_text
from invitations.email.address_hashes import SuppressionScope
from invitations.models import Invitation

REASON_LENGTH = Invitation._meta.get_field("decline_reason").max_length


class ReasonField(forms.CharField):
    """A multi-line text field. Browsers submit line ends as CR LF. The field returns LF."""

    def to_python(self, value: Any) -> str:
        """Return the text with CR LF replaced by LF."""
        return str(super().to_python(str(value or "").replace("\r\n", "\n")))


class DeclineForm(forms.Form):
    """Decline an invitation, with an optional reason and an optional unsubscribe."""

    reason = ReasonField(
        label=_("Reason (optional)"),
        help_text=_("The person who invited you can read it."),
        required=False,
        max_length=REASON_LENGTH,
        validators=[validate_plain_multiline_text],
        error_messages=IN_PLAIN_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
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


class FixedAddressInput(forms.EmailInput):
    """A read-only email input. Unlike in a disabled input, the text can be focused and copied."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Replace `disabled` with `readonly`, because password managers and the Tab key skip disabled inputs."""
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"].pop("disabled", None)
        context["widget"]["attrs"]["readonly"] = True
        return context


class InvitedSignUpForm(SignUpForm):
    """Create an account for the invited address.

    `proves_mailbox` means that the visitor's link proves access to the mailbox. In that case, the address is removed
    from accounts that have not verified it, and the form may reveal that an account with this address exists.
    """

    def __init__(self, *args: Any, address: Address, proves_mailbox: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address, self.proves_mailbox = address, proves_mailbox
        email = self.fields["email"]
        email.widget = FixedAddressInput(attrs={"autocomplete": "username"})
        email.initial, email.disabled = address, True

    def clean_email(self) -> str:
        """Return the invited address and ignore the submitted one.

        Raises ValidationError if `proves_mailbox` is true and an account has already verified the address.
        """
        if not self.proves_mailbox:
            return str(super().clean_email())
        if is_verified(self.address):
            raise ValidationError(
                _("There's already an account with this email address. Sign in instead."), code="taken"
            )
        return self.address

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        """Create and return the user. If `proves_mailbox` is true, the address is marked as verified."""
        if self.proves_mailbox:
            drop_unverified_addresses(self.address)
            get_adapter(request).stash_verified_email(request, self.address)
        return super().save(request)
