"""Create an organization."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.forms import PlainTextFormField
from accounts.sessions import request_session_rotation
from core.api.errors import Problem
from core.text import IN_PLAIN_WORDS, validate_plain_text
from orgs.actions.organizations import create_organization
from orgs.models import Organization
from orgs.pages.organization_page import FormMixin, with_headers


class NewOrganizationForm(forms.Form):
    """The name. Everything else can be set later."""

    name = PlainTextFormField(
        label=gettext_lazy("Name"),
        max_length=Organization._meta.get_field("name").max_length,
        validators=[validate_plain_text],
        error_messages=IN_PLAIN_WORDS,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        help_text=gettext_lazy("The people you invite see it. You can change it later."),
    )


class NewOrganization(FormMixin):
    """The page that creates an organization. The person becomes its owner."""

    def get_form(self, data: Any) -> forms.Form:
        """Return the form."""
        return NewOrganizationForm(data)

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Create the organization, and lead to its pages. The next page rotates the session key."""
        organization = create_organization(by=self.by, **given)
        request_session_rotation(self.request, self.by)
        messages.success(self.request, _("%(name)s has been created. You are its owner.") % {"name": organization.name})
        return redirect("organization", organization.slug)

    def respond(self, form: forms.Form, problem: Problem | None = None) -> HttpResponse:
        """Render the page."""
        status = problem.status if problem else 200
        page = render(self.request, "organizations/new.html", {"form": form}, status=status)
        return with_headers(page, problem) if problem else page
