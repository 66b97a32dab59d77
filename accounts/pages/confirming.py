"""Buttons for which a person must have signed in recently, as the same operations of the API require."""

from urllib.parse import urlencode

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.credentials import signed_in_recently
from accounts.principals import Principal


def ask_to_confirm(by: Principal, *, then: str) -> HttpResponse | None:
    """Return a redirect to the page that asks for the password or a code, unless the person signed in recently.

    ``then`` is the URL name of the page with the button, which follows. The person presses the button again.
    """
    if signed_in_recently(by):
        return None
    return redirect(f"{reverse('account_reauthenticate')}?{urlencode({REDIRECT_FIELD_NAME: reverse(then)})}")
