"""What the export of a person contains about the account (``core.personal_data``)."""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from accounts.actions.own_sessions import sessions_of
from accounts.email.models import AccountEmail
from accounts.models import ApplicationAccess, ExternalIdentity, OAuthApplication, User
from core.personal_data import export_section, in_steps


@export_section
def account(user: User) -> dict[str, Any]:
    """The account itself."""
    names = ("id", "kind", "email", "first_name", "last_name", "avatar_url", "is_active", "is_staff", "is_superuser")
    times = ("created_at", "updated_at", "deleted_at", "credentials_ended_at", "last_login")
    groups = list(user.groups.order_by("name").values_list("name", flat=True))
    given = list(user.user_permissions.order_by("codename").values_list("codename", flat=True))
    values = {name: getattr(user, name) for name in (*names, "muted_notices", *times)}
    return values | {"staff_groups": groups, "staff_permissions": given}


@export_section
def email_addresses(user: User) -> Iterator[dict[str, Any]]:
    """The addresses of the account."""
    rows = EmailAddress.objects.filter(user=user).order_by("pk")
    return rows.values("email", "verified", "primary").iterator()


@export_section
def emails_about_your_account(user: User) -> Iterator[dict[str, Any]]:
    """The emails about the account and to its verified addresses, and their delivery. The texts are not stored."""
    columns = ("id", "recipient", "purpose", "language", "state", "created_at", "sent_at")
    rows = AccountEmail.objects.filter(recipient__in=user.verified_addresses()) | user.emails.all()
    for email in in_steps(rows.distinct()):
        yield {name: getattr(email, name) for name in columns}


@export_section
def sign_in_methods(user: User) -> dict[str, Any]:
    """How the person signs in, without any secret."""
    factors = Authenticator.objects.filter(user=user).order_by("pk").values("type", "created_at", "last_used_at")
    identities = ExternalIdentity.objects.filter(user=user).order_by("pk")
    columns = ("issuer", "subject", "ignored_address", "ignored_reason", "created_at")
    return {
        "password": user.has_usable_password(),
        "two_factor": list(factors),
        "identities": list(identities.values(*columns)),
    }


@export_section
def sessions(user: User) -> Iterator[dict[str, Any]]:
    """The browsers in which the person is signed in."""
    for session in sessions_of(user):
        yield {name: getattr(session, name) for name in ("device", "signed_in_at", "last_seen_at")}


@export_section
def application_accesses(user: User) -> Iterator[dict[str, Any]]:
    """The OAuth applications that act for the person, with the dates of their codes and tokens."""
    for access in ApplicationAccess.objects.filter(user=user).select_related("application").order_by("pk"):
        yield {
            "application": {"id": access.application_id, "name": access.application.name},
            "scopes": access.scopes,
            "created_at": access.created_at,
            "last_used_at": access.last_used_at,
            "issued": _issued(user, access.application),
        }


@export_section
def oauth_applications(user: User) -> Iterator[dict[str, Any]]:
    """The OAuth applications that the person registered."""
    own = OAuthApplication.objects.filter(user=user) | OAuthApplication.objects.filter(responsible=user)
    for application in own.distinct().order_by("pk"):
        yield {
            "id": application.pk,
            "client_id": application.client_id,
            "name": application.name,
            "grant": application.authorization_grant_type,
            "redirect_uris": str(application.redirect_uris).split(),
            "allowed_scopes": application.allowed_scopes,
            "acts_for_you": application.acts_for_owner,
            "created_at": application.created,
            "issued": _issued(user, application) if application.acts_for_owner else [],
        }


@export_section
def service_accounts(user: User) -> Iterator[dict[str, Any]]:
    """The system users that the person registered."""
    rows = User.objects.filter(responsible=user).order_by("pk")
    for system_user in rows:
        yield {"id": system_user.pk, "name": system_user.first_name, "created_at": system_user.created_at}


def _issued(user: User, application: OAuthApplication) -> list[dict[str, Any]]:
    """Return when the application got codes and tokens that still exist."""
    kinds = {"code": get_grant_model(), "access_token": get_access_token_model()}
    kinds["refresh_token"] = get_refresh_token_model()
    return [
        {"kind": kind, "created_at": created}
        for kind, model in kinds.items()
        for created in model.objects.filter(user=user, application=application)
        .order_by("created")
        .values_list("created", flat=True)
    ]
