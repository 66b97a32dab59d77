"""Restore or delete an archived organization from the page that its owner sees instead of its pages."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.actions.organizations import purge_organization, restore_organization
from orgs.locks import OrganizationNotFound
from orgs.models import Organization
from orgs.pages.logos import allow_logos
from orgs.pages.organization_page import SignedInPage
from orgs.querysets import archived_organizations_of


class RestoreOrganization(SignedInPage):
    """The button that restores the organization."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponseBase:
        """Redirect to the organization, which shows the button if it is archived."""
        return redirect("organization", slug)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Restore the organization. If it is not archived, redirect to it."""
        archived = archived_organizations_of(self.by).filter(slug=slug).first()
        if archived is not None:
            restore_organization(by=self.by, organization_id=archived.pk)
            messages.success(request, _("%(name)s has been restored.") % {"name": archived.name})
        return redirect("organization", slug)


class DeleteForm(forms.Form):
    """The name of the organization, typed to confirm that it is the right one."""

    name = forms.CharField(label=gettext_lazy("Type the name of the organization"), required=False)

    def __init__(self, organization: Organization, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization

    def clean_name(self) -> str:
        """Return the name. Raises ValidationError for another one."""
        name: str = self.cleaned_data["name"]
        if name != self.organization.name:
            raise forms.ValidationError(_("This isn't the name of the organization."))
        return name


class DeleteOrganization(SignedInPage):
    """Delete an archived organization for good. The owner types its name first."""

    needs_recent_sign_in = True
    organization: Organization

    def prepare(self, **kwargs: Any) -> None:
        """Find the archived organization. Raises OrganizationNotFound unless the person owns it."""
        found = archived_organizations_of(self.by).filter(slug=kwargs["slug"]).first()
        if found is None:
            raise OrganizationNotFound
        self.organization = found

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Ask for the name."""
        return self.show(DeleteForm(self.organization))

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Delete the organization."""
        form = DeleteForm(self.organization, request.POST)
        if not form.is_valid():
            return self.show(form, status=400)
        purge_organization(by=self.by, organization_id=self.organization.pk)
        messages.success(request, _("%(name)s has been deleted.") % {"name": self.organization.name})
        return redirect("home")

    def show(self, form: forms.Form, status: int = 200) -> HttpResponse:
        """Render the page."""
        context = {"organization": self.organization, "form": form}
        page = render(self.request, "organizations/delete.html", context, status=status)
        return allow_logos(page, [self.organization])
