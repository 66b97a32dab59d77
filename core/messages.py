"""The storage of messages for the next page."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class PrefixedCookieStorage(CookieStorage):
    """Django's storage in a cookie, with the prefix of all our cookies."""

    cookie_name = f"{settings.COOKIE_PREFIX}messages"


class MessageStorage(FallbackStorage):
    """Store messages in the cookie. If there is no room, store them in the session."""

    storage_classes = (PrefixedCookieStorage, SessionStorage)
