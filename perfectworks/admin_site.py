"""The admin site: Django's admin with this service's sign-in pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.decorators import secure_admin_login
from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.utils import unquote
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from core.api.parsers import UNSTORABLE_CHARACTERS
from perfectworks.start_page import start_page

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

    def get_urls(self) -> list[Any]:
        """Return Django's URLs without the redirect to the public page of a row, because no model has one."""
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show the numbers of the service above the lists."""
        return super().index(request, {**(extra_context or {}), **start_page(request)})

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Redirect to our page, which records an event."""
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Redirect to our page."""
        return redirect("account_change_password")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect anonymous users to our sign-in page. Return 403 to signed-in users who are not staff."""
        return secure_admin_login(super().login)(request, extra_context)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Allow the scripts of the admin in the view's Content-Security-Policy. Other pages allow no scripts."""
        allow_own_scripts = csp_update({"script-src": [SELF], "connect-src": [SELF]})
        return cast("View", allow_own_scripts(super().admin_view(refuse_unstorable_url(view), cacheable)))


class UnstorableParameter(SuspiciousOperation):
    """A part of the URL contains a character that no row can contain. The response is 400."""


def refuse_unstorable_url(view: View) -> View:
    """Wrap a view so that it raises UnstorableParameter for characters in the URL that PostgreSQL refuses (NUL)."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        given = [
            unquote(request.path_info),
            *request.GET,
            *(value for _, values in request.GET.lists() for value in values),
        ]
        if any(map(UNSTORABLE_CHARACTERS.search, given)):
            raise UnstorableParameter("The URL contains a character that cannot be stored.")
        return view(request, *args, **kwargs)

    return cast("View", checked)
