"""``manage.py credentials``: the credential table as the page of the documentation that shows it."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand
from django.urls import get_resolver

from accounts.credentials import Admission, admission_to
from accounts.oauth.scopes import ORGANIZATIONS
from accounts.principals import Method
from orgs.oauth.scopes import ADMINISTRATION, ANY_ORGANIZATION

KINDS = {
    Method.SESSION: "session",
    Method.JWT: "JWT",
    Method.OAUTH2: "OAuth token for a person",
    Method.CLIENT: "OAuth token for no person",
    Method.API_KEY: "API key",
}
CONVERTER = re.compile("<(?:[a-z]+:)?([a-z_]+)>")
HEAD = """# Which credential may do what

<!-- `make format` writes this page from `credentials.py` in `orgs/` and `invitations/`, and from the dialects. -->

A request shows one credential. What it may do at all is said here; what its user may do in an organization, their role.

* **recent**: the person has signed in within the last `RECENT_SIGN_IN` seconds.
* A name in the columns of OAuth tokens is the scope that is needed, or one of several. Where it is a permission's, the
  wider `organization:admin` and `organizations` admit too. **any** means any scope about organizations, and **yes**,
  where nobody needs a credential, any at all.
* An OAuth token is for a person when they agreed, or when its application acts for its owner. By client credentials it
  is otherwise for no person, but for a system user, whom nobody invites.
* A dialect that reads bearer tokens only takes an API key by the token that its own `oauth2/token` gives for it.
"""


class Command(BaseCommand):
    """Print the page."""

    help = "Print docs/credentials.md, the table of which kind of credential may do what."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it to standard output."""
        self.stdout.write(page(), ending="")


def page() -> str:
    """The whole page; operations in the order of the map."""
    titles = ["request", "nobody", *KINDS.values()]
    rows = [titles, ["---"] * len(titles), *(row(request, operation) for operation, request in requests())]
    return "\n".join([HEAD, *(f"| {' | '.join(cells)} |" for cells in rows), ""])


def row(request: str, operation: str) -> list[str]:
    """One operation: who may, and on which condition."""
    admission = admission_to(operation)
    return [f"`{request}`", "yes" if admission.public else "", *(condition(admission, kind) for kind in KINDS)]


def condition(admission: Admission, kind: Method) -> str:
    """What a kind of credential needs; blank where it may not."""
    if kind not in admission.kinds:
        return ""
    if admission.recent:
        return "recent"
    if kind in (Method.OAUTH2, Method.CLIENT) and admission.scopes:
        return (
            "any" if admission.scopes == ANY_ORGANIZATION else " ".join(f"`{s}`" for s in narrowest(admission.scopes))
        )
    return "yes"


def narrowest(scopes: frozenset[str]) -> list[str]:
    """Those that are named; whoever has a wider one knows."""
    return sorted(scopes - ADMINISTRATION or scopes - {ORGANIZATIONS} or scopes)


def requests() -> Iterator[tuple[str, str]]:
    """Every operation that the map routes, as the table names it, with its method and path."""
    yield from requests_of(get_resolver().url_patterns, "/")


def requests_of(patterns: Iterable[Any], prefix: str) -> Iterator[tuple[str, str]]:
    """The same, below a prefix."""
    for pattern in patterns:
        path = CONVERTER.sub(r"{\1}", f"{prefix}{pattern.pattern}")
        if hasattr(pattern, "url_patterns"):
            yield from requests_of(pattern.url_patterns, path)
        elif hasattr(pattern.callback, "actions"):
            for method, action in pattern.callback.actions.items():
                if method != "head":  # which REST framework adds to GET with the first request
                    yield f"{pattern.callback.cls.resource}.{action}", f"{method.upper()} {path}"
