"""The page of the admin that invites many people to an organization. Its steps are those of the page for members."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.admin_buttons import ActionAdmin, Button
from invitations.bulk.invite_steps import InviteSteps
from orgs import policies
from orgs.models import Organization


class AdminInviteSteps(InviteSteps):
    """Invite many people as a staff member."""

    list_template = "admin/invite_many.html"
    preview_template = "admin/invite_preview.html"
    result_template = "admin/invite_result.html"

    def __init__(self, admin: ActionAdmin, request: HttpRequest, button: Button, organization: Organization) -> None:
        self.admin, self.request, self.button, self.organization = admin, request, button, organization
        self.by = admin.principal_for(request, button)
        self.permissions = policies.caller_permissions(self.by, organization)

    def show(self, template: str, status: int = 200, **context: Any) -> HttpResponse:
        """Render a page of the admin about the organization."""
        shown = {"title": self.button.label, "original": self.organization, "button": self.button, **context}
        return self.admin.show_about_row(self.request, template, status, **shown)


def invite_many_page(
    admin: ActionAdmin, request: HttpRequest, button: Button, organization: Organization
) -> HttpResponseBase:
    """Ask for the people (GET), or preview and send (POST)."""
    steps = AdminInviteSteps(admin, request, button, organization)
    return steps.take() if request.method == "POST" else steps.ask()
