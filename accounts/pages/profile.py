"""The page where a person says what they are called."""

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
from accounts.models import User
from accounts.pages.forms import NameForm
from accounts.principals import Principal
from accounts.sessions import session_principal

PAGE = "account/profile.html"


@method_decorator(never_cache, name="dispatch")
class Profile(LoginRequiredMixin, View):
    """First and last name."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The name as it is."""
        user = cast("User", request.user)
        form = NameForm(initial={"first_name": user.first_name, "last_name": user.last_name})
        return render(request, PAGE, {"form": form})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store it; a name that cannot be taken comes back with what is wrong about it."""
        form = NameForm(request.POST)
        if not form.is_valid():
            return render(request, PAGE, {"form": form}, status=400)
        by = cast("Principal", session_principal(request))  # whoever is signed in is active
        update_profile(by=by, **form.cleaned_data)
        messages.success(request, _("Your name has been saved."))
        return redirect("profile")
