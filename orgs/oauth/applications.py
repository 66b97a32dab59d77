"""Actions on OAuth applications, the clients of our authorization server.

There are three kinds. A ``client`` application acts for people who agree. A ``personal`` application acts for its
owner. Both belong to a person. A ``service`` application acts as a system user and belongs to that user's organization.
Secrets are shown once.

Staff can register clients for others and delete any client. Only the owner can register a personal client or renew
its secret, because the secret gives access to the owner's account.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from accounts.email.models import AccountEmail
from accounts.models import ApplicationAccess, OAuthApplication, User
from accounts.principals import Principal
from core.errors import Conflict, Denied, Invalid, NotFound
from events.changed_fields import changes_of, describe_changes
from events.models import Event
from orgs import policies
from orgs.actions.api_keys import NotYourKey
from orgs.actions.notices import notify_about_credential
from orgs.actions.saving import require_names
from orgs.limits import TooManyOAuthApplications, require_below
from orgs.locks import lock_active_account, lock_organization
from orgs.lookups import find_member
from orgs.models import Organization
from orgs.oauth.scopes import known_scopes
from orgs.permissions import MANAGE_MEMBERS

NAME_LENGTH = OAuthApplication._meta.get_field("name").max_length


class OauthApplicationNotFound(NotFound):
    """The application does not exist, or the caller may not see it."""

    message = "There is no such OAuth application."


class NoSecret(Conflict):
    """A public client has no secret to renew."""

    message = "A public client has no secret."


class SecretOfAPerson(Denied):
    """Staff must not get the secret of a personal client, because it gives access to the owner's account."""

    message = "This application acts for its owner. Only the owner can renew its secret."


def visible_applications(by: Principal, organization: Organization | None) -> QuerySet[OAuthApplication]:
    """Return the caller's applications, newest first. If the caller manages members, include those of system users."""
    visible = Q(user=by.user, system_user__isnull=True)
    if organization and policies.caller_permissions(by, organization).permits(MANAGE_MEMBERS):
        visible |= Q(system_user__memberships__organization=organization)
    return OAuthApplication.objects.filter(visible).select_related("system_user").order_by("-id")


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
    """Register a client that acts for people who agree (authorization code with PKCE). Return it with its secret.

    The owner is the caller, who must be a person. Staff can pass another ``owner``. ``scopes`` limits what the client
    can request. Empty ``scopes`` mean no limit. A public client, such as a client in a browser, cannot keep a secret
    confidential, so its secret is empty. Raises ValidationError for redirect URIs that are not allowed, Invalid for
    unknown scopes, and TooManyOAuthApplications.
    """
    owner = _owner(by, owner)
    _require_fewer_applications(owner)
    application = OAuthApplication(
        name=name,
        user=owner,
        client_type=OAuthApplication.CLIENT_PUBLIC if public else OAuthApplication.CLIENT_CONFIDENTIAL,
        authorization_grant_type=OAuthApplication.GRANT_AUTHORIZATION_CODE,
        redirect_uris=_as_stored(redirect_uris),
        allowed_scopes=known_scopes(scopes),
    )
    return application, _save_new(by, application, owner)


@transaction.atomic
def register_personal_client(*, by: Principal, name: str, scopes: Iterable[str] = ()) -> tuple[OAuthApplication, str]:
    """Register a client that acts as the caller, a person, with client credentials. Return it with its secret."""
    owner = policies.require_person(by)
    _require_fewer_applications(owner)
    application = OAuthApplication(
        name=name,
        user=owner,
        acts_for_owner=True,
        allowed_scopes=known_scopes(scopes),
        **_CLIENT_CREDENTIALS,
    )
    return application, _save_new(by, application, owner)


@transaction.atomic
def register_service_client(
    *, by: Principal, organization_id: UUID, membership_id: UUID, name: str, scopes: Iterable[str] = ()
) -> tuple[OAuthApplication, str]:
    """Register a client that acts as a system user with client credentials. Return it with its secret.

    Raises PermissionMissing unless the caller manages members, NotYourKey for a person's membership, and GrantTooWide
    if the system user has more permissions than the caller.
    """
    organization = lock_organization(organization_id, by=by)
    policies.require(by, organization, MANAGE_MEMBERS)
    membership = find_member(organization, membership_id)
    if membership.user.is_person:
        raise NotYourKey
    _require_authority(by, organization, membership.user)
    of_organization = OAuthApplication.objects.filter(system_user__memberships__organization=organization)
    require_below(settings.OAUTH_APPLICATIONS_PER_OWNER, of_organization, TooManyOAuthApplications)
    application = OAuthApplication(
        name=name,
        system_user=membership.user,
        responsible_id=by.responsible_id,
        allowed_scopes=known_scopes(scopes),
        **_CLIENT_CREDENTIALS,
    )
    return application, _save_new(by, application, membership.user, organization)


@transaction.atomic
def update_application(
    *, by: Principal, organization: Organization | None, application_id: UUID, **changes: Any
) -> OAuthApplication:
    """Change a client's ``name``, ``scopes`` or ``redirect_uris``. Only clients that act for people have redirect URIs.

    The client id, the secret and the access that people gave do not change. Tokens and codes are not revoked, because
    each use is checked against the current scopes and redirect URIs. Raises OauthApplicationNotFound, GrantTooWide like
    ``renew_client_secret``, and ValidationError or Invalid like ``register_client``.
    """
    require_names(changes, {"name", "redirect_uris", "scopes"})
    return _change(by, _find_to_change(by, organization, application_id), changes)


@transaction.atomic
def update_any_application(*, by: Principal, application: OAuthApplication, **changes: Any) -> OAuthApplication:
    """Change the ``name`` or ``redirect_uris`` of any client. Staff only.

    Staff may set any redirect URI, because the consent page shows it to each person. Staff may not change the scopes,
    because a personal or service client could then do more without consent.
    """
    policies.require_staff(by)
    require_names(changes, {"name", "redirect_uris"})
    return _change(by, _locked_with_organization(by, application), changes)


@transaction.atomic
def renew_client_secret(
    *, by: Principal, organization: Organization | None, application_id: UUID
) -> tuple[OAuthApplication, str]:
    """Replace a client's secret, revoke all its tokens, and return the client with the new secret.

    Raises OauthApplicationNotFound, NoSecret for a public client, and GrantTooWide if the system user of a service
    client has more permissions than the caller, because the secret gives access to these permissions.
    """
    application = _locked(_find_to_change(by, organization, application_id))
    return application, _renew(by, application)


@transaction.atomic
def renew_any_client_secret(*, by: Principal, application: OAuthApplication) -> str:
    """Renew the secret of any client. Staff only. Raises NoSecret, and SecretOfAPerson for a personal client."""
    policies.require_staff(by)
    if application.acts_for_owner:
        raise SecretOfAPerson
    return _renew(by, _locked_with_organization(by, application))


@transaction.atomic
def stop_acting_for_owner(*, by: Principal, application: OAuthApplication) -> None:
    """Stop a personal client from acting for its owner and revoke its tokens. Staff only. This cannot be undone."""
    policies.require_staff(by)
    locked = _locked(application)
    changed = changes_of(locked, acts_for_owner=False)
    locked.acts_for_owner = False
    locked.save(update_fields=["acts_for_owner", "updated"])
    _end_tokens(locked)
    _record("oauth_application.acting_for_owner_set", by, locked, acts_for_owner=False, **changed)


@transaction.atomic
def delete_application(*, by: Principal, organization: Organization | None, application_id: UUID) -> None:
    """Delete a client and revoke its tokens. Raises OauthApplicationNotFound."""
    _end(by, find_application(by, _lock_if_given(by, organization), application_id))


def find_application(by: Principal, organization: Organization | None, application_id: UUID) -> OAuthApplication:
    """Return an application that the caller may see. Raises OauthApplicationNotFound."""
    application = visible_applications(by, organization).filter(pk=application_id).first()
    if application is None:
        raise OauthApplicationNotFound
    return application


def lock_application(by: Principal, organization: Organization | None, application_id: UUID) -> None:
    """Lock an application that the caller may see, and the organization of the request.

    Raises OauthApplicationNotFound.
    """
    _locked(find_application(by, _lock_if_given(by, organization), application_id))


@transaction.atomic
def end_application(*, by: Principal, application: OAuthApplication) -> None:
    """Delete the application and revoke its tokens. Staff can do this for an application of any owner."""
    policies.require_staff(by)
    _end(by, _locked_with_organization(by, application))


@transaction.atomic
def end_application_tokens(*, by: Principal, application: OAuthApplication) -> None:
    """Revoke all tokens and codes of a client. Staff only, for any client. The client can request new tokens."""
    policies.require_staff(by)
    locked = _locked_with_organization(by, application)
    _end_tokens(locked)
    _record("oauth_application.tokens_ended", by, locked)


def _locked_with_organization(by: Principal, application: OAuthApplication) -> OAuthApplication:
    """Lock the organization of a service client, then the client. For staff, who name no organization."""
    organization_id = _organization_id(application)
    if organization_id is not None:
        lock_organization(organization_id, by=by, archived=True)
    return _locked(application)


def _locked(application: OAuthApplication) -> OAuthApplication:
    rows = OAuthApplication.objects.select_related("system_user").select_for_update(no_key=True, of=("self",))
    locked = rows.filter(pk=application.pk).first()
    if locked is None:
        raise OauthApplicationNotFound
    return locked


def _change(by: Principal, application: OAuthApplication, changes: dict[str, Any]) -> OAuthApplication:
    locked = _locked(application)
    before = _editable(locked)
    locked.name = changes.get("name", locked.name)
    if "redirect_uris" in changes:
        locked.redirect_uris = _as_stored(changes["redirect_uris"])
    if "scopes" in changes:
        locked.allowed_scopes = known_scopes(changes["scopes"])
    _check(locked)
    locked.save(update_fields=["name", "redirect_uris", "allowed_scopes", "updated"])
    changed = describe_changes(before, _editable(locked), of=OAuthApplication)
    _record("oauth_application.updated", by, locked, scopes=locked.allowed_scopes, **changed)
    return locked


def _editable(application: OAuthApplication) -> dict[str, Any]:
    """Return the values that can be edited, by the names that APIs and events use."""
    values = {"name": application.name, "redirect_uris": application.redirect_uris}
    return values | {"scopes": list(application.allowed_scopes)}


def _renew(by: Principal, application: OAuthApplication) -> str:
    if application.client_type == OAuthApplication.CLIENT_PUBLIC:
        raise NoSecret
    secret: str = generate_client_secret()
    changed = changes_of(application, client_secret=secret)  # never the value: it is a text
    application.client_secret = secret
    application.save(update_fields=["client_secret", "updated"])
    _end_tokens(application)
    _record("oauth_application.secret_renewed", by, application, **changed)
    return secret


def _end(by: Principal, application: OAuthApplication) -> None:
    _record("oauth_application.deleted", by, application)
    application.delete()


def _find_to_change(by: Principal, organization: Organization | None, application_id: UUID) -> OAuthApplication:
    """Return an application that the caller may see and change. Raises OauthApplicationNotFound.

    Raises GrantTooWide if the application acts as a system user with more permissions than the caller.
    """
    locked = _lock_if_given(by, organization)
    application = find_application(by, locked, application_id)
    if locked and application.system_user:
        _require_authority(by, locked, application.system_user)
    return application


def _lock_if_given(by: Principal, organization: Organization | None) -> Organization | None:
    """Lock the organization of the request. The one found for reading has permissions from before the lock."""
    return lock_organization(organization.pk, by=by) if organization else None


def _require_authority(by: Principal, locked: Organization, system_user: User) -> None:
    permissions = policies.require(by, locked, MANAGE_MEMBERS)
    membership = policies.find_membership(system_user, locked)
    if membership is None:
        raise OauthApplicationNotFound
    policies.require_authority_over(permissions, membership)


def _owner(by: Principal, named: User | None) -> User:
    """Return the owner of a new client: the caller, or the ``owner`` that staff passed."""
    if named is None:
        return policies.require_person(by)
    policies.require_staff(by)
    if not (named.is_person and named.is_active):
        raise Invalid(fields={"owner": ["Choose a person with an active account."]})
    return named


def _require_fewer_applications(owner: User) -> None:
    """Raise TooManyOAuthApplications if the person owns too many. Locks the account, so that the count is exact."""
    lock_active_account(owner.pk)
    of_owner = OAuthApplication.objects.filter(user=owner, system_user__isnull=True)
    require_below(settings.OAUTH_APPLICATIONS_PER_OWNER, of_owner, TooManyOAuthApplications)


_CLIENT_CREDENTIALS = {
    "client_type": OAuthApplication.CLIENT_CONFIDENTIAL,
    "authorization_grant_type": OAuthApplication.GRANT_CLIENT_CREDENTIALS,
}


def _save_new(
    by: Principal, application: OAuthApplication, owner: User, organization: Organization | None = None
) -> str:
    """Save the application, tell the owner, and return the secret."""
    is_public = application.client_type == OAuthApplication.CLIENT_PUBLIC
    secret = "" if is_public else generate_client_secret()
    application.client_secret = secret
    _check(application)
    application.save()
    _record("oauth_application.registered", by, application, acts_for_owner=application.acts_for_owner)
    purpose = AccountEmail.Purpose.OAUTH_APPLICATION_CREATED
    notify_about_credential(purpose, by=by, organization=organization, user=owner)
    return secret


def _as_stored(redirect_uris: Sequence[str]) -> str:
    """Join the URIs with spaces, as they are stored. Raises ValidationError if a URI contains a space."""
    if any(len(uri.split()) != 1 for uri in redirect_uris):
        raise ValidationError({"redirect_uris": ["URIs must not contain spaces."]})
    return " ".join(redirect_uris)


def _check(application: OAuthApplication) -> None:
    """Raise ValidationError for fields that the model, the toolkit or the kind of application does not allow."""
    if application.redirect_uris and not application.allows_grant_type(OAuthApplication.GRANT_AUTHORIZATION_CODE):
        raise ValidationError({"redirect_uris": ["This kind of application does not have this field."]})
    application.full_clean(
        exclude=("user", "system_user", "responsible"), validate_unique=False, validate_constraints=False
    )


def _end_tokens(application: OAuthApplication) -> None:
    """Revoke a client's tokens and codes, and the access that people gave it. People must then give access again."""
    ApplicationAccess.objects.filter(application=application).delete()
    get_grant_model().objects.filter(application=application).delete()
    get_refresh_token_model().objects.filter(application=application).delete()
    get_access_token_model().objects.filter(application=application).delete()


def _record(kind: str, by: Principal, application: OAuthApplication, **data: object) -> None:
    """Record an event about a client, in the organization of a service client, which the caller has locked."""
    Event.objects.record(kind, by=by, subject=application, organization_id=_organization_id(application), **data)  # type: ignore[arg-type]


def _organization_id(application: OAuthApplication) -> UUID | None:
    """Return the organization of a service client: that of its system user. Other clients have none."""
    if application.system_user is None:
        return None
    return application.system_user.memberships.values_list("organization_id", flat=True).first()
