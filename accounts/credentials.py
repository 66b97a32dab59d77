"""The credential table: the kinds of credential that each operation accepts.

``docs/credentials.md`` shows the table. The kinds are the values of ``accounts.principals.Method``. An operation
without a row accepts no credential. ``orgs.policies`` decides what a caller may do *within* an organization.
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
    """The kinds of credential that an operation accepts, and the conditions for accepting them.

    An OAuth token needs one of ``scopes``. If ``scopes`` is empty, the operation accepts no OAuth token.
    ``Principal.permissions`` also limits what the token may do. If ``public`` is True, the operation accepts requests
    without a credential. It then also accepts OAuth tokens with any scopes, unless ``scopes`` is set. If ``recent`` is
    True, people who use a session or an ID token must have signed in within ``settings.RECENT_SIGN_IN``.
    """

    kinds: frozenset[Method] = frozenset()
    scopes: frozenset[str] = frozenset()
    public: bool = False
    recent: bool = False

    def but(self, **conditions: Any) -> "Admission":
        """Return a copy with these conditions changed."""
        return replace(self, **conditions)

    def scoped(self, *scopes: str) -> "Admission":
        """Return a copy that accepts OAuth tokens with one of these scopes."""
        return replace(self, scopes=frozenset(scopes))


def admitting(*kinds: Method) -> Admission:
    """Return an ``Admission`` that accepts these kinds of credential."""
    return Admission(frozenset(kinds))


SESSION, JWT, OAUTH2, CLIENT, API_KEY = Method.SESSION, Method.JWT, Method.OAUTH2, Method.CLIENT, Method.API_KEY
NOBODY = admitting()
ANYTHING = admitting(SESSION, JWT, OAUTH2, CLIENT, API_KEY)
BEARER_OR_KEY = admitting(JWT, OAUTH2, CLIENT, API_KEY)  # an API key can be sent as a token (``orgs.authentication``)
BEARER = admitting(JWT, OAUTH2, CLIENT)
PERSON = admitting(SESSION, JWT, OAUTH2)  # a person, or an OAuth application on their behalf
PERSON_WITHOUT_COOKIE = admitting(JWT, OAUTH2)
SIGNED_IN = admitting(SESSION, JWT)  # a person only
BROWSER = admitting(SESSION)
IDENTITY_PROVIDER = admitting(JWT)

# The rows are declared in the apps and dialects. ``perfectworks.urls`` adds them with ``admit``.
OPERATIONS: dict[str, Admission] = {}


class ScopeMissing(Denied):
    """The OAuth token does not have the required scope."""

    message = "This token does not have the required scope."


class CredentialNotAllowed(Denied):
    """The credential is valid, but the operation does not accept this kind of credential."""

    message = "This kind of credential is not accepted here."


class RecentSignInRequired(Denied):
    """The operation requires a more recent sign-in."""

    message = "Sign in again to do this."


def admit(rows: Mapping[str, Admission]) -> None:
    """Add rows to the table. Raises ValueError if an operation already has a different row."""
    for operation, admission in rows.items():
        if OPERATIONS.setdefault(operation, admission) != admission:
            raise ValueError(f"{operation} is already in the credential table.")


def operation_key(view: Any) -> str:
    """Return the table key of the requested operation: ``resource.method``."""
    return f"{view.resource}.{view.action}"


def admission_to(operation: str) -> Admission:
    """Return the operation's row, or ``NOBODY`` if the table has none."""
    return OPERATIONS.get(operation, NOBODY)


def require_allowed(operation: str, principal: Principal | None) -> None:
    """Check the principal's credential against the operation's row.

    Raises Unauthenticated, CredentialNotAllowed, ScopeMissing or RecentSignInRequired.
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
    if admission.recent and principal.method in SIGNED_IN.kinds and not signed_in_recently(principal):
        raise RecentSignInRequired


def _require_scope(admission: Admission, granted: frozenset[str]) -> None:
    open_to_all = admission.public and not admission.scopes
    if not (open_to_all or admission.scopes & granted):
        raise ScopeMissing(scopes=sorted(admission.scopes))


def signed_in_recently(principal: Principal) -> bool:
    """Return whether the person signed in within ``RECENT_SIGN_IN``."""
    since = timezone.now() - timedelta(seconds=settings.RECENT_SIGN_IN)
    return principal.authenticated_at is not None and principal.authenticated_at >= since


class CredentialAllowed(BasePermission):
    """REST framework's permission class for the credential table."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True if the credential is allowed, else raise (see ``require_allowed``).

        Skip OPTIONS requests (``metadata``) and methods that are not routed, because REST framework rejects them.
        """
        if view.action not in (None, "metadata"):
            principal = request.auth if isinstance(request.auth, Principal) else None
            require_allowed(operation_key(view), principal)
        return True
