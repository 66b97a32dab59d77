"""The members and the invitations of an organization as CSV files, which *People* links to."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.csv_export import csv_response
from invitations.invitation_export import INVITATION_COLUMNS, exported_invitations
from orgs.member_export import MEMBER_COLUMNS, exported_members
from orgs.pages.organization_page import OrganizationPage


class MembersFile(OrganizationPage):
    """All members."""

    view = "organization-people"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Send the file in chunks."""
        rows = exported_members(self.by, self.organization)
        return csv_response(f"{self.organization.slug}-members.csv", MEMBER_COLUMNS, rows)


class InvitationsFile(OrganizationPage):
    """All invitations that the reader may manage, in every state."""

    view = "organization-people"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Send the file in chunks."""
        rows = exported_invitations(self.by, self.organization)
        return csv_response(f"{self.organization.slug}-invitations.csv", INVITATION_COLUMNS, rows)
