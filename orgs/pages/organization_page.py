"""The bases of an organization's pages. Each page is at ``/organizations/<slug>/…``.

``OrganizationPage`` finds the organization as the API does: other people's organizations are 404. Reads use querysets,
which decide what the reader sees. ``FormPage``, ``ConfirmPage`` and ``ButtonPage`` call one action each. If the action
refuses, they show its error with the HTTP status that the API has for it. A page shows or hides links by
``permissions``; only the action decides what the person may do.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import ResolverMatch, reverse
from django.views import View

from accounts.credentials import signed_in_recently
from accounts.principals import Principal
from accounts.sessions import session_principal
from core.api.errors import Problem, problem_of
from core.errors import Denied, DomainError, NotFound, Unauthenticated
from orgs import policies
from orgs.access import find_organization_by_slug
from orgs.locks import OrganizationNotFound, SecondFactorRequired
from orgs.models import Organization
from orgs.pages.logos import allow_logos
from orgs.pages.navigation import entries_for
from orgs.pages.refusal_texts import Refusal, add_refusal_to, refusal_text
from orgs.policies import EffectivePermissions
from orgs.querysets import archived_organizations_of, current_slug_of


class SignedInPage(LoginRequiredMixin, View):
    """A page for a signed-in person. With ``needs_recent_sign_in``, the person enters the password again first."""

    needs_recent_sign_in = False
    by: Principal

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the caller, then call the method of the view. Unknown rows become the 404 page."""
        principal = session_principal(request)
        if principal is None:
            return self.handle_no_permission()
        self.by = principal
        if self.needs_recent_sign_in and not signed_in_recently(principal):
            return sign_in_again(request)
        try:
            self.prepare(**kwargs)
            return super().dispatch(request, *args, **kwargs)
        except SecondFactorRequired:
            return render(request, "organizations/second_factor_required.html", status=403)
        except NotFound as error:
            raise Http404 from error

    def prepare(self, **kwargs: Any) -> None:
        """Load what every method of the view needs. ``kwargs`` is from the path."""


class OrganizationPage(SignedInPage):
    """A page of one organization.

    ``view`` is the URL name of the page's entry in the navigation. ``permissions`` are those of the reader, to show or
    hide what the reader may do.
    """

    view: ClassVar[str] = ""
    organization: Organization
    permissions: EffectivePermissions

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show what is possible if the organization is archived, or if the reader may not see the page."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except SlugChanged as changed:
            match = cast("ResolverMatch", request.resolver_match)
            return redirect(match.view_name, **kwargs | {"slug": changed.slug})
        except ArchivedForOwner as archived:
            context = {"organization": archived.organization}
            page = render(request, "organizations/archived.html", context, status=200 if is_read(request) else 409)
            return allow_logos(page, [archived.organization])
        except Denied as refusal:
            return self.show("organizations/denied.html", problem_of(refusal).status, text=refusal_text(refusal))

    def prepare(self, **kwargs: Any) -> None:
        """Find the organization and the reader's permissions.

        Raises OrganizationNotFound, ArchivedForOwner and SlugChanged.
        """
        slug = kwargs.pop("slug")
        try:
            self.organization = find_organization_by_slug(self.by, slug)
        except OrganizationNotFound:
            archived = archived_organizations_of(self.by).filter(slug=slug).first()
            if archived is not None:
                raise ArchivedForOwner(archived) from None
            current = current_slug_of(self.by, slug)
            if current is None:
                raise
            raise SlugChanged(current) from None
        self.permissions = policies.caller_permissions(self.by, self.organization)
        self.find(**kwargs)

    def find(self, **kwargs: Any) -> None:
        """Load the row that the page is about. ``kwargs`` is the path without the slug."""

    def address_of(self, view: str, **kwargs: Any) -> str:
        """Return the path of another page of this organization."""
        return reverse(view, kwargs={"slug": self.organization.slug, **kwargs})

    def show(self, template: str, status: int = 200, **context: Any) -> HttpResponse:
        """Render a template that extends ``organizations/base.html``."""
        context |= {
            "organization": self.organization,
            "permissions": self.permissions,
            "navigation": [(entry, self.address_of(entry.view)) for entry in entries_for(self.permissions)],
            "current_view": self.view,
        }
        return allow_logos(render(self.request, template, context, status=status), [self.organization])

    def show_refusal(self, template: str, problem: Problem, **context: Any) -> HttpResponse:
        """Render a template with the status and the headers of the error."""
        return with_headers(self.show(template, problem.status, **context), problem)


class ArchivedForOwner(Exception):
    """The organization is archived, and the reader can restore it."""

    def __init__(self, organization: Organization) -> None:
        super().__init__(organization)
        self.organization = organization


class SlugChanged(Exception):
    """The path has a former slug of the organization."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class FormMixin(SignedInPage):
    """A form that calls one action. The names of its fields are those of the action's arguments.

    Subclasses define ``template``, ``get_form``, ``save`` and ``render``.
    """

    template: ClassVar[str]

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Show the form."""
        return self.respond(self.get_form(None))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Call the action. If the form is not valid or the action refuses, show the form with what is wrong."""
        form = self.get_form(request.POST)
        if not form.is_valid():
            return self.respond(form, Problem(400, "invalid", ""))
        try:
            return self.save(form.cleaned_data)
        except (Unauthenticated, OrganizationNotFound):
            raise
        except (DomainError, ValidationError) as refusal:
            add_refusal_to(form, refusal)
            return self.respond(form, problem_of(refusal))

    def get_form(self, data: Any) -> forms.Form:
        """Return the form, with the submitted data or None."""
        raise NotImplementedError

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Call the action with the cleaned data, and return the redirect to the page that shows the result."""
        raise NotImplementedError

    def respond(self, form: forms.Form, problem: Problem | None = None) -> HttpResponse:
        """Render the page with the form. With a problem, use its status and its headers."""
        raise NotImplementedError


class FormPage(FormMixin, OrganizationPage):
    """A page of an organization with one form. The template gets ``form`` and what ``get_context`` returns."""

    template = "organizations/form.html"

    def get_context(self) -> dict[str, Any]:
        """Return what the template shows in addition to the form."""
        return {}

    def respond(self, form: forms.Form, problem: Problem | None = None) -> HttpResponse:
        """Render the template."""
        context = {**self.get_context(), "form": form}
        if problem is None:
            return self.show(self.template, **context)
        return self.show_refusal(self.template, problem, **context)


class ButtonPage(OrganizationPage):
    """The address of a button: POST calls one action and redirects.

    GET redirects to the page with the button, because the address is in the address bar after an error.
    """

    refused_template: ClassVar[str] = "organizations/refused.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Redirect to the page with the button, and change nothing."""
        return HttpResponseRedirect(self.get_back_address())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Call the action. If it refuses, say why, with the status of the error."""
        try:
            done = self.press()
        except (Unauthenticated, OrganizationNotFound):
            raise
        except (DomainError, ValidationError) as refusal:
            return self.show_refusal(
                self.refused_template, problem_of(refusal), refusal=self.say(refusal), **self.get_context()
            )
        if done:
            messages.success(request, done)
        return HttpResponseRedirect(self.get_next_address())

    def press(self) -> str:
        """Call the action, and return a sentence that says what was done."""
        raise NotImplementedError

    def say(self, refusal: Refusal) -> str:
        """Return what the page says about the error."""
        return refusal_text(refusal) if isinstance(refusal, DomainError) else " ".join(refusal.messages)

    def get_back_address(self) -> str:
        """Return the address of the page with the button."""
        raise NotImplementedError

    def get_next_address(self) -> str:
        """Return the address of the page that shows the result. By default, it is the page with the button."""
        return self.get_back_address()

    def get_context(self) -> dict[str, Any]:
        """Return what the page shows if the action refuses."""
        return {"back_address": self.get_back_address()}


class ConfirmPage(ButtonPage):
    """A button that ends something. GET says what ends and asks; POST calls the action."""

    refused_template = "organizations/confirm.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Ask."""
        return self.show(self.refused_template, **self.get_context())

    def get_context(self) -> dict[str, Any]:
        """Return the question, what ends, and the label of the button."""
        return {
            **super().get_context(),
            "question": self.get_question(),
            "effects": self.get_effects(),
            "button": self.get_button(),
        }

    def get_question(self) -> str:
        """Return the heading: a question."""
        raise NotImplementedError

    def get_effects(self) -> Sequence[str]:
        """Return a sentence for each effect."""
        raise NotImplementedError

    def get_button(self) -> str:
        """Return the label of the button."""
        raise NotImplementedError


def with_headers(page: HttpResponse, problem: Problem) -> HttpResponse:
    """Set the headers of the error, such as `Retry-After`, in the response."""
    for name, value in problem.headers.items():
        page[name] = value
    return page


def is_read(request: HttpRequest) -> bool:
    """Return whether the request changes nothing."""
    return request.method in ("GET", "HEAD", "OPTIONS")


def sign_in_again(request: HttpRequest) -> HttpResponse:
    """Redirect to the page that asks for the password or a code, and then back. A form must then be sent again."""
    return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': request.get_full_path()})}")
