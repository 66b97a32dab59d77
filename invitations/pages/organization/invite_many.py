"""The page *Invite many people*."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from invitations.bulk.invite_steps import InviteSteps
from orgs import policies
from orgs.pages.organization_page import OrganizationPage


class InviteManyPage(OrganizationPage, InviteSteps):
    """Invite many people to an organization."""

    view = "organization-invite"
    list_template = "organizations/invite_many.html"
    preview_template = "organizations/invite_preview.html"
    result_template = "organizations/invite_result.html"

    def find(self, **kwargs: Any) -> None:
        """Require that the reader manages members. Raises PermissionMissing."""
        policies.require_any_member_management(self.by, self.organization)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Ask for the people, or show the result."""
        return self.ask()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Preview the list, or send the invitations of the preview."""
        return self.take()
