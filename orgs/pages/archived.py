"""Restore an archived organization from the page that its owner sees instead of its pages."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from orgs.actions.organizations import restore_organization
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
