"""Addresses that programs know in advance (RFC 8615)."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

SECURITY_TXT = ".well-known/security.txt"
VALIDITY = timedelta(days=90)  # RFC 9116, section 2.5.5: less than a year


@require_safe
def security_txt(_request: HttpRequest) -> HttpResponse:
    """Return how to report a vulnerability (RFC 9116), or 404 if SECURITY_CONTACT is not set."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    fields = [
        ("Contact", settings.SECURITY_CONTACT),
        ("Expires", (timezone.now() + VALIDITY).isoformat(timespec="seconds").replace("+00:00", "Z")),
        ("Preferred-Languages", ", ".join(code for code, _ in settings.LANGUAGES)),
        ("Canonical", f"{settings.PUBLIC_BASE_URL}/{SECURITY_TXT}"),
        ("Policy", settings.SECURITY_POLICY_URL),
    ]
    lines = [f"{name}: {value}\n" for name, value in fields if value]
    return HttpResponse("".join(lines), content_type="text/plain; charset=utf-8")
