"""Show an organization on a page: its logo if that is safe, otherwise its initials.

A logo is a URL on any server. The service never fetches it, because a user could then make the service send requests to
internal systems (SSRF). The Content-Security-Policy of each page allows only the origins of the logos
on that page. Browsers load them without a referrer. If a logo does not load, the initials stay visible.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse

from core.pages import widen_policy
from orgs.models import Organization

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


def logo_origin(organization: Organization) -> str | None:
    """Return the origin of the logo, or None if the logo is not shown. A logo must be on our origin or use https."""
    try:
        url = urlsplit(organization.logo_url)
    except ValueError:
        return None
    origin = f"{url.scheme}://{url.netloc}".lower()
    if origin == settings.PUBLIC_BASE_URL:
        return origin
    return origin if url.scheme == "https" and _HOST.fullmatch(url.netloc.lower()) else None


def allow_logos(response: HttpResponse, organizations: Iterable[Organization]) -> HttpResponse:
    """Add the logos of these organizations to the Content-Security-Policy of the response."""
    origins = {logo_origin(organization) for organization in organizations}
    sources = sorted(origin for origin in origins if origin)
    if sources:
        widen_policy(response, {"img-src": sources})
    return response


def initials(organization: Organization) -> str:
    """Return the first letters of the first two words of the name."""
    words = [word for word in re.split(r"[\W_]+", organization.name) if word]
    return "".join(word[0] for word in words[:2]).upper() or organization.name[0]
