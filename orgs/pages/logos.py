"""How a page shows an organization: by its logo where that is safe, by its initials everywhere.

A logo is an address anywhere on the web. We neither fetch it (a server that loads addresses typed in by users can be
sent to places only it can reach) nor open our pages to every image: each page's Content-Security-Policy names just
the origins of the logos it shows, and browsers fetch them without a referrer. Where none arrives, the initials stay.
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
    """The origin an organization's logo is shown from: ours, or one on https; None when it is not shown."""
    try:
        url = urlsplit(organization.logo_url)
    except ValueError:
        return None
    origin = f"{url.scheme}://{url.netloc}".lower()
    if origin == settings.PUBLIC_BASE_URL:
        return origin
    return origin if url.scheme == "https" and _HOST.fullmatch(url.netloc.lower()) else None


def allow_logos(response: HttpResponse, organizations: Iterable[Organization]) -> HttpResponse:
    """Let this page, and no other, show these organizations' logos."""
    origins = {logo_origin(organization) for organization in organizations}
    sources = sorted(origin for origin in origins if origin)
    if sources:
        widen_policy(response, {"img-src": sources})
    return response


def initials(organization: Organization) -> str:
    """One or two letters that stand for the name."""
    words = [word for word in re.split(r"[\W_]+", organization.name) if word]
    return "".join(word[0] for word in words[:2]).upper() or organization.name[0]
