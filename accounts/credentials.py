"""Which kind of credential may do what: one table, read by the code and rendered in ``docs/credentials.md``.

The kinds are those of ``accounts.principals.Method``. What is not in the table may be done by nobody. What a caller may
do *within* an organization is another question, which ``orgs.policies`` answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.principals import Method, Principal
from core.errors import Denied, Unauthenticated


@dataclass(frozen=True)
class Admission:
    """Whom an operation admits: these kinds of credential, on these conditions.

    ``scopes`` are those of which an OAuth token needs one; where none is named, no such token is admitted. What it may
    do there is also capped by ``Principal.permissions``. ``public`` admits those without a credential, and so a token
    whatever its scopes, unless some are named. ``recent`` asks for a sign-in within ``settings.RECENT_SIGN_IN``.
    """

    kinds: frozenset[Method] = frozenset()
    scopes: frozenset[str] = frozenset()
    public: bool = False
    recent: bool = False

    def but(self, **conditions: Any) -> "Admission":
        """The same on other conditions."""
        return replace(self, **conditions)

    def scoped(self, *scopes: str) -> "Admission":
        """The same for tokens with one of these scopes."""
        return replace(self, scopes=frozenset(scopes))


def admitting(*kinds: Method) -> Admission:
    """An admission of these kinds of credential."""
    return Admission(frozenset(kinds))


SESSION, JWT, OAUTH2, CLIENT, API_KEY = Method.SESSION, Method.JWT, Method.OAUTH2, Method.CLIENT, Method.API_KEY
NOBODY = admitting()
ANYTHING = admitting(SESSION, JWT, OAUTH2, CLIENT, API_KEY)
BEARER_OR_KEY = admitting(JWT, OAUTH2, CLIENT, API_KEY)  # a key by the token given for it (``orgs.authentication``)
BEARER = admitting(JWT, OAUTH2, CLIENT)
PERSON = admitting(SESSION, JWT, OAUTH2)  # or a program that the person lets act for them
PERSON_WITHOUT_COOKIE = admitting(JWT, OAUTH2)
SIGNED_IN = admitting(SESSION, JWT)  # the person, and no program
BROWSER = admitting(SESSION)
IDENTITY_PROVIDER = admitting(JWT)

# Apps and dialects declare their rows; ``perfectworks.urls`` lists these tables and adds them with ``admit``.
OPERATIONS: dict[str, Admission] = {}


class ScopeMissing(Denied):
    """The person did not allow the client this."""

    message = "This token was not granted the scope for this."


class CredentialNotAllowed(Denied):
    """The credential holds, and its kind is not for this."""

    message = "This kind of credential cannot be used for this."


class RecentSignInRequired(Denied):
    """The person signed in too long ago for what cannot be undone."""

    message = "Sign in again to do this."


def admit(rows: Mapping[str, Admission]) -> None:
    """Add rows to the table; raises ValueError for one that is there already and says something else."""
    for operation, admission in rows.items():
        if OPERATIONS.setdefault(operation, admission) != admission:
            raise ValueError(f"{operation} is in the table of credentials already.")


def operation_key(view: Any) -> str:
    """The name of what a view was asked for, as the table has it: ``resource.method``."""
    return f"{view.resource}.{view.action}"


def admission_to(operation: str) -> Admission:
    """The operation's row; for one that has none, nobody is admitted."""
    return OPERATIONS.get(operation, NOBODY)


def require_allowed(operation: str, principal: Principal | None) -> None:
    """Raise unless this kind of credential may do this.

    Unauthenticated, CredentialNotAllowed, ScopeMissing or RecentSignInRequired.
    """
    admission = admission_to(operation)
    if principal is None:
        if admission.public:
            return
        raise Unauthenticated
    if principal.method not in admission.kinds:
        raise CredentialNotAllowed(allowed=sorted(admission.kinds))
    if principal.granted_scopes is not None:
        _require_scope(admission, principal.granted_scopes)
    if admission.recent and not signed_in_recently(principal):
        raise RecentSignInRequired


def _require_scope(admission: Admission, granted: frozenset[str]) -> None:
    open_to_all = admission.public and not admission.scopes
    if not (open_to_all or admission.scopes & granted):
        raise ScopeMissing(scopes=sorted(admission.scopes))


def signed_in_recently(principal: Principal) -> bool:
    """Whether the person proved themselves within ``RECENT_SIGN_IN``."""
    since = timezone.now() - timedelta(seconds=settings.RECENT_SIGN_IN)
    return principal.authenticated_at is not None and principal.authenticated_at >= since


class CredentialAllowed(BasePermission):
    """Asks the table."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """True, or the refusal is raised; a method that the path does not have is left to be refused as such.

        OPTIONS, which REST framework calls "metadata", is no path's method.
        """
        if view.action not in (None, "metadata"):
            principal = request.auth if isinstance(request.auth, Principal) else None
            require_allowed(operation_key(view), principal)
        return True
