"""The staff's admin: Django's own, with the sign-in of every other page and the scripts it brings along."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from allauth.account.decorators import secure_admin_login
from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class StaffSite(AdminSite):
    """Django's admin behind our own sign-in, so that verification, limits and the second factor hold here too."""

    site_title = site_header = "PerfectWorks"
    index_title = "Administration"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send whoever is not signed in to the ordinary sign-in page; refuse whoever is not staff."""
        return secure_admin_login(super().login)(request, extra_context)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Allow Django's own script files; pages outside the admin run no script at all."""
        allow_own_scripts = csp_update({"script-src": [SELF], "connect-src": [SELF]})
        return cast("View", allow_own_scripts(super().admin_view(view, cacheable)))
