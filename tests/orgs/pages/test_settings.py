"""Test the pages Settings, Archive and Delete."""

import time

import pytest

from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE, OWNER_ROLE
from tests.factories import FormerSlugFactory
from tests.support.pages import visible_text

PAGE = "/organizations/riverside/settings"
GIVEN = {
    "name": "Lakeside",
    "slug": "lakeside",
    "description": "We sail.\r\nAnd row.",
    "logo_url": "https://lakeside.example.com/logo.png",
    "website": "https://lakeside.example.com/",
    "language": "de",
    "default_role_id": str(EDITOR_ROLE),
    "continue_url": "https://app.lakeside.example.com/",
    "reply_to": "Hello@Lakeside.example.com",
    "email_footer": "Lakeside\r\nLake Street 1",
}


def sign_in_now(client, user):
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def test_an_admin_changes_all_settings(client, admin, organization):
    client.force_login(admin)

    page = client.post(PAGE, GIVEN, follow=True)

    assert page.redirect_chain == [("/organizations/lakeside/settings", 302)]
    assert "Your changes have been saved." in visible_text(page)
    row = Organization.objects.values(*GIVEN, "replies_go_to_inviter", "second_factor_required").get()
    assert row == GIVEN | {
        "description": "We sail.\nAnd row.",
        "default_role_id": EDITOR_ROLE,
        "reply_to": "hello@lakeside.example.com",
        "email_footer": "Lakeside\nLake Street 1",
        "replies_go_to_inviter": False,
        "second_factor_required": False,
    }


def test_the_form_shows_the_current_values(client, admin, organization):
    client.force_login(admin)
    client.post(PAGE, GIVEN | {"slug": "riverside", "replies_go_to_inviter": "on"})

    html = client.get(PAGE).content.decode()

    for shown in (
        "Lakeside",
        "lake street 1".title(),
        "hello@lakeside.example.com",
        "https://app.lakeside.example.com/",
    ):
        assert shown in html
    assert f'value="{EDITOR_ROLE}" selected' in html
    assert str(OWNER_ROLE) not in html


def test_each_setting_is_below_a_heading(client, admin, organization):
    client.force_login(admin)

    lines = visible_text(client.get(PAGE))

    headings = {"Profile", "New members", "Emails and pages of invitations", "Security"}
    labels = {
        "Name",
        "Role that new people get",
        "Language of emails and pages",
        "Members need two-factor authentication",
    }
    assert [line for line in lines if line in headings | labels] == [
        "Profile",
        "Name",
        "New members",
        "Role that new people get",
        "Emails and pages of invitations",
        "Language of emails and pages",
        "Security",
        "Members need two-factor authentication",
    ]
    assert lines.count("Member") == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "This field is required."),
        ("name", "No\u202eeY", "This text has a character that can't be displayed."),
        ("slug", "Lake Side", "Use 3 to 128 lower-case letters, digits and hyphens"),
        ("website", "javascript:alert(1)", "Enter a valid URL."),
        ("continue_url", "ftp://example.com/", "Enter a valid URL."),
        ("reply_to", "nobody", "Enter a valid email address."),
        ("email_footer", "x" * 501, "at most 500 characters"),
        ("language", "xx", "Select a valid choice."),
        ("default_role_id", str(OWNER_ROLE), "Select a valid choice."),
    ],
)
def test_a_value_that_is_not_valid_is_refused_at_its_field(client, admin, organization, field, value, said):
    client.force_login(admin)

    page = client.post(PAGE, GIVEN | {field: value})

    assert page.status_code == 400
    assert field in page.context["form"].errors
    assert any(said in line for line in visible_text(page))
    assert Organization.objects.get().name == "Riverside"


def test_a_member_sees_the_profile_and_changes_nothing(client, member, organization):
    client.force_login(member)

    assert visible_text(client.get(PAGE))[-5:] == [
        "Only admins can change the settings.",
        "Name",
        "Riverside",
        "Name in URLs",
        "riverside",
    ]
    assert client.post(PAGE, GIVEN).status_code == 403
    assert Organization.objects.get().name == "Riverside"


def test_pages_at_a_former_slug_lead_to_the_current_one(client, admin, stranger, organization):
    client.force_login(admin)
    client.post(PAGE, GIVEN)

    assert client.get(PAGE)["Location"] == "/organizations/lakeside/settings"

    client.force_login(stranger)
    assert client.get(PAGE).status_code == 404


def test_a_former_slug_that_another_organization_has_leads_there(client, owner, organization, other_organization):
    FormerSlugFactory.create(slug="riverside", organization=other_organization)
    client.force_login(owner)

    assert client.get(PAGE).status_code == 200


def test_the_owner_archives_and_deletes(client, owner, organization):
    sign_in_now(client, owner)
    assert "Archive the organization" in visible_text(client.get(PAGE))

    assert visible_text(client.get("/organizations/riverside/archive"))[-5:] == [
        "Archive Riverside?",
        "Members can't open it, and nobody can accept an invitation to it.",
        "Nothing is deleted. You can restore it, or delete it for good.",
        "Archive",
        "Cancel",
    ]
    page = client.post("/organizations/riverside/archive", follow=True)
    assert visible_text(page)[0] == "Riverside has been archived."
    assert Organization.objects.get().is_archived

    delete = "/organizations/riverside/delete"
    assert visible_text(client.get(delete))[0] == "Delete Riverside for good?"
    refused = client.post(delete, {"name": "Riversid"})
    assert refused.status_code == 400
    assert "This isn't the name of the organization." in visible_text(refused)
    page = client.post(delete, {"name": "Riverside"}, follow=True)
    assert page.redirect_chain == [("/", 302)]
    assert not Organization.objects.exists()


@pytest.mark.parametrize("name", ["admin", "stranger"])
def test_others_neither_archive_nor_delete(client, organization, request, name):
    sign_in_now(client, request.getfixturevalue(name))

    assert client.post("/organizations/riverside/archive").status_code == (403 if name == "admin" else 404)
    Organization.objects.update(deleted_at="2025-06-01T14:05:00Z")
    assert client.post("/organizations/riverside/delete", {"name": "Riverside"}).status_code == 404
    assert Organization.objects.exists()


def test_an_organization_that_is_not_archived_is_not_deleted(client, owner, organization):
    sign_in_now(client, owner)

    assert client.post("/organizations/riverside/delete", {"name": "Riverside"}).status_code == 404
    assert Organization.objects.exists()


def test_deleting_needs_a_recent_sign_in(client, owner, organization):
    Organization.objects.update(deleted_at="2025-06-01T14:05:00Z")
    client.force_login(owner)

    response = client.post("/organizations/riverside/delete", {"name": "Riverside"})

    assert response["Location"] == "/accounts/reauthenticate/?next=%2Forganizations%2Friverside%2Fdelete"
    assert Organization.objects.exists()
