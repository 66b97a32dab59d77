"""The pages *Your data* and *Delete your account*.

They are in this package because what ends with an account is decided by ``orgs.actions.accounts``.
"""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.pages.confirming import ask_to_confirm
from core.api.errors import problem_of
from core.deadlines import request_clock
from core.errors import DomainError, Unauthenticated
from core.personal_data import export_person
from orgs.access import memberships_of
from orgs.actions.accounts import delete_account, organizations_owned_alone, purge_account
from orgs.pages.organization_page import SignedInPage
from orgs.pages.refusal_texts import refusal_text
from orgs.policies import require_person

FILE_NAME = "my-data.json"
ACTIONS = {"close": delete_account, "for-good": purge_account}


@method_decorator(never_cache, name="dispatch")
class YourData(SignedInPage):
    """The page that offers the download and the deletion."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the page, with the organizations that the person can leave."""
        memberships = memberships_of(require_person(self.by))
        return render(request, "account/your_data.html", {"memberships": memberships})


class DownloadYourData(SignedInPage):
    """Everything about the person, as a file."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Send the file, or ask for the password and lead back to the page with the button."""
        return ask_to_confirm(self.by, then="your-data") or self.respond()

    def respond(self) -> HttpResponseBase:
        """Send the file. It may take longer than a request may otherwise take."""
        request_clock.end_deadline()
        pieces = export_person(require_person(self.by))
        headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(pieces, content_type="application/json", headers=headers)


@method_decorator(never_cache, name="dispatch")
class DeleteYourAccount(SignedInPage):
    """Close the account or delete it for good. The page says what each does, and what prevents it."""

    needs_recent_sign_in = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask, or name the organizations that need another owner first."""
        return self.show()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Call the action, sign the person out and say goodbye. If the action refuses, say why."""
        action = ACTIONS.get(request.POST.get("how", ""))
        if action is None:
            return self.show(400)
        try:
            action(by=self.by, user=require_person(self.by))
        except Unauthenticated:
            raise
        except DomainError as refusal:
            return self.show(problem_of(refusal).status, refusal=refusal_text(refusal))
        if action is purge_account:
            messages.success(request, _("Your name and your email addresses have been erased."))
        logout(request)
        return redirect("goodbye")

    def show(self, status: int = 200, **context: str) -> HttpResponse:
        """Render the page."""
        blocking = organizations_owned_alone(require_person(self.by))
        context_of_page = {**context, "blocking": blocking}
        return render(self.request, "account/delete.html", context_of_page, status=status)


class Goodbye(View):
    """The page after the end of an account."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the page. Lead people who are signed in to their account."""
        return redirect("profile") if request.user.is_authenticated else render(request, "account/goodbye.html")
