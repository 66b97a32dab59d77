"""The page that lists the browsers in which a person is signed in."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.actions.own_sessions import (
    SessionNotFound,
    end_other_sessions,
    end_session,
    opened_sessions,
    session_rows_of,
)
from accounts.models import User
from accounts.pages.confirming import ask_to_confirm
from accounts.principals import Principal
from accounts.sessions import session_principal
from core.page_lists import page_of


@method_decorator(never_cache, name="dispatch")
class Sessions(LoginRequiredMixin, View):
    """List the person's sessions, this one first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the list."""
        current = cast("Principal", session_principal(request)).session_key  # a signed-in user is active
        user = cast("User", request.user)
        is_other = Case(When(pk=current, then=0), default=1)
        page = page_of(request, session_rows_of(user).order_by(is_other, "-last_seen_at", "session_key"))
        sessions = opened_sessions(user, page.rows)
        has_others = page.has_previous or len(sessions) > 1
        context = {"sessions": sessions, "page": page, "current": current, "has_others": has_others}
        return render(request, "account/sessions.html", context)


class EndSession(LoginRequiredMixin, View):
    """Sign the person out in one other browser."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """End the session that the form names. If it has ended already, only show a message."""
        by = cast("Principal", session_principal(request))
        return ask_to_confirm(by, then="sessions") or self.end(by)

    def end(self, by: Principal) -> HttpResponse:
        """End the session and lead back to the list."""
        try:
            end_session(by=by, key=self.request.POST.get("session", ""))
        except SessionNotFound:
            messages.info(self.request, _("That browser was signed out already."))
        else:
            messages.success(self.request, _("That browser is signed out."))
        return redirect("sessions")


class EndOtherSessions(LoginRequiredMixin, View):
    """Sign the person out everywhere else."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """End all other sessions."""
        by = cast("Principal", session_principal(request))
        return ask_to_confirm(by, then="sessions") or self.end(by)

    def end(self, by: Principal) -> HttpResponse:
        """End the sessions and lead back to the list."""
        try:
            ended = end_other_sessions(by=by)
        except SessionNotFound:
            messages.info(self.request, _("You're not signed in anywhere else."))
            return redirect("sessions")
        words = ngettext(
            "You're signed out in %(count)s other browser.", "You're signed out in %(count)s other browsers.", ended
        )
        messages.success(self.request, words % {"count": ended})
        return redirect("sessions")
