"""Delete a service account from the page of ``accounts.pages.applications``."""

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
    """Delete one of the user's service accounts with all its tokens."""

    def post(self, request: HttpRequest, application_id: UUID) -> HttpResponse:
        """Delete the service account. If it no longer exists, only show a message."""
        by = cast("Principal", session_principal(request))  # never None, because of LoginRequiredMixin
        try:
            delete_application(by=by, organization=None, application_id=application_id)
        except OauthApplicationNotFound:
            messages.info(request, _("This service account no longer exists."))
        else:
            messages.success(request, _("The service account has been deleted. It can no longer act as you."))
        return redirect("applications")
