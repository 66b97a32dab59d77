"""The profile page: a person's name, and which optional emails the person gets."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.actions.profile import update_profile
from accounts.email.notices import OPTIONAL
from accounts.models import User
from accounts.pages.forms import NameForm, NoticesForm
from accounts.principals import Principal
from accounts.sessions import session_principal

PAGE = "account/profile.html"


@method_decorator(never_cache, name="dispatch")
class Profile(LoginRequiredMixin, View):
    """Show and change the first and last name, and show which optional emails the person gets."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the current name and the optional emails."""
        user = cast("User", request.user)
        form = NameForm(initial={"first_name": user.first_name, "last_name": user.last_name})
        return render(request, PAGE, {"form": form, "notices": NoticesForm.of(user)})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save the name, or show the form's errors."""
        form = NameForm(request.POST)
        if not form.is_valid():
            context = {"form": form, "notices": NoticesForm.of(cast("User", request.user))}
            return render(request, PAGE, context, status=400)
        by = cast("Principal", session_principal(request))  # a signed-in user is active
        update_profile(by=by, **form.cleaned_data)
        messages.success(request, _("Your name has been saved."))
        return redirect("profile")


class Notices(LoginRequiredMixin, View):
    """Choose which optional emails about the account the person gets."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save the choice."""
        by = cast("Principal", session_principal(request))
        wanted = set(request.POST.getlist("wanted"))
        update_profile(by=by, muted_notices=[str(purpose) for purpose in OPTIONAL if purpose not in wanted])
        messages.success(request, _("Your choice of emails has been saved."))
        return redirect("profile")
