"""The admin site: Django's admin with this service's sign-in pages."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from allauth.account.decorators import secure_admin_login
from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class StaffSite(AdminSite):
    """Django's admin with our sign-in pages.

    Address verification, rate limits and two-factor authentication therefore apply to staff too.
    """

    site_title = site_header = settings.SERVICE_NAME
    index_title = "Administration"
    # Django's last URL pattern asks anonymous visitors to sign in even for paths that do not exist, and then returns a
    # 404. It hides which models exist, but our code is public. Without it, an unknown path is a 404 for everybody.
    final_catch_all_view = False

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect anonymous users to our sign-in page. Return 403 to signed-in users who are not staff."""
        return secure_admin_login(super().login)(request, extra_context)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Allow the scripts of the admin in the view's Content-Security-Policy. Other pages allow no scripts."""
        allow_own_scripts = csp_update({"script-src": [SELF], "connect-src": [SELF]})
        return cast("View", allow_own_scripts(super().admin_view(view, cacheable)))
