"""How actions on OAuth applications write: lock the row, check its form, end what was issued, record the event."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from accounts.models import ApplicationAccess, OAuthApplication
from accounts.principals import Principal
from events.models import Event


def lock_application(application: OAuthApplication) -> OAuthApplication | None:
    """The application as it is until the transaction ends; None where it has just gone."""
    rows = OAuthApplication.objects.select_related("system_user").select_for_update(no_key=True, of=("self",))
    return rows.filter(pk=application.pk).first()


def as_stored(redirect_uris: Sequence[str]) -> str:
    """The addresses in one column; raises ValidationError for one that would become two."""
    if any(len(uri.split()) != 1 for uri in redirect_uris):
        raise ValidationError({"redirect_uris": ["An address holds no blanks."]})
    return " ".join(redirect_uris)


def check(application: OAuthApplication) -> None:
    """Raise ValidationError, by field, for what breaks a rule of the columns, of the toolkit or of the kind."""
    if application.redirect_uris and not application.allows_grant_type(OAuthApplication.GRANT_AUTHORIZATION_CODE):
        raise ValidationError({"redirect_uris": ["This kind does not have it."]})
    application.full_clean(exclude=("user", "system_user"), validate_unique=False, validate_constraints=False)


def end_tokens(application: OAuthApplication) -> None:
    """Revoke whatever was issued to a client, unused codes included; people have to let it in anew."""
    ApplicationAccess.objects.filter(application=application).delete()
    get_grant_model().objects.filter(application=application).delete()
    get_refresh_token_model().objects.filter(application=application).delete()
    get_access_token_model().objects.filter(application=application).delete()


def record_application_event(kind: str, by: Principal, application: OAuthApplication, **data: object) -> None:
    """The event of a client; a service client's belongs to the organization of its system user."""
    organization_id = None
    if application.system_user is not None:
        organization_id = application.system_user.memberships.values_list("organization_id", flat=True).first()
    Event.objects.record(kind, by=by, subject=application, organization_id=organization_id, **data)
