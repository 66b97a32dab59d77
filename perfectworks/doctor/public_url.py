"""Examination of the proxy: asks the service at its public URL what it sees of a request.

The service answers only requests that are signed with its own SECRET_KEY (``perfectworks.request_mirror``).
"""

import json
from collections.abc import Iterator
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

from perfectworks.doctor.findings import Diagnosis, failure, ok, unknown, warning
from perfectworks.request_mirror import PATH, PROOF_HEADER, Seen, new_proof

SECONDS = 10.0
FORGED = "203.0.113.77"  # an address of no network (RFC 5737)
MAX_BODY = 10_000


class NoRedirect(HTTPRedirectHandler):
    """Redirects are errors: nobody else gets the signature."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow no redirect."""


def public_url() -> Iterator[Diagnosis]:
    """Ask the service at PUBLIC_BASE_URL. Say what is wrong with the headers of the proxy."""
    url = settings.PUBLIC_BASE_URL
    request = Request(f"{url}{PATH}", headers={PROOF_HEADER: new_proof(), "X-Forwarded-For": FORGED})  # noqa: S310
    try:
        with build_opener(NoRedirect).open(request, timeout=SECONDS) as response:
            seen = Seen(**json.loads(response.read(MAX_BODY)))
    except HTTPError as error:
        yield failure(
            f"{url} answers {error.code} instead of what it sees of a request.",
            "Another service answers there, or one with another SECRET_KEY, or the proxy changes the path.",
        )
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        yield unknown(
            f"{url} cannot be reached from here: {reason}",
            "Check the DNS name, the certificate and the proxy, or run this on a machine that can reach it.",
        )
    except (ValueError, TypeError):
        yield failure(f"{url} answers with a page of something else.", "Let the proxy pass all paths to the service.")
    else:
        yield from judge(seen)


def judge(seen: Seen) -> Iterator[Diagnosis]:
    """Say which headers of the proxy are wrong."""
    wrong = [found for found in (_scheme(seen), _host(seen), _client(seen)) if found]
    yield from wrong
    if not wrong:
        yield ok(f"The service sees https={seen.is_https}, the host {seen.host} and your address {seen.client}.")


def _scheme(seen: Seen) -> Diagnosis | None:
    if seen.is_https == settings.HTTPS:
        return None
    if seen.is_https:
        return failure("People use https, but PUBLIC_BASE_URL is http.", "Set PUBLIC_BASE_URL to the https URL.")
    return failure(
        "People use https, but the service sees http.",
        "Let the proxy set X-Forwarded-Proto: https, and set ALLAUTH_TRUSTED_PROXY_COUNT to the number of proxies.",
    )


def _host(seen: Seen) -> Diagnosis | None:
    if seen.host.partition(":")[0] in settings.ALLOWED_HOSTS or seen.host in settings.ALLOWED_HOSTS:
        return None
    return failure(
        f"The service sees the host {seen.host}, so it refuses every request with 400.",
        "Let the proxy pass on the Host header, for example with proxy_set_header Host $host.",
    )


def _client(seen: Seen) -> Diagnosis | None:
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if seen.client == FORGED:
        return failure(
            "The service believes the address that a client writes into X-Forwarded-For.",
            "Set ALLAUTH_TRUSTED_PROXY_COUNT to the number of proxies. Each must append to X-Forwarded-For.",
        )
    if proxies == 0 and seen.forwarded_for not in ("", FORGED):  # a web server may remove the header
        return warning(
            "There is a proxy, but ALLAUTH_TRUSTED_PROXY_COUNT is 0, so all people share one rate limit.",
            "Set it to the number of proxies.",
        )
    if len(seen.forwarded_for.split(",")) < proxies or not seen.client:
        return failure(
            f"X-Forwarded-For has fewer addresses than ALLAUTH_TRUSTED_PROXY_COUNT ({proxies}).",
            "Let each proxy append the address of its client, or set the number of proxies.",
        )
    return None
