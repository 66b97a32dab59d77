"""``/oauth-applications``: OAuth clients. Their owners manage them."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import OAuthApplication
from core.api.entity_tags import IF_MATCH, IF_NONE_MATCH, if_unchanged
from core.api.lists import NewestFirstPagination
from core.api.operations import operation
from core.api.serializers import (
    ChoiceField,
    HouseSerializer,
    PlainTextField,
    StrictBooleanField,
    StrictTextField,
    StrictUuidField,
    TimeField,
)
from core.api.text_patterns import WITHOUT_FRAGMENT
from orgs.access import NoActiveOrganization, current_organization
from orgs.api.organization_context import HEADER, HEADERS, HouseViewSet
from orgs.api.serializers import ChangesSerializer
from orgs.models import Organization
from orgs.oauth import applications
from orgs.oauth.scopes import SCOPES

KINDS = ("client", "personal", "service")
# The fields that each kind of application needs and may have, as JSON Schema.
NEEDED_FIELDS = MappingProxyType(
    {
        "if": {"properties": {"kind": {"const": "client"}}},
        "then": {"required": ["redirectUris"], "not": {"required": ["memberId"]}},
        "else": {
            "not": {"anyOf": [{"required": ["redirectUris"]}, {"required": ["public"]}]},
            "if": {"properties": {"kind": {"const": "service"}}},
            "then": {"required": ["memberId"]},
            "else": {"not": {"required": ["memberId"]}},
        },
    }
)


class OAuthApplicationSerializer(HouseSerializer):
    """An OAuth application. Its secret is only shown when it is created or renewed."""

    id = serializers.UUIDField()
    kind = serializers.SerializerMethodField()
    name = serializers.CharField()
    client_id = serializers.CharField()
    public = serializers.SerializerMethodField()
    redirect_uris = serializers.SerializerMethodField()
    scopes = serializers.ListField(source="allowed_scopes", child=serializers.CharField())
    system_user_id = serializers.UUIDField(allow_null=True)
    created_at = TimeField(source="created")
    updated_at = TimeField(source="updated")

    def get_kind(self, application: OAuthApplication) -> str:
        """Return the kind: ``client``, ``personal`` or ``service``."""
        if application.is_personal:
            return "personal"
        return "service" if application.system_user_id else "client"

    def get_public(self, application: OAuthApplication) -> bool:
        """Return whether the application is a public client. A public client has no secret."""
        return application.client_type == OAuthApplication.CLIENT_PUBLIC

    def get_redirect_uris(self, application: OAuthApplication) -> list[str]:
        """Return the redirect URIs as a list."""
        return str(application.redirect_uris).split()


class ShownOnceSerializer(OAuthApplicationSerializer):
    """An OAuth application with its new secret. Store the secret: it is not shown again.

    The secret of a public client is empty.
    """

    client_secret = serializers.CharField(source="shown_secret")


class RedirectUriField(StrictTextField):
    """An http or https URI without a fragment. The action checks the rest."""

    accepted: ClassVar[Mapping[str, Any]] = {"pattern": WITHOUT_FRAGMENT}


class RedirectUrisField(serializers.ListField):
    """At least one redirect URI."""

    child = RedirectUriField(max_length=2048)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=1, **kwargs)


class ScopesField(serializers.ListField):
    """The scopes that an application is limited to. An empty list means no limit."""

    child = ChoiceField(list(SCOPES))


class NewApplicationSerializer(HouseSerializer):
    """A new OAuth application. `client` needs `redirectUris` and can be `public`. `service` needs `memberId`."""

    kind = ChoiceField(KINDS)
    name = PlainTextField(max_length=applications.NAME_LENGTH)
    redirect_uris = RedirectUrisField(required=False)
    public = StrictBooleanField(required=False)
    scopes = ScopesField(required=False)
    member_id = StrictUuidField(required=False)

    accepted = NEEDED_FIELDS
    needed = {"client": "redirect_uris", "personal": None, "service": "member_id"}
    allowed = {"client": {"redirect_uris", "public"}, "personal": set(), "service": {"member_id"}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError for fields that are missing or not allowed for this kind of application."""
        kind = attrs["kind"]
        needed = self.needed[kind]
        if needed is not None and needed not in attrs:
            raise serializers.ValidationError({needed: ["This kind of application requires this field."]})
        refused = attrs.keys() - {"kind", "name", "scopes"} - self.allowed[kind]
        if refused:
            raise serializers.ValidationError(
                {name: ["This kind of application does not have this field."] for name in refused}
            )
        return attrs


class ApplicationChangesSerializer(ChangesSerializer):
    """Changes of an OAuth application. An empty list of scopes means no limit. Only a `client` has redirect URIs."""

    name = PlainTextField(max_length=applications.NAME_LENGTH)
    redirect_uris = RedirectUrisField()
    scopes = ScopesField()


class OAuthApplicationViewSet(HouseViewSet):
    """The caller's OAuth applications. If the caller manages members, also the applications of system users."""

    resource = "oauth_applications"
    tag = "OAuth applications"

    @cached_property
    def organization(self) -> Organization | None:
        """The current organization, or None. A person without an organization can still have applications."""
        try:
            return current_organization(self.caller, self.header[HEADER])
        except NoActiveOrganization:
            return None

    def lock_resource(self) -> None:
        """Lock the application, and the current organization if there is one. Raises OauthApplicationNotFound."""
        applications.lock_application(self.caller, self.organization, self.kwargs["application_id"])
        self.__dict__.pop("organization", None)

    def cursor_context(self) -> str:
        """Return the organization's id, so that a cursor is valid for one organization only."""
        return str(self.organization.pk) if self.organization else ""

    @operation(
        "OAuth applications retrieved successfully",
        response=OAuthApplicationSerializer,
        pagination_class=NewestFirstPagination,
        headers=HEADERS,
        errors=(404,),
    )
    def list(self, request: Request) -> Response:
        """List OAuth applications, newest first."""
        return self.respond_with_page(applications.visible_applications(self.caller, self.organization))

    @operation(
        "OAuth application registered successfully",
        body=NewApplicationSerializer,
        example={"kind": "personal", "name": "Nightly report"},
        response=ShownOnceSerializer,
        headers=HEADERS,
        status=201,
        errors=(404, 409),
    )
    def create(self, request: Request) -> Response:
        """Register an OAuth application.

        A `client` acts for people who agree (authorization code with PKCE). A `personal` application acts for you, and
        a `service` application acts as a system user of the organization (both with client credentials). `scopes`
        limits what the application can request. Only this response contains the secret. You need to have signed in
        recently.
        """
        body = dict(self.body)
        kind = body.pop("kind")
        if kind == "client":
            return self._shown_once(applications.register_client(by=self.caller, **body))
        if kind == "personal":
            return self._shown_once(applications.register_personal_client(by=self.caller, **body))
        organization = self.organization
        if organization is None:
            raise NoActiveOrganization
        registered = applications.register_service_client(
            by=self.caller, organization_id=organization.pk, membership_id=body.pop("member_id"), **body
        )
        return self._shown_once(registered)

    @operation(
        "OAuth application retrieved successfully",
        response=OAuthApplicationSerializer,
        headers={**HEADERS, **IF_NONE_MATCH},
    )
    def retrieve(self, request: Request, application_id: UUID) -> Response:
        """Get an OAuth application."""
        return self.respond(applications.find_application(self.caller, self.organization, application_id))

    @operation(
        "OAuth application updated successfully",
        body=ApplicationChangesSerializer,
        example={"name": "Weekly report", "scopes": ["organizations"]},
        response=OAuthApplicationSerializer,
        headers={**HEADERS, **IF_MATCH},
    )
    @if_unchanged("retrieve")
    def partial_update(self, request: Request, application_id: UUID) -> Response:
        """Change an OAuth application's name, redirect URIs or scopes.

        The client id, the secret and the access that people gave do not change. New `scopes` also limit existing
        tokens. If you remove a redirect URI, codes that were sent to it can no longer be used. You need to have signed
        in recently.
        """
        changed = applications.update_application(
            by=self.caller, organization=self.organization, application_id=application_id, **self.body
        )
        return self.respond(changed)

    @operation(
        "OAuth application secret renewed successfully",
        response=ShownOnceSerializer,
        headers={**HEADERS, **IF_MATCH},
        errors=(409,),
    )
    @if_unchanged("retrieve")
    def renew_secret(self, request: Request, application_id: UUID) -> Response:
        """Renew an OAuth application's secret and revoke all its tokens."""
        renewed = applications.renew_client_secret(
            by=self.caller, organization=self.organization, application_id=application_id
        )
        return self._shown_once(renewed)

    @operation("OAuth application deleted successfully", status=204, headers={**HEADERS, **IF_MATCH})
    @if_unchanged("retrieve")
    def destroy(self, request: Request, application_id: UUID) -> Response:
        """Delete an OAuth application and revoke all its tokens."""
        applications.delete_application(by=self.caller, organization=self.organization, application_id=application_id)
        return self.respond()

    def _shown_once(self, registered: tuple[OAuthApplication, str]) -> Response:
        application, secret = registered
        application.shown_secret = secret
        return self.respond(application)
