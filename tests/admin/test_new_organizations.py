"""Test that staff create an organization. Its owner becomes a member by accepting an invitation."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.principals import Principal
from accounts.principals import staff as principal_of_staff
from core.addresses import normalize_address
from invitations.actions.answering import accept
from invitations.actions.founding import create_organization_for_owner
from invitations.models import Invitation
from orgs.actions.organizations import create_organization
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE
from orgs.policies import PermissionMissing
from tests.admin.test_admin import address_of
from tests.factories import OrganizationFactory
from tests.support.changes import event, track_changes
from tests.support.people import role_id_of, session_of

PAGE = "/admin/orgs/organization/add/"
FORM = {"name": "Hillside", "email": "Ann Lee <Invitee@Example.com>"}


def test_staff_create_an_organization_and_invite_its_owner(admin_pages: Client, staff_member: User):
    with track_changes() as changes:
        response = admin_pages.post(PAGE, FORM | {"slug": "on-the-hill", "language": "de"})

    made, invitation = Organization.objects.get(), Invitation.objects.get()
    assert (response.status_code, response["Location"]) == (302, address_of(made))
    assert (made.name, made.slug, made.language, made.memberships.count()) == ("Hillside", "on-the-hill", "de", 0)
    assert (invitation.email, invitation.role_id, invitation.is_from_staff) == ("invitee@example.com", OWNER_ROLE, True)
    assert invitation.effective_language == "de"
    assert changes.tables == {
        "orgs.Organization": (1, 0, 0),
        "invitations.Invitation": (1, 0, 0),
        "invitations.Email": (1, 0, 0),
    }
    by = principal_of_staff(staff_member, "orgs.add_organization")
    assert changes.events == [
        event("organization.created", made, by, made),
        event(
            "invitation.created",
            invitation,
            by,
            made,
            lifetime_days=10,
            role_id=OWNER_ROLE,
            permissions=[],
            unit_id=None,
            unit_role_id=None,
        ),
    ]


def test_a_slug_is_made_from_the_name(admin_pages: Client):
    admin_pages.post(PAGE, FORM)

    assert Organization.objects.get().slug == "hillside"


def test_the_owner_is_a_member_after_accepting_and_the_permission_to_create_is_enough(
    staff_with_permissions: Callable[..., Client], invitee: User
):
    pages = staff_with_permissions("add_organization")
    assert pages.post(PAGE, FORM)["Location"] == "/admin/"
    made = Organization.objects.get()

    accept(by=session_of(invitee), invitation_id=Invitation.objects.get().pk)

    assert role_id_of(invitee, made) == OWNER_ROLE
    assert Organization.objects.with_active_owner().get().has_active_owner


@pytest.mark.parametrize(
    ("form", "refused"),
    [
        ({}, {"name": ["This field is required."], "email": ["This field is required."]}),
        (FORM | {"email": "nobody"}, {"email": ["Enter a valid email address."]}),
        (FORM | {"slug": "riverside"}, {"__all__": ["This slug is taken."]}),
        (
            FORM | {"slug": "No Slug"},
            {"slug": ["Use 3 to 128 lower-case letters, digits and inner hyphens, and nothing that looks like an id."]},
        ),
        (FORM | {"name": "\u202eHillside"}, {"name": ["The character U+202E at position 1 is not allowed here."]}),
        (FORM | {"language": "xx"}, {"language": ["Select a valid choice. xx is not one of the available choices."]}),
    ],
)
def test_errors_are_shown_at_their_fields_and_nothing_is_created(
    admin_pages: Client, form: dict[str, str], refused: dict[str, list[str]]
):
    OrganizationFactory.create(slug="riverside")
    with track_changes() as changes:
        response = admin_pages.post(PAGE, form)

    assert response.context["form"].errors == refused
    assert response.context["form"]["name"].value() == form.get("name")
    assert changes.nothing


def test_no_organization_stays_without_the_invitation_of_its_owner(admin_pages: Client, settings: Settings):
    settings.RECIPIENT_EMAILS_PER_HOUR = 1
    admin_pages.post(PAGE, FORM)
    with track_changes() as changes:
        errors = admin_pages.post(PAGE, FORM | {"name": "Second"}).context["form"].errors

    assert errors == {"__all__": ["This address was sent several emails within the last hour. Try again later."]}
    assert changes.nothing


def test_the_limit_of_a_founder_neither_blocks_staff_nor_counts_what_they_create(
    admin_pages: Client, staff_member: User, settings: Settings
):
    settings.ORGANIZATIONS_PER_PERSON_PER_DAY = 1
    for name in ("First", "Second"):
        assert admin_pages.post(PAGE, FORM | {"name": name}).status_code == 302

    create_organization(by=session_of(staff_member), name="Own")

    assert Organization.objects.count() == 3


@pytest.mark.parametrize("permissions", [["view_organization"], ["change_organization", "add_invitation"]])
def test_without_the_permission_there_is_no_link_and_no_form(
    staff_with_permissions: Callable[..., Client], permissions: list[str]
):
    pages = staff_with_permissions(*permissions)

    assert PAGE not in pages.get("/admin/orgs/organization/").content.decode()
    with track_changes() as changes:
        assert pages.get(PAGE).status_code == 403
        assert pages.post(PAGE, FORM).status_code == 403
    assert changes.nothing


def test_the_link_is_on_the_list(admin_pages: Client):
    assert f'href="{PAGE}"' in admin_pages.get("/admin/orgs/organization/").content.decode()
    assert admin_pages.get(PAGE).status_code == 200


def test_the_form_links_to_the_list_only_for_those_who_may_see_it(staff_with_permissions: Callable[..., Client]):
    to_list, go_back = 'href="/admin/orgs/organization/"', 'href="/admin/">Go back'
    page = staff_with_permissions("add_organization").get(PAGE).content.decode()
    assert (to_list in page, go_back in page) == (False, True)
    page = staff_with_permissions("add_organization", "view_organization").get(PAGE).content.decode()
    assert (page.count(to_list) >= 2, go_back in page) == (True, False)


def test_only_staff_create_an_organization_for_another(owner: User):
    with track_changes() as changes, pytest.raises(PermissionMissing):
        create_for(session_of(owner))

    assert changes.nothing


def create_for(by: Principal) -> Any:
    return create_organization_for_owner(by=by, name="Hillside", email=normalize_address("invitee@example.com"))
