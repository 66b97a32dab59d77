"""The page that lists the applications with access to a person's account."""

from collections.abc import Iterable
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from oauth2_provider.scopes import get_scopes_backend

from accounts.actions.oauth_access import AccessNotFound, accesses_of, service_accounts_of, withdraw_access
from accounts.models import ApplicationAccess, OAuthApplication, User
from accounts.oauth.consent import origin_of
from accounts.principals import Principal
from accounts.sessions import session_principal


@method_decorator(never_cache, name="dispatch")
class Applications(LoginRequiredMixin, View):
    """List the applications with access to the account, and the person's service accounts."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the list."""
        user = cast("User", request.user)
        accesses = [(access, scope_labels(used_by(access)), hosts_of(access)) for access in accesses_of(user)]
        service_accounts = [(found, scope_labels(permitted_scopes(found))) for found in service_accounts_of(user)]
        context = {"accesses": accesses, "service_accounts": service_accounts}
        return render(request, "account/applications.html", context)


class Withdraw(LoginRequiredMixin, View):
    """Withdraw an application's access."""

    def post(self, request: HttpRequest, access_id: UUID) -> HttpResponse:
        """Withdraw the access. If it was withdrawn already, change nothing."""
        by = cast("Principal", session_principal(request))  # a signed-in user is active
        try:
            application = withdraw_access(by=by, access_id=access_id)
        except AccessNotFound:
            messages.info(request, _("This application doesn't have access to your account."))
        else:
            messages.success(request, _("%(name)s no longer has access.") % {"name": application.name})
        return redirect("applications")


def scope_labels(scopes: Iterable[str]) -> list[str]:
    """Return the labels of scopes. The consent page shows the same labels."""
    words = get_scopes_backend().get_all_scopes()
    return [words[scope] for scope in scopes if scope in words]


def used_by(access: ApplicationAccess) -> list[str]:
    """Return the scopes that the person has granted and the application may still use."""
    return access.application.permitted(access.scopes)


def permitted_scopes(service_account: OAuthApplication) -> list[str]:
    """Return the scopes that the service account may request.

    These are its allowed scopes. If no allowed scopes are set, they are the default scopes.
    """
    return service_account.allowed_scopes or get_scopes_backend().get_default_scopes()


def hosts_of(access: ApplicationAccess) -> list[str]:
    """Return the origins of an application's redirect URIs.

    Anyone can give an application a misleading name, but authorization codes are sent only to these origins.
    """
    return sorted({origin_of(address) for address in str(access.application.redirect_uris).split()})
