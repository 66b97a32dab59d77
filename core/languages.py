"""The languages of pages and emails: check a code, choose one, activate it.

The order of choice: the invitation's language, the organization's, the reader's, the site's. APIs and the admin always
speak English (``core.language_middleware``). The languages themselves are ``settings.LANGUAGES``.
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


def activate_language(language: str) -> None:
    """Use this language for the rest of the request; a blank one changes nothing."""
    if language:
        translation.activate(language)


def remember_language(session: SessionBase, language: str) -> None:
    """Store the language in the session, for the next pages; a blank one deletes what is stored."""
    if language:
        session[KEY] = language
    else:
        session.pop(KEY, None)


def remembered_language(session: SessionBase) -> str:
    """Return the language stored by ``remember_language``; blank when there is none or it is no longer offered."""
    language = session.get(KEY, "")
    return language if language in dict(settings.LANGUAGES) else ""
