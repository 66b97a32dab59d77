"""Test the audit log in the admin: names with links, filters, and the links to it."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.principals import Method, staff
from core.addresses import parse_address
from events.kinds import METHODS
from events.models import Event
from invitations.actions.inviting import cancel, invite, update_invitation
from invitations.models import Invitation
from orgs.actions.members import change_member_roles
from orgs.actions.organizations import set_seat_limit, update_organization
from orgs.models import Organization, Role
from orgs.permissions import EDITOR_ROLE, MANAGE_BILLING, UNASSIGNED_ROLE, VIEWER_ROLE
from tests.admin.test_admin import address_of
from tests.factories import MembershipFactory, RoleFactory, UserFactory
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db

NOON = "2026-01-02T12:30:00Z"
LOG = "/admin/events/event/"


def invited(by: User, organization: Organization, name: str = "ann") -> Invitation:
    return invite(by=session_of(by), organization_id=organization.pk, email=parse_address(f"{name}@example.com"))


def kinds(client: Client, **parameters: Any) -> list[str]:
    response = client.get(LOG, {name: str(value) for name, value in parameters.items()})
    assert response.status_code == 200
    return [event.kind for event in response.context["cl"].queryset]


def test_the_log_shows_names_with_links(admin_pages: Client, owner: User, organization: Organization):
    invitation = invited(owner, organization)
    page = admin_pages.get(LOG, {"subject": str(invitation.pk)}).content.decode()
    for row in (organization, invitation, owner):
        assert f'<a href="{address_of(row)}">{row}</a>' in page
    of_event = admin_pages.get(address_of(Event.objects.about(invitation).get())).content.decode()
    assert f'<a href="{address_of(owner)}">{owner}</a>' in of_event


def test_a_row_that_is_gone_is_shown_by_its_id(admin_pages: Client, owner: User, organization: Organization):
    invitation = invited(owner, organization)
    Event.objects.filter(subject_id=invitation.pk).update(subject_id="0198c0de-0000-7000-8000-000000000000")
    assert "0198c0de-0000-7000-8000-000000000000" in admin_pages.get(LOG).content.decode()


def test_the_log_shows_which_fields_changed_but_not_their_texts(
    admin_pages: Client, owner: User, organization: Organization
):
    update_organization(by=session_of(owner), organization_id=organization.pk, description="A secret plan")
    page = admin_pages.get(LOG, {"organization": str(organization.pk)}).content.decode()
    assert '<td class="field-changed">description</td>' in page
    assert "A secret plan" not in page
    event = Event.objects.about(organization).latest("id")
    assert "<div>description</div>" in admin_pages.get(address_of(event)).content.decode()


def changed(client: Client, row: Any) -> str:
    """Return the column of changed fields in the newest event about the row."""
    page = client.get(LOG, {"subject": str(row.pk)}).content.decode()
    return page.partition('<td class="field-changed">')[2].partition("</td>")[0]


def test_the_log_shows_old_and_new_values(admin_pages: Client, organization: Organization, staff_member: User):
    set_seat_limit(by=staff(staff_member, "orgs.change_organization"), organization_id=organization.pk, seat_limit=9)
    assert changed(admin_pages, organization) == "seat limit: – → 9"
    event = Event.objects.about(organization).latest("id")
    page = admin_pages.get(address_of(event)).content.decode()
    assert "<div>seat limit: – → 9</div>" in page
    assert page.count("seat limit") == 1  # not in the details again


def test_ids_of_roles_are_shown_as_linked_names(
    admin_pages: Client, owner: User, member: User, organization: Organization
):
    membership = membership_of(member, organization)
    granted: dict[str, Any] = {"role_id": EDITOR_ROLE, "permissions": frozenset({MANAGE_BILLING})}
    change_member_roles(by=session_of(owner), organization_id=organization.pk, membership_id=membership.pk, **granted)
    viewer, editor = (Role.objects.get(pk=key) for key in (VIEWER_ROLE, EDITOR_ROLE))
    assert changed(admin_pages, membership) == (
        f"permissions: – → {MANAGE_BILLING}, "
        f'role: <a href="{address_of(viewer)}">viewer</a> → <a href="{address_of(editor)}">editor</a>'
    )
    page = admin_pages.get(address_of(Event.objects.about(membership).get())).content.decode()
    assert f'<div>user: <a href="{address_of(member)}">{member}</a></div>' in page


def test_times_are_shown_in_the_format_of_the_admin_and_booleans_as_words(
    admin_pages: Client, owner: User, organization: Organization
):
    values: dict[str, Any] = {
        "old": {"archived_at": None, "is_active": True},
        "new": {"archived_at": NOON, "is_active": False},
    }
    Event.objects.record(
        "user.tested", by=session_of(owner), subject=owner, changed=["archived_at", "is_active"], **values
    )
    assert changed(admin_pages, owner) == "archived at: – → Jan. 2, 2026, 12:30 p.m., is active: yes → no"


def test_events_of_older_versions_show_the_names_of_the_fields_and_the_new_values(
    admin_pages: Client, owner: User, organization: Organization
):
    facts: dict[str, Any] = {"changed": ["default_role_id", "name"], "default_role_id": str(EDITOR_ROLE)}
    Event.objects.record("organization.updated", by=session_of(owner), subject=organization, **facts)
    assert changed(admin_pages, organization) == "default role, name"
    page = admin_pages.get(address_of(Event.objects.about(organization).latest("id"))).content.decode()
    editor = Role.objects.get(pk=EDITOR_ROLE)
    assert f'<div>default role: <a href="{address_of(editor)}">editor</a></div>' in page


def test_filters_offer_fixed_values_and_accept_others(admin_pages: Client, owner: User):
    for name in ("user.one", "user.two"):
        Event.objects.record(name, by=session_of(owner), subject=owner)
    page = admin_pages.get(LOG).content.decode()
    assert ["?kind=invitation.created" in page, "?kind=user.one" in page] == [True, False]
    assert kinds(admin_pages, kind="user.one") == ["user.one"]
    assert "?kind=user.one" in admin_pages.get(LOG, {"kind": "user.one"}).content.decode()
    assert kinds(admin_pages, kind="user.one", actor_method="api_key") == []


def test_the_filter_by_method_offers_every_method():
    assert set(METHODS) == {method.value for method in Method}


def test_the_log_is_filtered_by_organization_person_and_object(
    admin_pages: Client, owner: User, admin: User, organization: Organization, other_organization: Organization
):
    invitation = invited(owner, organization)
    cancel(by=session_of(admin), organization_id=organization.pk, invitation_id=invitation.pk)
    assert kinds(admin_pages, subject=invitation.pk) == ["invitation.cancelled", "invitation.created"]
    assert kinds(admin_pages, person=admin.pk) == ["invitation.cancelled"]
    assert kinds(admin_pages, person=admin.pk, organization=other_organization.pk) == []
    assert "invitation.created" in kinds(admin_pages, organization=organization.pk)
    assert admin_pages.get(LOG, {"subject": "nothing"}).status_code == 302


@pytest.mark.parametrize(("name", "parameter"), [("organization", "organization"), ("owner", "person")])
def test_the_pages_of_organizations_and_users_lead_to_their_part_of_the_log(
    admin_pages: Client, owner: User, organization: Organization, name: str, parameter: str
):
    row = {"organization": organization, "owner": owner}[name]
    assert f'href="{address_of(row, "history")}"' in admin_pages.get(address_of(row)).content.decode()
    assert admin_pages.get(address_of(row, "history"))["Location"] == f"{LOG}?{parameter}={row.pk}"


def test_all_other_pages_lead_to_the_events_about_their_row(
    admin_pages: Client, owner: User, organization: Organization
):
    invitation = invited(owner, organization)
    assert admin_pages.get(address_of(invitation, "history"))["Location"] == f"{LOG}?subject={invitation.pk}"
    assert "Audit log" in admin_pages.get(address_of(invitation)).content.decode()


def staff_with_only(*codenames: str) -> Client:
    user = UserFactory.create(staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def test_staff_without_the_permission_see_neither_the_link_nor_the_log(organization: Organization):
    client = staff_with_only("view_organization")
    page = client.get(address_of(organization)).content.decode()
    assert address_of(organization, "history") not in page
    assert client.get(LOG).status_code == 403


def test_staff_see_no_names_from_pages_that_they_may_not_open(owner: User, organization: Organization):
    invitation = invited(owner, organization)
    page = staff_with_only("view_event").get(LOG).content.decode()
    assert str(invitation.pk) in page
    for hidden in (organization.name, "Owner Cast", invitation.email):
        assert hidden not in page


@pytest.mark.parametrize(("name", "parameter"), [("organization", "organization"), ("owner", "person")])
def test_filters_name_only_rows_whose_page_staff_may_open(
    owner: User, organization: Organization, name: str, parameter: str
):
    row = {"organization": organization, "owner": owner}[name]
    shown = staff_with_only("view_event").get(LOG, {parameter: row.pk}).content.decode()
    assert str(row) not in shown
    assert f">{row.pk}</a>" in re.sub(r"\s+", "", shown).replace("<a", " <a")
    client = staff_with_only("view_event", f"view_{row._meta.model_name}")
    assert str(row) in client.get(LOG, {parameter: row.pk}).content.decode()


def test_the_history_of_an_invitation_says_what_changed(admin_pages: Client, owner: User, organization: Organization):
    invitation = invited(owner, organization)
    update_invitation(
        by=session_of(owner), organization_id=organization.pk, invitation_id=invitation.pk, role_id=EDITOR_ROLE
    )
    cancel(by=session_of(owner), organization_id=organization.pk, invitation_id=invitation.pk)
    before, after = (Role.objects.get(pk=key) for key in (UNASSIGNED_ROLE, EDITOR_ROLE))
    page = admin_pages.get(address_of(invitation)).content.decode()
    assert re.findall('<span class="pw-changes">(.*?)</span>', page) == [
        f'role: <a href="{address_of(before)}">unassigned</a> → <a href="{address_of(after)}">editor</a>'
    ]


def test_the_queries_of_the_log_do_not_grow_with_its_rows(admin_pages: Client, owner: User, organization: Organization):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            admin_pages.get(reverse("admin:events_event_changelist"))
        return len(captured)

    invited(owner, organization)
    queries()  # fills Django's cache
    before = queries()
    for number in range(9):
        invited(owner, organization, f"person-{number}")
    assert queries() == before


def test_the_queries_do_not_grow_with_the_members_and_roles_that_events_refer_to(
    admin_pages: Client, owner: User, organization: Organization
):
    def change(role_name: str) -> None:
        membership = MembershipFactory.create(organization=organization)
        role = RoleFactory.create(organization=organization, name=role_name)
        change_member_roles(
            by=session_of(owner), organization_id=organization.pk, membership_id=membership.pk, role_id=role.pk
        )

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            admin_pages.get(LOG)
        return len(captured)

    change("first")
    queries()  # fills Django's cache
    before = queries()
    for number in range(9):
        change(f"role-{number}")
    assert queries() == before
