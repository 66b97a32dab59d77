"""The languages of pages and emails: validate a code, choose a language, activate it.

The language that the reader chose below the page has precedence, then that of the invitation, the organization, the
browser and the site.
APIs and the admin are always in English (``core.language_middleware``). The list of languages is
``settings.LANGUAGES``.
"""

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import translation

KEY = "language"


def validate_language(code: str) -> None:
    """Raise ValidationError unless the code is one of ``settings.LANGUAGES``."""
    if code not in dict(settings.LANGUAGES):
        spoken = ", ".join(dict(settings.LANGUAGES))
        raise ValidationError(f"Choose one of {spoken}.", code="unknown_language")


def preferred_language(request: HttpRequest) -> str:
    """Return the language of the request's cookie or Accept-Language header, or the site's default."""
    return translation.get_language_from_request(request)


def has_chosen_language(request: HttpRequest) -> bool:
    """Return whether the reader has chosen one of ``settings.LANGUAGES`` below a page (``set_language`` of Django)."""
    return request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) in dict(settings.LANGUAGES)


def activate_language(request: HttpRequest, language: str) -> None:
    """Activate this language for the rest of the request.

    Do nothing if ``language`` is empty, or if the reader has chosen a language.
    """
    if language and not has_chosen_language(request):
        translation.activate(language)


def remember_language(session: SessionBase, language: str) -> None:
    """Store the language in the session for the next pages. If ``language`` is empty, delete the stored language."""
    if language:
        session[KEY] = language
    else:
        session.pop(KEY, None)


def remembered_language(session: SessionBase) -> str:
    """Return the language stored by ``remember_language``.

    Return an empty string if no language is stored or if the stored language is no longer available.
    """
    language = session.get(KEY, "")
    return language if language in dict(settings.LANGUAGES) else ""
