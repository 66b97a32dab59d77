"""Admin of OAuth applications. Staff register, change and delete them through actions.

``orgs.admin`` unregisters the admin page of django-oauth-toolkit and then imports this module.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.admin_buttons import ActionAdmin, Button
from accounts.admin_forms import RowForm
from accounts.models import OAuthApplication, User
from accounts.pages.forms import AddressInputField
from accounts.principals import Principal
from orgs.models import Membership
from orgs.oauth import applications
from orgs.oauth.scopes import SCOPES

CLIENT, PUBLIC, SERVICE = "client", "public", "service"


class RegistrationForm(RowForm):
    """The form to register an application.

    A client that acts for people has an ``owner``. A service client has a ``system_user``. There are no personal
    clients in this form, because only their owners can register them.
    """

    name = forms.CharField(label=_("Name"), max_length=applications.NAME_LENGTH)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[
            (CLIENT, _("Web application: people let it act for them (authorization code with PKCE)")),
            (PUBLIC, _("Browser or mobile app: the same, without a client secret")),
            (SERVICE, _("Service account (client credentials)")),
        ],
    )
    owner = AddressInputField(
        label=_("Owner"), required=False, help_text=_("Email address of the person who owns the application.")
    )
    system_user = forms.UUIDField(
        label=_("Service account"),
        required=False,
        help_text=_("Its user ID. Only for the kind “Service account”."),
    )
    redirect_uris = forms.CharField(
        label=_("Redirect URIs"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Where people return to. One URI per line; it must match exactly. Not for service accounts."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        required=False,
        choices=list(SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The scopes it can ask for. Select none to allow all."),
    )
    use_required_attribute = False

    def clean_owner(self) -> User | None:
        """Return the user with this address."""
        address = self.cleaned_data["owner"]
        owner = User.objects.filter(email=address).first() if address else None
        if address and owner is None:
            raise ValidationError(_("No account has this email address."))
        return owner

    def clean_system_user(self) -> Membership | None:
        """Return the membership of the system user. A system user has at most one membership."""
        user_id = self.cleaned_data["system_user"]
        membership = Membership.objects.filter(user_id=user_id, user__kind=User.Kind.SYSTEM).first()
        if user_id and membership is None:
            raise ValidationError(_("No service account has this ID."))
        return membership

    def clean(self) -> dict[str, Any]:
        """Add an error for each missing field that this kind of application requires."""
        given = super().clean() or self.cleaned_data
        kind = given.get("kind")
        needed = ("system_user",) if kind == SERVICE else ("owner", "redirect_uris")
        for name in needed:
            if name not in self.errors and not given.get(name):
                self.add_error(name, _("This field is required for this kind of application."))
        return given


def register_application(by: Principal, _row: None, given: dict[str, Any]) -> tuple[OAuthApplication, str]:
    """Register the application with the action for its kind, and return it with its secret."""
    common = {"by": by, "name": given["name"], "scopes": given["scopes"]}
    if given["kind"] == SERVICE:
        membership = given["system_user"]
        return applications.register_service_client(
            **common, organization_id=membership.organization_id, membership_id=membership.pk
        )
    return applications.register_client(
        **common,
        owner=given["owner"],
        redirect_uris=given["redirect_uris"].split(),
        public=given["kind"] == PUBLIC,
    )


@admin.register(OAuthApplication)
class OAuthApplicationAdmin(ActionAdmin):
    """OAuth applications."""

    list_display = ("name", "client_id", "authorization_grant_type", "user", "system_user", "acts_for_owner", "created")
    list_filter = ("authorization_grant_type", "client_type", "acts_for_owner", "created")
    search_fields = ("name", "=client_id", "user__email", "system_user__first_name")
    list_select_related = ("user", "system_user")
    view_on_site = False  # the toolkit's page for applications is not in our URLs
    fields = (
        "id", "name", "client_id", "client_type", "authorization_grant_type", "redirect_uris", "allowed_scopes", "user",
        "system_user", "acts_for_owner", "created", "updated",
    )  # fmt: skip
    adds = Button(
        "register",
        _("Register an application"),
        register_application,
        form=RegistrationForm,
        needs="add",
        reveals=True,
    )
    buttons = (
        Button(
            "rename",
            _("Rename"),
            lambda by, a, data: applications.update_any_application(
                by=by, application=a, name=data.get("name", "").strip()
            ),
            field=("name", _("Name"), "text"),
            present=lambda a: a.name,
        ),
        Button(
            "redirect",
            _("Change redirect URIs"),
            lambda by, a, data: applications.update_any_application(
                by=by, application=a, redirect_uris=data.get("redirect_uris", "").split()
            ),
            applies=lambda a: a.allows_grant_type(a.GRANT_AUTHORIZATION_CODE),
            field=("redirect_uris", _("Redirect URIs"), "textarea"),
            present=lambda a: "\n".join(a.redirect_uris.split()),
        ),
        Button(
            "renew-secret",
            _("Renew secret"),
            lambda by, a, _: (a, applications.renew_any_client_secret(by=by, application=a)),
            applies=lambda a: a.client_type == a.CLIENT_CONFIDENTIAL and not a.acts_for_owner,
            reveals=True,
        ),
        Button(
            "stop-acting",
            _("Revoke access to the owner's account"),
            lambda by, a, _: applications.stop_acting_for_owner(by=by, application=a),
            applies=lambda a: a.acts_for_owner,
            ends=lambda a: [_("The application can no longer act for its owner.")],
        ),
        Button(
            "end-tokens",
            _("Revoke all tokens"),
            lambda by, a, _: applications.end_application_tokens(by=by, application=a),
            ends=lambda a: [_("Everybody who uses this application must allow it again or sign in again.")],
        ),
        Button(
            "delete",
            _("Delete application"),
            lambda by, a, _: applications.end_application(by=by, application=a),
            ends=lambda a: [
                _("All tokens of the application end."),
                _("Its client ID and its secret stop working."),
            ],
            grave=True,
            needs="delete",
        ),
    )
