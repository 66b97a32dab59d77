"""The button beside each program that acts as its owner, on the page of ``accounts.pages.applications``."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views import View

from accounts.principals import Principal
from accounts.sessions import session_principal
from orgs.oauth.applications import OauthApplicationNotFound, delete_application


class DeleteServiceAccount(LoginRequiredMixin, View):
    """It ends with all its tokens."""

    def post(self, request: HttpRequest, application_id: UUID) -> HttpResponse:
        """Delete the person's own program; pressed twice, it stays deleted."""
        by = cast("Principal", session_principal(request))  # whoever is signed in is active
        try:
            delete_application(by=by, organization=None, application_id=application_id)
        except OauthApplicationNotFound:
            messages.info(request, _("This service account no longer exists."))
        else:
            messages.success(request, _("The service account has been deleted. It can no longer act as you."))
        return redirect("applications")
