"""Whoever asks, in one shape: a user, and the credential that proved it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from accounts.models import User


class Method(StrEnum):
    """The kinds of credential."""

    SESSION = "session"
    JWT = "jwt"
    OAUTH2 = "oauth2"  # of a program that a person lets act for them
    CLIENT = "oauth2_client"  # of a program with nobody behind it, by client credentials
    API_KEY = "api_key"
    LINK = "link"
    STAFF = "staff"
    SERVICE = "service"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The caller of an action (``by=``).

    ``organization_id`` is the only organization this credential reaches, ``permissions`` the most it may use of
    what its user holds; None means no such bound. ``granted_scopes`` are the scopes that a person allowed an OAuth
    client. ``authenticated_at`` says when a person last proved themselves.
    """

    user: User | None
    method: Method
    organization_id: UUID | None = None
    permissions: frozenset[str] | None = None
    authenticated_at: datetime | None = None
    credential_id: UUID | None = None
    granted_scopes: frozenset[str] | None = None

    @property
    def actor_id(self) -> UUID | None:
        """The user's id, for events; None for the service itself."""
        return self.user.pk if self.user else None

    @property
    def is_staff(self) -> bool:
        """Whether a staff member acts from the admin, above every organization."""
        return self.method == Method.STAFF

    @property
    def is_service(self) -> bool:
        """Whether the service acts on its own behalf."""
        return self.method == Method.SERVICE

    @property
    def is_person(self) -> bool:
        """Whether a signed-in person acts, and not a program on somebody's behalf."""
        return bool(self.user and self.user.is_person) and self.method in (
            Method.SESSION,
            Method.JWT,
            Method.OAUTH2,
        )


SERVICE = Principal(user=None, method=Method.SERVICE)
LINK_HOLDER = Principal(user=None, method=Method.LINK)  # nobody signed in: only what their link proves counts


def staff(user: User) -> Principal:
    """The principal of a staff member in the admin; raises ValueError for anybody else."""
    if not (user.is_staff and user.is_active):
        raise ValueError("Only active staff act from the admin.")
    return Principal(user=user, method=Method.STAFF)
