"""Test the page of the admin that invites many people to an organization."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE, UNASSIGNED_ROLE
from tests.admin.test_admin import address_of
from tests.support.changes import track_changes
from tests.support.pages import visible_text

PEOPLE = "Ann Lee <ann@example.com>, bob@example.com; member@example.com\nnobody"


def invites(pages: Client, organization: Organization, **form: Any) -> Any:
    return pages.post(address_of(organization, "do", "invite-many"), {"role_id": str(UNASSIGNED_ROLE), **form})


def verdicts(page: Any) -> dict[str, str]:
    return {result.email: result.verdict.value for result in page.context["report"].results}


def test_a_check_shows_the_verdicts_and_invites_nobody(admin_pages: Client, organization: Organization):
    with track_changes() as changes:
        page = invites(admin_pages, organization, text=PEOPLE, dry_run="on")

    assert changes.nothing
    assert page.status_code == 200
    assert verdicts(page)["ann@example.com"] == "invited"
    assert verdicts(page)["member@example.com"] == "already_member"
    text = visible_text(page)
    assert "Nobody was invited yet" in text
    assert {"Invited: 2", "Already a member: 1"} <= set(text)


def test_the_rows_that_can_be_invited_are_invited_with_the_chosen_role(admin_pages: Client, organization: Organization):
    page = invites(admin_pages, organization, text=PEOPLE, role_id=str(EDITOR_ROLE))

    assert "Result" in visible_text(page)
    rows = Invitation.objects.order_by("id").values_list("email", "role_id", "invitee_name", "inviter_name")
    assert list(rows) == [("ann@example.com", EDITOR_ROLE, "Ann Lee", ""), ("bob@example.com", EDITOR_ROLE, "", "")]


def test_a_file_can_be_uploaded(admin_pages: Client, organization: Organization):
    file = SimpleUploadedFile("people.csv", b"email,name\nann@example.com,Ann Lee\n", content_type="text/csv")
    assert verdicts(invites(admin_pages, organization, file=file)) == {"ann@example.com": "invited"}
    assert Invitation.objects.get().invitee_name == "Ann Lee"


def test_what_the_invitations_do_not_contain_is_shown(admin_pages: Client, organization: Organization):
    page = invites(admin_pages, organization, text="email,groups\nann@example.com,Design", dry_run="on")
    assert "Groups: Design" in visible_text(page)


@pytest.mark.parametrize("text", ["", "no addresses here"])
def test_what_cannot_be_read_is_refused(admin_pages: Client, organization: Organization, text: str):
    with track_changes() as changes:
        page = invites(admin_pages, organization, text=text)

    assert changes.nothing
    assert page.context["form"].non_field_errors()


def test_the_page_needs_the_permission_to_invite(staff_with_permissions: Any, organization: Organization):
    allowed = staff_with_permissions("view_organization", "add_invitation")
    assert allowed.get(address_of(organization, "do", "invite-many")).status_code == 200
    others = staff_with_permissions("view_organization")
    with track_changes() as changes:
        assert invites(others, organization, text=PEOPLE).status_code == 403
    assert changes.nothing
