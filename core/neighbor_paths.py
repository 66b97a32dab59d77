"""Redirect GET requests whose path is almost one of ours: copied with one character too many, or typed without a slash.

Programs that detect links in texts often take a neighboring character for a part of the link (`https://…/i/<token>.`),
and people type paths with or without the last slash. Writes are never redirected.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix, is_valid_path
from django.utils.encoding import escape_uri_path

from core.api.middleware import error_body_of

INVISIBLE = re.compile(r"[\s\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]")
SLASHES = re.compile(r"/{2,}")
# No text has these: NUL, CR, bytes that are not UTF-8, steps to another folder. Such a path is unknown.
NEVER_COPIED = ("\x00", "\r", "\ufffd", "/..")


class NeighborPathMiddleware:
    """Redirect to the path that the person probably meant, if it exists and the requested one does not.

    The query stays. The target is always a path of this service, never another host.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Redirect GET and HEAD requests. Paths of APIs contain IDs, so only their last slash is corrected."""
        if request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        if error_body_of(request.path_info) is None and (found := without_copied_text(request.path_info)):
            return redirect_to(found, request)
        response = self.get_response(request)
        if response.status_code == 404 and request.resolver_match is None:
            found = with_other_ending(request.path_info)
            return redirect_to(found, request) if found else response
        return response


def without_copied_text(path: str) -> str | None:
    """Return the page's path without invisible characters, repeated slashes and what follows the last letter or digit.

    Return None if the path has none of these, or if the result is no path of ours. Every path of a page ends with a
    letter, a digit or a slash. So does every token: its last character encodes less than six bits.
    """
    decoded = unquote(path)
    if any(part in decoded for part in NEVER_COPIED):
        return None
    visible = SLASHES.sub("/", INVISIBLE.sub("", decoded))
    end = next((n for n in range(len(visible), 0, -1) if visible[n - 1].isascii() and visible[n - 1].isalnum()), 0)
    core = visible[:end]
    if path in (core, f"{core}/"):
        return None
    return next((found for found in (core, f"{core}/") if is_valid_path(found)), None)


def with_other_ending(path: str) -> str | None:
    """Return the path with a slash at its end, or without it if it has one. Return None if that is no path of ours."""
    found = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    return found if is_valid_path(found) else None


def redirect_to(path: str, request: HttpRequest) -> HttpResponseRedirect:
    """Return a redirect to the path, with the query of the request and without a body. Browsers must not store it."""
    query = f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""
    target = f"{get_script_prefix().removesuffix('/')}{escape_uri_path(path)}{query}"
    response = HttpResponseRedirect(target, headers={"Cache-Control": "no-store"})
    del response["Content-Type"]
    return response
