"""The access of OAuth applications to a person's account, and how the person withdraws it.

The person's consent creates an ``ApplicationAccess`` row. Issuing a token and withdrawing the access both lock this
row. A token therefore cannot be issued while the withdrawal deletes the existing tokens.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model
from oauth2_provider.settings import oauth2_settings

from accounts.models import ApplicationAccess, OAuthApplication, User
from accounts.principals import Principal
from core.errors import Denied, NotFound
from core.rows import only_row
from events.models import Event

LAST_USE_PRECISION = timedelta(minutes=1)


class AccessNotFound(NotFound):
    """The application has no access to this account."""

    message = "This application has no access to your account."


class AccessNotYours(Denied):
    """Only a signed-in person can withdraw access. API keys and system users cannot."""

    message = "Only the person themselves can withdraw an application's access."


def let_in(user: User, application: OAuthApplication, scopes: Iterable[str]) -> ApplicationAccess:
    """Add these scopes to the application's access to the account.

    Create the access if there is none. Call this inside a transaction.
    """
    access, _ = ApplicationAccess.objects.select_for_update().get_or_create(user=user, application=application)
    access.scopes = sorted({*access.scopes, *scopes})
    access.save(update_fields=["scopes"])
    return access


def lock_access(user: User, application: OAuthApplication) -> bool:
    """Lock the application's access until the transaction ends. Return whether the application has access."""
    rows = ApplicationAccess.objects.select_for_update(no_key=True)
    return only_row(rows.filter(user=user, application=application)) is not None


def accesses_of(user: User) -> QuerySet[ApplicationAccess]:
    """Return the access rows of applications that have a valid token, refresh token or code, newest first."""
    lifetime = timedelta(seconds=oauth2_settings.REFRESH_TOKEN_EXPIRE_SECONDS)
    issued = {"user": OuterRef("user"), "application": OuterRef("application")}
    alive = (
        Exists(get_access_token_model().objects.filter(**issued, expires__gt=Now()))
        | Exists(get_refresh_token_model().objects.filter(**issued, revoked=None, created__gt=Now() - lifetime))
        | Exists(get_grant_model().objects.filter(**issued, expires__gt=Now()))
    )
    rows = ApplicationAccess.objects.filter(alive, user=user)
    return rows.select_related("application__user").order_by("-created_at", "-id")


def service_accounts_of(user: User) -> QuerySet[OAuthApplication]:
    """Return the person's applications that act as the person with client credentials, newest first."""
    return OAuthApplication.objects.filter(user=user, acts_for_owner=True).order_by("-id")


@transaction.atomic
def withdraw_access(*, by: Principal, access_id: UUID) -> OAuthApplication:
    """Delete an application's access to the caller's account, with its codes and tokens.

    Return the application. Raises AccessNotYours, AccessNotFound.
    """
    if not by.is_person:
        raise AccessNotYours
    rows = ApplicationAccess.objects.select_for_update(of=("self",)).select_related("application")
    access = rows.filter(pk=access_id, user=by.user).first()
    if access is None:
        raise AccessNotFound
    for issued in (get_grant_model(), get_refresh_token_model(), get_access_token_model()):
        issued.objects.filter(user=by.user, application=access.application).delete()
    access.delete()
    Event.objects.record("oauth_application.access_withdrawn", by=by, subject=access.application)
    return access.application


def with_use(tokens: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate access tokens with the ``access_id`` and ``last_used_at`` of their ``ApplicationAccess``."""
    access = ApplicationAccess.objects.filter(user=OuterRef("user"), application=OuterRef("application"))
    used = Subquery(access.values("last_used_at"))
    return tokens.annotate(access_id=Subquery(access.values("pk")), last_used_at=used)


def note_use(access_id: UUID, last_used_at: datetime | None) -> None:
    """Store the current time as the last use. Write at most once a minute, to save database writes."""
    if last_used_at is None or last_used_at < timezone.now() - LAST_USE_PRECISION:
        ApplicationAccess.objects.filter(pk=access_id).update(last_used_at=Now())
