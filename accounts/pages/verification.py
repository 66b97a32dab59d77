"""Emails with a verification link."""

from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from core.addresses import displayed_address


def send_verification(request: HttpRequest, user: User, address: str) -> None:
    """Email a verification link to the user's address, and show a message on the next page. Apply a rate limit."""
    unverified = EmailAddress.objects.filter(user=user, email=address, verified=False).first()
    if unverified and not send_verification_email_to_address(request, unverified):
        words = {"address": displayed_address(address)}
        messages.info(request, _("We emailed %(address)s a moment ago. Please check your inbox.") % words)
