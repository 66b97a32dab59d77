"""Pages that show developers the emails that were written to files.

The URLs exist only with ``DEBUG``.
"""

from email.message import EmailMessage

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from core.email_files import email_names, read_email

SHOWN = 100
HEADERS = ("From", "To", "Date", "Message-ID")


@require_safe
@never_cache
def emails(request: HttpRequest) -> HttpResponse:
    """List the newest emails."""
    names = email_names()
    shown = [(name, _find(name)) for name in names[:SHOWN]]
    return render(request, "development/emails.html", {"emails": shown, "more": len(names) - len(shown)})


@require_safe
@never_cache
@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]
def email(request: HttpRequest, name: str) -> HttpResponse:
    """Show one email: its headers, its text with clickable links, and its HTML in a sandboxed frame."""
    message = _find(name)
    context = {
        "name": name,
        "subject": message["Subject"],
        "headers": [(header, message[header]) for header in HEADERS],
        "text": _part(message, "plain"),
        "has_html": message.get_body(("html",)) is not None,
    }
    return render(request, "development/email.html", context)


@require_safe
@never_cache
@xframe_options_sameorigin
@csp_replace(  # type: ignore[arg-type]
    {
        "default-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "frame-ancestors": [SELF],
        "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
    }
)
def email_html(request: HttpRequest, name: str) -> HttpResponse:
    """Return the HTML part as a page without scripts or external resources. Its links open in a new window."""
    html = _part(_find(name), "html")
    return HttpResponse(html.replace("<head>", '<head><base target="_blank">', 1))


def _find(name: str) -> EmailMessage:
    message = read_email(name)
    if message is None:
        raise Http404
    return message


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if part is None:
        raise Http404
    return str(part.get_content())


urlpatterns = [
    path("mails", emails, name="development-emails"),
    path("mails/<str:name>", email, name="development-email"),
    path("mails/<str:name>/html", email_html, name="development-email-html"),
]
