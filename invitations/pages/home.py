"""The home page: what visitors can do, or the person's organizations and invitations."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from accounts.principals import Principal
from accounts.sessions import session_principal
from core.page_lists import page_of
from invitations.models import Invitation
from orgs.access import memberships_of
from orgs.pages.logos import allow_logos
from orgs.querysets import archived_organizations_of

SHOWN_INVITATIONS = 5
SHOWN_ARCHIVED = 20


class Home(View):
    """The home page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Greet visitors. Show signed-in people their organizations and their newest invitations."""
        if not request.user.is_authenticated:
            return render(request, "home.html")
        user = request.user
        by = cast("Principal", session_principal(request))  # a signed-in user is active
        page = page_of(request, memberships_of(user))
        newest = Invitation.objects.addressed_to(user).open().with_details().newest_first()
        found = list(newest[: SHOWN_INVITATIONS + 1])
        invitations = found[:SHOWN_INVITATIONS]
        archived = list(archived_organizations_of(by).order_by("name", "id")[:SHOWN_ARCHIVED])
        context = {
            "page": page,
            "invitations": invitations,
            "has_more_invitations": len(found) > SHOWN_INVITATIONS,
            "archived": archived,
        }
        shown = [row.organization for row in (*page.rows, *invitations)]
        return allow_logos(render(request, "home_signed_in.html", context), [*shown, *archived])
