"""``manage.py credentials``: print the credential table as ``docs/credentials.md``."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand
from django.urls import get_resolver

from accounts.credentials import SIGNED_IN, Admission, admission_to
from accounts.oauth.scopes import ORGANIZATIONS
from accounts.principals import Method
from orgs.oauth.scopes import ADMINISTRATION, ANY_ORGANIZATION

KINDS = {
    Method.SESSION: "session",
    Method.JWT: "JWT",
    Method.OAUTH2: "OAuth token of a person",
    Method.CLIENT: "OAuth token of a system user",
    Method.API_KEY: "API key",
}
CONVERTER = re.compile("<(?:[a-z]+:)?([a-z_]+)>")
HEAD = """# Which credentials each operation accepts

<!-- `make format` writes this page from `credentials.py` in `orgs/` and `invitations/`, and from the dialects. -->

A request has one credential. This table lists the kinds of credential that each operation accepts. What the user may
do in an organization depends on their role.

* **recent**: the person must have signed in within the last `RECENT_SIGN_IN` seconds. Software needs no sign-in.
* A name in an OAuth column is the required scope; of several names, one is enough. The scopes `organization:admin` and
  `organizations` include the scopes of all permissions. **any** means any scope about organizations. **yes** means any
  scope at all, as the operation needs no credential.
* An OAuth token acts for a person if they agreed, or if its application acts for its owner. Other tokens from client
  credentials act for a system user. System users cannot be invited.
* Dialects that read only bearer tokens do not accept an API key itself. Their `oauth2/token` exchanges it for a token.
"""


class Command(BaseCommand):
    """Print docs/credentials.md."""

    help = "Print docs/credentials.md, the table of the credentials that each operation accepts."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the page to standard output."""
        self.stdout.write(page(), ending="")


def page() -> str:
    """Return the page. Operations are in the same order as in the URLconf."""
    titles = ["request", "no credential", *KINDS.values()]
    rows = [titles, ["---"] * len(titles), *(row(request, operation) for operation, request in requests())]
    return "\n".join([HEAD, *(f"| {' | '.join(cells)} |" for cells in rows), ""])


def row(request: str, operation: str) -> list[str]:
    """Return the cells of one operation."""
    admission = admission_to(operation)
    return [f"`{request}`", "yes" if admission.public else "", *(condition(admission, kind) for kind in KINDS)]


def condition(admission: Admission, kind: Method) -> str:
    """Return the condition for a kind of credential. It is empty if the operation does not accept the kind."""
    if kind not in admission.kinds:
        return ""
    if admission.recent and kind in SIGNED_IN.kinds:
        return "recent"
    if kind in (Method.OAUTH2, Method.CLIENT) and admission.scopes:
        return (
            "any" if admission.scopes == ANY_ORGANIZATION else " ".join(f"`{s}`" for s in narrowest(admission.scopes))
        )
    return "yes"


def narrowest(scopes: frozenset[str]) -> list[str]:
    """Return the sorted scopes. Leave out scopes that include another scope of the set."""
    return sorted(scopes - ADMINISTRATION or scopes - {ORGANIZATIONS} or scopes)


def requests() -> Iterator[tuple[str, str]]:
    """Yield each routed operation with its method and path."""
    yield from requests_of(get_resolver().url_patterns, "/")


def requests_of(patterns: Iterable[Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the routed operations below a prefix."""
    for pattern in patterns:
        path = CONVERTER.sub(r"{\1}", f"{prefix}{pattern.pattern}")
        if hasattr(pattern, "url_patterns"):
            yield from requests_of(pattern.url_patterns, path)
        elif hasattr(pattern.callback, "actions"):
            for method, action in pattern.callback.actions.items():
                if method != "head":  # REST framework adds HEAD to the routes with GET at the first request
                    yield f"{pattern.callback.cls.resource}.{action}", f"{method.upper()} {path}"
