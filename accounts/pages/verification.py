"""Mailing a link that proves an address."""

from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User


def send_verification(request: HttpRequest, user: User, address: str) -> None:
    """Mail the user a link that proves an address of theirs, and say so on the next page; at most every few minutes."""
    unproven = EmailAddress.objects.filter(user=user, email=address, verified=False).first()
    if unproven and not send_verification_email_to_address(request, unproven):
        messages.info(
            request, _("We emailed %(address)s a moment ago. Please check your inbox.") % {"address": address}
        )
