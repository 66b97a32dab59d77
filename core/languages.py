"""Which language is spoken: the invitation's, else the organization's, else the reader's own, else the site's.

Pages and mails speak all of ``settings.LANGUAGES``; APIs and the staff's admin speak English, whoever asks.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

from core.api.unrouted import error_body_of

ENGLISH = "en"
ENGLISH_ONLY = ("/admin/", "/healthz/", "/.well-known/", "/development/")
KEY = "language"


def validate_language(code: str) -> None:
    """Raise ValidationError unless pages and mails speak this language."""
    if code not in dict(settings.LANGUAGES):
        spoken = ", ".join(dict(settings.LANGUAGES))
        raise ValidationError(f"Choose one of {spoken}.", code="unknown_language")


def preferred_language(request: HttpRequest) -> str:
    """The one that the reader's browser or program asks for, else the site's."""
    return translation.get_language_from_request(request)


def activate_language(language: str) -> None:
    """Answer this request in that language; a blank changes nothing."""
    if language:
        translation.activate(language)


def remember_language(session: SessionBase, language: str) -> None:
    """Answer in that language on the other pages on the way, too; a blank: in the reader's own."""
    if language:
        session[KEY] = language
    else:
        session.pop(KEY, None)


class LanguageMiddleware:
    """Put this outside everything that can answer with a page: it also undoes what a view has changed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in one language, and tell caches what it depends on."""
        with translation.override(ENGLISH if is_english_only(request) else preferred_language(request)):
            response = self.get_response(request)
            if response.get("Content-Type", "").startswith("text/html"):
                response.setdefault("Content-Language", translation.get_language())
                patch_vary_headers(response, ["Accept-Language", "Cookie"])
            return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Now that the session is there, follow what it remembers."""
        if not is_english_only(request):
            activate_language(remembered_language(request.session))


def remembered_language(session: SessionBase) -> str:
    """What ``remember_language`` has noted, if it is still spoken."""
    language = session.get(KEY, "")
    return language if language in dict(settings.LANGUAGES) else ""


def is_english_only(request: HttpRequest) -> bool:
    """Whether this is for programs, for their makers, or for staff."""
    path = request.path_info
    return error_body_of(path) is not None or path.startswith(ENGLISH_ONLY)
