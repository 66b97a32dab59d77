"""The caller of an action: a user and the credential that was used."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet

from accounts.models import User


class Method(StrEnum):
    """The kinds of credential."""

    SESSION = "session"
    JWT = "jwt"
    OAUTH2 = "oauth2"  # an OAuth application on behalf of a person
    CLIENT = "oauth2_client"  # an OAuth application with client credentials, for a system user
    API_KEY = "api_key"
    LINK = "link"
    STAFF = "staff"
    SERVICE = "service"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The caller of an action (``by=``).

    ``organization_id`` limits the credential to one organization. ``permissions`` limits the credential to some of its
    user's permissions. For both, None means no limit. ``granted_scopes`` are the scopes of an OAuth token.
    ``authenticated_at`` is the time of the person's last sign-in. ``credential_by_id`` is the person who created the
    credential of a system user. ``token_id`` is the id of the OAuth access token. ``session_key`` is
    the stored form of the session's key.
    """

    user: User | None
    method: Method
    organization_id: UUID | None = None
    permissions: frozenset[str] | None = None
    authenticated_at: datetime | None = None
    credential_id: UUID | None = None
    granted_scopes: frozenset[str] | None = None
    credential_by_id: UUID | None = None
    token_id: int | None = None
    session_key: str | None = None

    @property
    def responsible_id(self) -> UUID | None:
        """The id of the person whose limits apply.

        For a system user, this is the person who created the credential or, if that is unknown, the person who
        registered the system user. None for staff, for the service, and for a system user if neither is known.
        """
        if self.user is None or self.is_staff:
            return None
        return self.user.pk if self.user.is_person else self.credential_by_id or self.user.responsible_id

    @property
    def actor_id(self) -> UUID | None:
        """The user's id, which events store. It is None for the service itself."""
        return self.user.pk if self.user else None

    @property
    def is_staff(self) -> bool:
        """Whether the caller is a staff member in the admin, who has access to all organizations."""
        return self.method == Method.STAFF

    @property
    def is_service(self) -> bool:
        """Whether the caller is the service itself."""
        return self.method == Method.SERVICE

    @property
    def is_person(self) -> bool:
        """Whether the caller is a person, directly or through an OAuth application."""
        return bool(self.user and self.user.is_person) and self.method in (
            Method.SESSION,
            Method.JWT,
            Method.OAUTH2,
        )


SERVICE = Principal(user=None, method=Method.SERVICE)
LINK_HOLDER = Principal(user=None, method=Method.LINK)  # not signed in; the link is the only credential


def may_act_as_staff(user: User, permission: str) -> bool:
    """Return whether the user is active, may open the admin and has this Django permission."""
    return user.is_staff and user.has_perm(permission)  # an inactive user has no permission


def has_more_rights(user: User, than: User) -> bool:
    """Return whether a user has Django permissions that another user lacks.

    This includes the permissions that an inactive user would have again after a reactivation.
    """
    if than.is_superuser or user.is_superuser:
        return not than.is_superuser
    return lacks_any(than, Permission.objects.filter(_given_to(user)))


def lacks_any(user: User, permissions: QuerySet[Permission]) -> bool:
    """Return whether the user lacks any of these Django permissions."""
    if user.is_superuser:
        return False
    return permissions.exclude(pk__in=Permission.objects.filter(_given_to(user))).exists()


def _given_to(user: User) -> Q:
    return Q(user=user) | Q(group__user=user)


def staff(user: User, permission: str) -> Principal:
    """Return the principal of a staff member who acts in the admin by this Django permission.

    Raises ValueError for other users: the staff flag alone permits nothing.
    """
    if not may_act_as_staff(user, permission):
        raise ValueError(f"Only active staff with the permission {permission} may do this.")
    return Principal(user=user, method=Method.STAFF)
