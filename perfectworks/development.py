"""Pages for developers, routed in ``DEBUG`` only: the mails that no mail server took."""

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
    """List the mails, newest first."""
    names = email_names()
    shown = [(name, _find(name)) for name in names[:SHOWN]]
    return render(request, "development/mails.html", {"mails": shown, "more": len(names) - len(shown)})


@require_safe
@never_cache
@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]
def email(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail: its headers, its text with links to click, and its HTML in a frame that can do nothing."""
    message = _find(name)
    context = {
        "name": name,
        "subject": message["Subject"],
        "headers": [(header, message[header]) for header in HEADERS],
        "text": _part(message, "plain"),
        "has_html": message.get_body(("html",)) is not None,
    }
    return render(request, "development/mail.html", context)


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
    """The HTML part as a mail program would show it: no script, nothing from elsewhere, links in a new window."""
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
    path("mails", emails, name="development-mails"),
    path("mails/<str:name>", email, name="development-mail"),
    path("mails/<str:name>/html", email_html, name="development-mail-html"),
]
