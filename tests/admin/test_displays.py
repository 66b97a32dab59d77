"""Test how the admin shows values: titles, badges, relative times, plain names, and no fields without a value."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from accounts.models import User
from core.admin_display import field_of
from core.admin_labels import LABELS
from invitations.admin_states import EMAIL_KINDS, EMAIL_STATES, INVITATION_STATES
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.admin_states import ACCOUNT_KINDS, LEVELS, UNIT_KINDS
from orgs.models import Organization, Unit
from orgs.permissions import Level
from tests.admin.test_admin import address_of
from tests.factories import EmailFactory, InvitationFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def invitation(organization: Organization) -> Invitation:
    return InvitationFactory.create(organization=organization, email="ann@example.com", expires_in=3 * DAY + HOUR)


def text_of(client: Client, address: str, **parameters: str) -> str:
    return client.get(address, parameters).content.decode()


def test_the_title_of_a_page_names_its_row(admin_pages: Client, invitation: Invitation, organization: Organization):
    email = EmailFactory.create(invitation=invitation)
    owner = MembershipFactory.create(organization=organization, user__first_name="Ann", user__last_name="Lee")
    titles = {
        invitation: f"Invitation to ann@example.com · {organization.name}",
        email: "Email to ann@example.com",
        organization: f"Organization: {organization.name}",
        owner.user: "User: Ann Lee",
        owner: f"Membership: Ann Lee in {organization.name}",
        owner.assignments.get(): f"{owner.assignments.get().role}: Ann Lee · {organization.name}",
    }
    for row, title in titles.items():
        page = text_of(admin_pages, address_of(row))
        assert f"<title>{title} | PerfectWorks</title>" in page
        assert re.findall(r"<h1>(.*?)</h1>", page) == [title]
        assert "View user" not in page


def test_the_title_of_a_list_is_what_it_lists(admin_pages: Client):
    page = text_of(admin_pages, "/admin/orgs/unit/")
    assert "<h1>Workspaces and applications</h1>" in page
    assert "<title>Workspaces and applications | PerfectWorks</title>" in page


def test_the_page_of_a_button_names_the_row_in_its_title(admin_pages: Client, organization: Organization):
    page = text_of(admin_pages, address_of(organization, "do", "archive"))
    assert f"<title>Archive: {organization.name} | PerfectWorks</title>" in page


def test_lists_and_pages_show_states_as_badges_and_times_relative_to_now(admin_pages: Client, invitation: Invitation):
    EmailFactory.create(invitation=invitation, bounced=True)
    for address in ("/admin/invitations/invitation/", address_of(invitation)):
        page = text_of(admin_pages, address)
        assert '<span class="pw-badge pw-waiting">open</span>' in page
        assert '<span class="pw-badge pw-bad">bounced</span>' in page
        assert '<span class="pw-relative">in 3 days</span> <time datetime="' in page


def test_a_list_can_be_sorted_by_a_column_that_is_shown_in_another_way(admin_pages: Client, organization: Organization):
    late, soon = (InvitationFactory.create(organization=organization, expires_in=days * DAY) for days in (9, 2))
    page: Any = admin.site._registry[Invitation]
    column = page.list_display.index("expires_at")
    listed = admin_pages.get("/admin/invitations/invitation/", {"o": str(column)}).context["cl"].result_list
    assert list(listed) == [soon, late]


def test_a_page_hides_the_fields_without_a_value(admin_pages: Client, invitation: Invitation):
    page = text_of(admin_pages, address_of(invitation))
    for shown in ("Expires", "Role", "Inviter"):
        assert f"<dt>{shown}</dt>" in page
    for hidden in ("Ended", "Reason for declining", "Replaced by", "Answered by", "Role there"):
        assert f"<dt>{hidden}</dt>" not in page
    Invitation.objects.filter(pk=invitation.pk).update(
        status="declined", finished_at=timezone.now(), decline_reason="Too busy"
    )
    page = text_of(admin_pages, address_of(invitation))
    assert '<dt>Reason for declining</dt><dd class="readonly">Too busy</dd>' in page
    assert "<dt>Ended</dt>" in page


def test_a_page_shows_no_as_a_value(admin_pages: Client, organization: Organization):
    page = text_of(admin_pages, address_of(organization))
    assert '<dt>Two-factor authentication required</dt><dd class="readonly">no</dd>' in page


@pytest.mark.parametrize(
    ("values", "condition"),
    [
        ({}, '<span class="pw-badge pw-good">active</span>'),
        ({"is_active": False}, '<span class="pw-badge pw-bad">deactivated</span>'),
        ({"is_active": False, "deleted_at": timezone.now()}, '<span class="pw-badge pw-bad">deleted</span>'),
    ],
)
def test_the_list_of_users_shows_and_filters_the_state_of_accounts(admin_pages: Client, values, condition: str):
    user = UserFactory.create(**values)
    state = re.findall(r">(\w+)<", condition)[0]
    listed = admin_pages.get("/admin/accounts/user/", {"state": state})
    assert user in listed.context["cl"].result_list
    assert condition in listed.content.decode()
    assert len({row.condition for row in map(Condition, listed.context["cl"].result_list)}) == 1


class Condition:
    def __init__(self, user: User) -> None:
        page: Any = admin.site._registry[User]
        self.condition = page.condition(user)


def test_a_service_account_has_a_link_in_the_list(admin_pages: Client):
    user = UserFactory.create(system=True)
    page = text_of(admin_pages, "/admin/accounts/user/", kind="system")
    assert re.search(rf'<a href="/admin/accounts/user/{user.pk}/change/[^"]*">–</a>', page)


@pytest.mark.parametrize(
    ("states", "values"),
    [
        (INVITATION_STATES, Invitation.Status.values),
        (EMAIL_STATES, Email.State.values),
        (EMAIL_KINDS, Email.Kind.values),
        (ACCOUNT_KINDS, User.Kind.values),
        (UNIT_KINDS, Unit.Kind.values),
        (LEVELS, list(Level)),
    ],
)
def test_every_state_has_a_label(states, values):
    assert list(states) == [str(value) for value in values]


def test_every_column_has_a_plain_name_also_in_german(admin_pages: Client, staff_member: User):
    request = RequestFactory().get("/")
    request.user = staff_member
    for page in admin.site._registry.values():
        for table in (page, *page.get_inline_instances(request)):
            listed = page.get_list_display(request) if table is page else []
            names = {getattr(name, "__name__", name) for name in (*listed, *table.get_readonly_fields(request))}
            assert {name for name in names if field_of(table.model, name)} - LABELS.keys() == set(), table
    in_english = {name: str(label) for name, label in LABELS.items()}
    with translation.override("de"):
        same = [name for name, label in LABELS.items() if str(label) == in_english[name]]
    assert same == ["id", "message_id"]
