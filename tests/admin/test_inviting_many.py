"""Test the pages of the admin that invite many people. Their steps are those of the members' page."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from events.models import Event
from invitations.email.budgets import DAY
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.admin.test_admin import address_of
from tests.factories import UnitFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text

PEOPLE = "Ann Lee <ann@example.com>, bob@example.com; member@example.com\nnobody"
OFFER = {"role_id": str(UNASSIGNED_ROLE), "lifetime_days": "10", "language": "", "message": ""}


def page_of(organization: Organization) -> str:
    return address_of(organization, "do", "invite-many")


def preview(pages: Client, organization: Organization, people: str = PEOPLE, **given: Any) -> Any:
    return pages.post(page_of(organization), {**OFFER, "people": people, **given})


def take(pages: Client, organization: Organization, page: Any, step: str = "send", **chosen: str) -> Any:
    """Press a button of the preview, and return the page after it."""
    [draft] = re.findall(r'name="draft" value="([^"]+)"', page.content.decode())
    return pages.post(page_of(organization), {"draft": draft, "step": step, **chosen}, follow=True)


def verdicts(page: Any) -> dict[str, str]:
    return {row.result.email: row.result.verdict.value for row in page.context["rows"]}


def test_the_preview_shows_the_verdicts_and_invites_nobody(admin_pages: Client, organization: Organization):
    with track_changes() as changes:
        page = preview(admin_pages, organization)

    assert changes.nothing
    assert page.status_code == 200
    assert verdicts(page)["ann@example.com"] == "invited"
    assert verdicts(page)["member@example.com"] == "already_member"
    text = visible_text(page)
    assert {"Will be invited: 2", "Already a member: 1", "Invite 2 people"} <= set(text)


def test_the_people_of_the_preview_are_invited_with_what_was_chosen(admin_pages: Client, organization: Organization):
    design, build = (UnitFactory.create(organization=organization, name=name) for name in ("Design", "Build"))
    units: dict[str, Any] = {"unit_id": design.pk, "unit_role_id": UNIT_EDITOR_ROLE}
    units |= {"unit_id_2": build.pk, "unit_role_id_2": UNIT_VIEWER_ROLE}
    offer: dict[str, Any] = {
        "role_id": str(EDITOR_ROLE),
        "message": "Welcome",
        "language": "de",
        "lifetime_days": "5",
        **units,
    }
    assert 'name="unit_id_2"' in preview(admin_pages, organization, **offer, add_unit="1").content.decode()

    page = take(admin_pages, organization, preview(admin_pages, organization, **offer))

    assert "2 people have been invited" in visible_text(page)
    rows = Invitation.objects.order_by("email", "id")
    assert [(one.email, one.invitee_name, one.unit, one.unit_role_id) for one in rows] == [
        ("ann@example.com", "Ann Lee", design, UNIT_EDITOR_ROLE),
        ("ann@example.com", "Ann Lee", build, UNIT_VIEWER_ROLE),
        ("bob@example.com", "", design, UNIT_EDITOR_ROLE),
        ("bob@example.com", "", build, UNIT_VIEWER_ROLE),
    ]
    assert {
        (one.role_id, one.message, one.language, round((one.expires_at - one.created_at) / DAY), one.inviter_name)
        for one in rows
    } == {(EDITOR_ROLE, "Welcome", "de", 5, "")}
    assert {event.actor_method for event in Event.objects.filter(kind="invitation.created")} == {"staff"}


def test_words_of_a_file_become_roles_by_a_table_that_can_be_changed(admin_pages: Client, organization: Organization):
    table = b"email,name,role,groups\nann@example.com,Ann Lee,Chief,Design\nbob@example.com,,Guest,\n"
    page = preview(admin_pages, organization, "", file=SimpleUploadedFile("people.csv", table))
    assert verdicts(page) == {"ann@example.com": "unknown_role", "bob@example.com": "invited"}
    text = visible_text(page)
    assert {"Groups: Design", "Choose a role for “Chief” above.", "Role for “Chief”:"} <= set(text)
    offered = re.findall(r'<option value="([^"]+)"', page.content.decode())
    assert str(OWNER_ROLE) in offered  # staff may offer every role
    chosen = {"word-0": str(ADMIN_ROLE), "word-1": str(VIEWER_ROLE)}

    again = take(admin_pages, organization, page, **chosen)
    assert "You have changed the roles. Nobody has been invited yet: check the list again." in visible_text(again)
    assert not Invitation.objects.exists()
    take(admin_pages, organization, again, **chosen)

    rows = Invitation.objects.order_by("email").values_list("email", "role_id")
    assert list(rows) == [("ann@example.com", ADMIN_ROLE), ("bob@example.com", VIEWER_ROLE)]


def test_a_reload_and_a_second_press_of_the_button_invite_nobody_again(admin_pages: Client, organization: Organization):
    page = preview(admin_pages, organization, "ann@example.com")
    first = take(admin_pages, organization, page)
    Invitation.objects.all().delete()

    with track_changes() as changes:
        again = take(admin_pages, organization, page)
        reloaded = admin_pages.get(first.redirect_chain[0][0])

    assert changes.nothing
    assert verdicts(again) == verdicts(reloaded) == {"ann@example.com": "invited"}


def test_the_result_can_be_downloaded_and_is_only_for_those_who_sent_it(
    admin_pages: Client, organization: Organization, staff_with_permissions: Any
):
    [(address, _)] = take(admin_pages, organization, preview(admin_pages, organization)).redirect_chain

    lines = b"".join(admin_pages.get(f"{address}&download=1")).decode("utf-8-sig").splitlines()
    assert lines[1:3] == ["1,ann@example.com,Ann Lee,Member,,Invited,,", "1,bob@example.com,,Member,,Invited,,"]
    other = staff_with_permissions("view_organization", "add_invitation").get(address)
    assert other.status_code == 404
    assert "The result is too old. See the page People." in visible_text(other)


def test_what_waits_is_told_in_words(admin_pages: Client, organization: Organization):
    Organization.objects.update(open_invitation_limit=1)
    text = visible_text(preview(admin_pages, organization))
    assert "Will be sent when an open invitation is answered, is withdrawn or expires." in text


@pytest.mark.parametrize("people", ["", "no addresses here"])
def test_what_cannot_be_read_is_refused(admin_pages: Client, organization: Organization, people: str):
    with track_changes() as changes:
        page = preview(admin_pages, organization, people)

    assert changes.nothing
    assert page.status_code == 400
    assert page.context["form"].errors["people"]


def test_the_page_needs_the_permission_to_invite(
    staff_with_permissions: Any, organization: Organization, owner: User, client: Client
):
    client.force_login(owner)
    allowed = staff_with_permissions("view_organization", "add_invitation")
    assert allowed.get(page_of(organization)).status_code == 200
    others = staff_with_permissions("view_organization")
    with track_changes() as changes:
        assert preview(others, organization).status_code == 403
        assert preview(client, organization).status_code == 302
    assert changes.nothing


def test_a_list_that_is_too_large_to_paste_is_refused_on_the_page_with_what_to_do(
    admin_pages: Client, organization: Organization, settings: Settings
):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 40_000
    page = preview(admin_pages, organization, "a" * 50_000)
    assert page.status_code == 413
    html = page.content.decode()
    assert "save it as a file, and choose the file instead." in html
    assert 'type="file" name="file"' in html
