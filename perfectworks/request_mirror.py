"""What the service sees of a request behind its proxies. ``manage.py doctor`` asks it at the public URL.

Only who knows SECRET_KEY gets an answer. For everybody else the path does not exist.
"""

from dataclasses import asdict, dataclass

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

PATH = "/healthz/seen"
PROOF_HEADER = "X-Doctor"
MAX_AGE = 60  # seconds


@dataclass(frozen=True)
class Seen:
    """What the service sees. ``client`` is the address that rate limits count."""

    is_https: bool
    host: str
    client: str
    forwarded_for: str


def new_proof() -> str:
    """Return the header's value, which proves that the sender knows SECRET_KEY. It is valid for a minute."""
    return _signer().sign("doctor")


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="perfectworks.request_mirror")


@require_safe
@never_cache
def seen(request: HttpRequest) -> HttpResponse:
    """Return what the service sees of this request, or 404."""
    try:
        _signer().unsign(request.headers.get(PROOF_HEADER, ""), max_age=MAX_AGE)
    except BadSignature:
        return HttpResponseNotFound()
    headers = request.headers
    found = Seen(request.is_secure(), headers.get("Host", ""), _client_of(request), headers.get("X-Forwarded-For", ""))
    return JsonResponse(asdict(found))


def _client_of(request: HttpRequest) -> str:
    """Return the address that rate limits count, or "" if there is none."""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return ""
