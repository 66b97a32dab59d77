"""Clients of our authorization server: whose they are, and what can happen to them.

A client that people let act for them, and a personal one that acts for its owner, belong to a person. A service client
acts for a system user, and belongs to that user's organization like its API keys. A secret is shown once. Staff can do
the same for others, and end any client; but whatever is a person, that person alone makes, and has the secret of.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from oauth2_provider.generators import generate_client_secret

from accounts.models import OAuthApplication, User
from accounts.principals import Principal
from core.errors import Conflict, Denied, Invalid, NotFound
from orgs import policies
from orgs.actions.api_keys import NotYourKey
from orgs.actions.saving import require_names
from orgs.locks import lock_organization
from orgs.lookups import find_member
from orgs.models import Organization
from orgs.oauth.saving import as_stored, check, end_tokens, lock_application, record_application_event
from orgs.oauth.scopes import known_scopes
from orgs.permissions import MANAGE_MEMBERS

NAME_LENGTH = OAuthApplication._meta.get_field("name").max_length


class OauthApplicationNotFound(NotFound):
    """No such application, or not the caller's."""

    message = "There is no such OAuth application."


class NoSecret(Conflict):
    """A public client has none to renew."""

    message = "A public client has no secret."


class SecretOfAPerson(Denied):
    """With it one would be the client's owner."""

    message = "This application acts for its owner, who alone can renew its secret."


def visible_applications(by: Principal, organization: Organization | None) -> QuerySet[OAuthApplication]:
    """The caller's own and, for whoever manages members, those of the organization's system users; newest first."""
    mine = Q(user=by.user, system_user__isnull=True)
    if organization and policies.holdings(by, organization).permits(MANAGE_MEMBERS):
        mine |= Q(system_user__memberships__organization=organization)
    return OAuthApplication.objects.filter(mine).select_related("system_user").order_by("-id")


@transaction.atomic
def register_client(
    *,
    by: Principal,
    name: str,
    redirect_uris: Sequence[str],
    public: bool = False,
    scopes: Iterable[str] = (),
    owner: User | None = None,
) -> tuple[OAuthApplication, str]:
    """A client that people let act for them (authorization code with PKCE).

    The caller, a person, owns it; staff name the owner. ``scopes`` are the most it may ask for, none: any.
    A public client, such as one in a browser, cannot keep a secret and gets an empty one.
    Raises ValidationError for redirect addresses that are not allowed, and Invalid for unknown scopes.
    """
    application = OAuthApplication(
        name=name,
        user=_owner(by, owner),
        client_type=OAuthApplication.CLIENT_PUBLIC if public else OAuthApplication.CLIENT_CONFIDENTIAL,
        authorization_grant_type=OAuthApplication.GRANT_AUTHORIZATION_CODE,
        redirect_uris=as_stored(redirect_uris),
        allowed_scopes=known_scopes(scopes),
    )
    return application, _save_with_secret(by, application)


@transaction.atomic
def register_personal_client(*, by: Principal, name: str, scopes: Iterable[str] = ()) -> tuple[OAuthApplication, str]:
    """A program that, with client credentials, is its owner: the caller, and nobody on their behalf."""
    application = OAuthApplication(
        name=name,
        user=policies.require_person(by),
        acts_for_owner=True,
        allowed_scopes=known_scopes(scopes),
        **_CLIENT_CREDENTIALS,
    )
    return application, _save_with_secret(by, application)


@transaction.atomic
def register_service_client(
    *, by: Principal, organization_id: UUID, membership_id: UUID, name: str, scopes: Iterable[str] = ()
) -> tuple[OAuthApplication, str]:
    """A program that, with client credentials, is a system user; for whoever manages that user.

    Raises NotYourKey for a person's membership, GrantTooWide when the system user holds more than the caller.
    """
    organization = lock_organization(organization_id, by=by)
    policies.require(by, organization, MANAGE_MEMBERS)
    membership = find_member(organization, membership_id)
    if membership.user.is_person:
        raise NotYourKey
    _require_authority(by, organization, membership.user)
    application = OAuthApplication(
        name=name, system_user=membership.user, allowed_scopes=known_scopes(scopes), **_CLIENT_CREDENTIALS
    )
    return application, _save_with_secret(by, application)


@transaction.atomic
def update_application(
    *, by: Principal, organization: Organization | None, application_id: UUID, **changes: Any
) -> OAuthApplication:
    """Change a client's ``name``, ``scopes`` or, where people let it act for them, its ``redirect_uris``.

    Its id, its secret and what people allowed stay. Whatever was issued is held to the new scopes and addresses at each
    use, so none needs to be ended, and none that is issued meanwhile escapes. Raises OauthApplicationNotFound,
    GrantTooWide as ``renew_client_secret``, and ValidationError or Invalid as registering.
    """
    require_names(changes, {"name", "redirect_uris", "scopes"})
    return _change(by, _find_to_change(by, organization, application_id), changes)


@transaction.atomic
def update_any_application(*, by: Principal, application: OAuthApplication, **changes: Any) -> OAuthApplication:
    """Change any client's ``name`` or ``redirect_uris``; for staff.

    They register clients with any address for others, and each person still sees where a code goes before it does.
    The scopes are whose program it is alone to choose: with wider ones, one that acts without asking could do more.
    """
    policies.require_staff(by)
    require_names(changes, {"name", "redirect_uris"})
    return _change(by, application, changes)


@transaction.atomic
def renew_client_secret(
    *, by: Principal, organization: Organization | None, application_id: UUID
) -> tuple[OAuthApplication, str]:
    """A new secret in place of the old one; every token issued so far ends.

    Raises NoSecret for a public client, and GrantTooWide when a service client's user holds more than the caller: the
    secret is worth what that user may do.
    """
    application = _locked(_find_to_change(by, organization, application_id))
    return application, _renew(by, application)


@transaction.atomic
def renew_any_client_secret(*, by: Principal, application: OAuthApplication) -> str:
    """The same for any client; for staff. Raises SecretOfAPerson for one that acts for its owner."""
    policies.require_staff(by)
    if application.acts_for_owner:
        raise SecretOfAPerson
    return _renew(by, _locked(application))


@transaction.atomic
def stop_acting_for_owner(*, by: Principal, application: OAuthApplication) -> None:
    """Let a client be its owner no longer, for good; every token so far ends. For staff."""
    policies.require_staff(by)
    locked = _locked(application)
    locked.acts_for_owner = False
    locked.save(update_fields=["acts_for_owner", "updated"])
    end_tokens(locked)
    record_application_event("oauth_application.acting_for_owner_set", by, locked, acts_for_owner=False)


@transaction.atomic
def delete_application(*, by: Principal, organization: Organization | None, application_id: UUID) -> None:
    """End a client with all its tokens."""
    _end(by, find_application(by, organization, application_id))


def find_application(by: Principal, organization: Organization | None, application_id: UUID) -> OAuthApplication:
    """An application the caller may see; raises OauthApplicationNotFound."""
    application = visible_applications(by, organization).filter(pk=application_id).first()
    if application is None:
        raise OauthApplicationNotFound
    return application


@transaction.atomic
def end_application(*, by: Principal, application: OAuthApplication) -> None:
    """Delete any client with all its tokens; for staff."""
    policies.require_staff(by)
    _end(by, application)


@transaction.atomic
def end_application_tokens(*, by: Principal, application: OAuthApplication) -> None:
    """Revoke whatever was issued to any client, for staff; it can ask for new ones."""
    policies.require_staff(by)
    end_tokens(application)
    record_application_event("oauth_application.tokens_ended", by, application)


def _locked(application: OAuthApplication) -> OAuthApplication:
    locked = lock_application(application)
    if locked is None:
        raise OauthApplicationNotFound
    return locked


def _change(by: Principal, application: OAuthApplication, changes: dict[str, Any]) -> OAuthApplication:
    locked = _locked(application)
    locked.name = changes.get("name", locked.name)
    if "redirect_uris" in changes:
        locked.redirect_uris = as_stored(changes["redirect_uris"])
    if "scopes" in changes:
        locked.allowed_scopes = known_scopes(changes["scopes"])
    check(locked)
    locked.save(update_fields=["name", "redirect_uris", "allowed_scopes", "updated"])
    record_application_event(
        "oauth_application.updated", by, locked, changed=sorted(changes), scopes=locked.allowed_scopes
    )
    return locked


def _renew(by: Principal, application: OAuthApplication) -> str:
    if application.client_type == OAuthApplication.CLIENT_PUBLIC:
        raise NoSecret
    secret: str = generate_client_secret()
    application.client_secret = secret
    application.save(update_fields=["client_secret", "updated"])
    end_tokens(application)
    record_application_event("oauth_application.secret_renewed", by, application)
    return secret


def _end(by: Principal, application: OAuthApplication) -> None:
    record_application_event("oauth_application.deleted", by, application)
    application.delete()


def _find_to_change(by: Principal, organization: Organization | None, application_id: UUID) -> OAuthApplication:
    """An application the caller may see, and whose system user, if it is one, holds no more than the caller."""
    application = find_application(by, organization, application_id)
    if organization and application.system_user:
        _require_authority(by, organization, application.system_user)
    return application


def _require_authority(by: Principal, organization: Organization, system_user: User) -> None:
    locked = lock_organization(organization.pk, by=by)
    held = policies.require(by, locked, MANAGE_MEMBERS)
    membership = policies.find_membership(system_user, locked)
    if membership is None:
        raise OauthApplicationNotFound
    policies.require_authority_over(held, membership)


def _owner(by: Principal, named: User | None) -> User:
    """Whose client it becomes."""
    if named is None:
        return policies.require_person(by)
    policies.require_staff(by)
    if not (named.is_person and named.is_active):
        raise Invalid(fields={"owner": ["Choose a person whose account is active."]})
    return named


_CLIENT_CREDENTIALS = {
    "client_type": OAuthApplication.CLIENT_CONFIDENTIAL,
    "authorization_grant_type": OAuthApplication.GRANT_CLIENT_CREDENTIALS,
}


def _save_with_secret(by: Principal, application: OAuthApplication) -> str:
    is_public = application.client_type == OAuthApplication.CLIENT_PUBLIC
    secret = "" if is_public else generate_client_secret()
    application.client_secret = secret
    check(application)
    application.save()
    record_application_event("oauth_application.registered", by, application, acts_for_owner=application.acts_for_owner)
    return secret
