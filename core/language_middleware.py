"""The middleware that activates a language for each request."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

from core.api.middleware import error_body_of
from core.languages import activate_language, preferred_language, remembered_language

ENGLISH = "en"
ENGLISH_ONLY = ("/admin/", "/healthz/", "/.well-known/", "/development/")


class LanguageMiddleware:
    """Activate a language for the request, and restore the previous language afterwards.

    In MIDDLEWARE, list it before every middleware that can respond with a page. It also restores the language after a
    view has activated another one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Activate the language of the request. For an HTML response, set Content-Language and Vary."""
        with translation.override(ENGLISH if is_english_only(request) else preferred_language(request)):
            response = self.get_response(request)
            if response.get("Content-Type", "").startswith("text/html"):
                response.setdefault("Content-Language", translation.get_language())
                patch_vary_headers(response, ["Accept-Language", "Cookie"])
            return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Activate the language that is stored in the session. Before this step, there is no session to read."""
        if not is_english_only(request):
            activate_language(request, remembered_language(request.session))


def is_english_only(request: HttpRequest) -> bool:
    """Return whether the path belongs to an API, to the admin or to pages for developers."""
    path = request.path_info
    return error_body_of(path) is not None or path.startswith(ENGLISH_ONLY)
