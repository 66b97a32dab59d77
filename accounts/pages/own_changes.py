"""django-allauth's pages that change addresses and two-factor authentication.

Each change is saved together with its events and its notice, or not at all. django-allauth sends some of its signals
only after the commit, so the pages themselves record what these signals would tell.
"""

from allauth.account.views import EmailView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse

from accounts.actions.account_emails import send_notices
from accounts.email.models import AccountEmail
from accounts.receivers import record_own_change

APP, CODES = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES


class OwnAddresses(EmailView):
    """Add, verify or remove an address, or make it the main one."""

    @transaction.atomic
    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Make one change."""
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response


class SetUpTwoFactor(ActivateTOTPView):
    """Add an authenticator app, and recovery codes if there are none."""

    @transaction.atomic
    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Save them."""
        response: HttpResponse = super().form_valid(form)
        for factor in [APP, CODES] if self.did_generate_recovery_codes else [APP]:
            record_own_change("user.two_factor_added", self.request.user, factor=str(factor))
        send_notices(AccountEmail.Purpose.TWO_FACTOR_ADDED, [self.request.user])
        return response


class EndTwoFactor(DeactivateTOTPView):
    """Remove the authenticator app and the recovery codes. The receiver of the signal records it."""

    @transaction.atomic
    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Remove them."""
        response: HttpResponse = super().form_valid(form)
        return response


class NewRecoveryCodes(GenerateRecoveryCodesView):
    """Replace the recovery codes."""

    @transaction.atomic
    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Save new ones."""
        response: HttpResponse = super().form_valid(form)
        record_own_change("user.two_factor_renewed", self.request.user, factor=str(CODES))
        send_notices(AccountEmail.Purpose.RECOVERY_CODES_RENEWED, [self.request.user])
        return response
