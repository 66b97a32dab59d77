"""The pages of OAuth applications: list, register, change, renew the secret, delete.

As in the API, they are the reader's own applications and, for people who manage members, those of service accounts. A
secret is only in the response that creates it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OAuthApplication
from accounts.pages.applications import scope_labels
from core.page_lists import page_of
from orgs.oauth import applications
from orgs.pages.fields import system_members_of
from orgs.pages.oauth_application_forms import CLIENT, NEW_FORMS, PERSONAL, SERVICE, ClientForm, OAuthApplicationForm
from orgs.pages.organization_page import ConfirmPage, FormPage, OrganizationPage
from orgs.permissions import MANAGE_MEMBERS

VIEW = "organization-oauth-applications"
KIND_LABELS = {
    CLIENT: gettext_lazy("Acts for people who agree"),
    PERSONAL: gettext_lazy("Acts as you"),
    SERVICE: gettext_lazy("Acts as a service account"),
}


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Say in plain words what is wrong with redirect URIs. The messages of the action are for APIs."""
    try:
        yield
    except ValidationError as error:
        if "redirect_uris" not in error.message_dict:
            raise
        rule = _("Use whole addresses that begin with https or http, without spaces and without a part after #.")
        raise ValidationError({"redirect_uris": [rule]}) from error


def kind_of(application: OAuthApplication) -> str:
    """Return the kind: ``client``, ``personal`` or ``service``."""
    if application.is_personal:
        return PERSONAL
    return SERVICE if application.system_user_id else CLIENT


class OAuthApplicationsPage(OrganizationPage):
    """The applications that the reader may see."""

    view = VIEW

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the applications, newest first."""
        page = page_of(request, applications.visible_applications(self.by, self.organization))
        may_manage = self.permissions.permits(MANAGE_MEMBERS)
        new = [(kind, label) for kind, label in KIND_LABELS.items() if kind != SERVICE or may_manage]
        rows = [
            (one, KIND_LABELS[kind_of(one)], scope_labels(one.allowed_scopes), str(one.redirect_uris).split())
            for one in page.rows
        ]
        return self.show(
            "organizations/oauth_applications.html",
            page=page,
            rows=rows,
            new=new,
            may_manage=may_manage,
            public=OAuthApplication.CLIENT_PUBLIC,
        )


class SecretMixin(OrganizationPage):
    """A page whose POST shows a secret."""

    def show_secret(self, registered: tuple[OAuthApplication, str], title: str) -> HttpResponse:
        """Show the client id and the secret. This response is the only place that has the secret."""
        application, secret = registered
        values = [(_("Client ID"), application.client_id), (_("Client secret"), secret)]
        return self.show(
            "organizations/secret.html",
            title=title % {"name": application.name},
            values=values if secret else values[:1],
            has_secret=bool(secret),
            hint="" if secret else _("It has no secret, because it can't keep one."),
            back_address=self.address_of(VIEW),
        )


class NewOAuthApplicationPage(SecretMixin, FormPage):
    """Register an application. Its kind is part of the path, because it decides what the form asks for."""

    view = VIEW
    needs_recent_sign_in = True
    kind: str

    def find(self, **kwargs: Any) -> None:
        """Take the kind from the path. Raises OauthApplicationNotFound for another word."""
        if kwargs["kind"] not in NEW_FORMS:
            raise applications.OauthApplicationNotFound
        self.kind = kwargs["kind"]

    def get_form(self, data: Any) -> forms.Form:
        """Return the form of the kind."""
        form = NEW_FORMS[self.kind](data)
        if self.kind == SERVICE and self.permissions.permits(MANAGE_MEMBERS):
            form.fields["membership_id"].queryset = system_members_of(self.organization)  # type: ignore[attr-defined]
        return form

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        intros = {
            CLIENT: _("People allow it on a page of this service, and can take the access back."),
            PERSONAL: _("It belongs to you. Anyone who has its secret can act as you."),
            SERVICE: _("It belongs to the organization. Anyone who has its secret can act as the service account."),
        }
        titles = {
            CLIENT: _("Register an application that acts for people who agree"),
            PERSONAL: _("Register an application that acts as you"),
            SERVICE: _("Register an application that acts as a service account"),
        }
        return {
            "title": titles[self.kind],
            "intro": intros[self.kind],
            "button": _("Register"),
            "back_address": self.address_of(VIEW),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Register the application, and show its secret."""
        if self.kind == CLIENT:
            with in_plain_words():
                registered = applications.register_client(by=self.by, **given)
        elif self.kind == PERSONAL:
            registered = applications.register_personal_client(by=self.by, **given)
        else:
            registered = applications.register_service_client(by=self.by, organization_id=self.organization.pk, **given)
        return self.show_secret(registered, _("The application %(name)s has been registered"))


class OfOAuthApplication(OrganizationPage):
    """A page about one application that the reader may see."""

    view = VIEW
    application: OAuthApplication

    def find(self, **kwargs: Any) -> None:
        """Find the application. Raises OauthApplicationNotFound."""
        self.application = applications.find_application(self.by, self.organization, kwargs["application_id"])

    @property
    def target(self) -> dict[str, Any]:
        """The arguments that each action on it takes."""
        return {"by": self.by, "organization": self.organization, "application_id": self.application.pk}

    def get_back_address(self) -> str:
        """Return the list."""
        return self.address_of(VIEW)


class ChangeOAuthApplicationPage(OfOAuthApplication, FormPage):
    """Change the name, the redirect URIs and the scopes."""

    needs_recent_sign_in = True

    def get_form(self, data: Any) -> forms.Form:
        """Return the form with the current values."""
        initial = {"name": self.application.name, "scopes": self.application.allowed_scopes}
        if kind_of(self.application) != CLIENT:
            return OAuthApplicationForm(data, initial=initial)
        return ClientForm(data, initial=initial | {"redirect_uris": self.application.redirect_uris.replace(" ", "\n")})

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        return {
            "title": _("Change the application %(name)s") % {"name": self.application.name},
            "intro": _("The secret, and the access that people gave, stay the same."),
            "button": _("Save"),
            "back_address": self.get_back_address(),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Save the changes."""
        with in_plain_words():
            applications.update_application(**self.target, **given)
        messages.success(self.request, _("Your changes have been saved."))
        return redirect(self.get_back_address())


class RenewSecretPage(OfOAuthApplication, SecretMixin, ConfirmPage):
    """Ask, then replace the secret and show the new one."""

    needs_recent_sign_in = True
    renewed: tuple[OAuthApplication, str] | None = None

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Show the new secret in this response, or why there is none."""
        response = super().post(request, **kwargs)
        return response if self.renewed is None else self.show_secret(self.renewed, _("%(name)s has a new secret"))

    def press(self) -> str:
        """Renew the secret."""
        self.renewed = applications.renew_client_secret(**self.target)
        return ""

    def get_question(self) -> str:
        """Return the question."""
        return _("Renew the secret of %(name)s?") % {"name": self.application.name}

    def get_effects(self) -> Sequence[str]:
        """Return what ends."""
        effects = [_("The present secret and all tokens stop working, at once.")]
        if kind_of(self.application) == CLIENT:
            effects.append(_("People must allow it again to act for them."))
        return effects

    def get_button(self) -> str:
        """Return the label."""
        return _("Renew the secret")


class DeleteOAuthApplicationPage(OfOAuthApplication, ConfirmPage):
    """Ask, then delete it."""

    def press(self) -> str:
        """Delete it."""
        applications.delete_application(**self.target)
        return _("The application %(name)s has been deleted.") % {"name": self.application.name}

    def get_question(self) -> str:
        """Return the question."""
        return _("Delete the application %(name)s?") % {"name": self.application.name}

    def get_effects(self) -> Sequence[str]:
        """Return what ends."""
        return [_("Its secret and all its tokens stop working, at once."), _("This can't be undone.")]

    def get_button(self) -> str:
        """Return the label."""
        return _("Delete")
