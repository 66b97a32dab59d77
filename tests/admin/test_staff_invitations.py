"""Test that staff invite a person into an organization, and what the invitee reads and gets."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.principals import staff as principal_of_staff
from events.models import Event
from invitations.actions.answering import accept
from invitations.email.messages import render_invitation_email
from invitations.models import Invitation
from invitations.refusals import InviterCannotGrant
from invitations.tokens import link_for
from orgs.models import Organization
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, OWNER_ROLE, UNASSIGNED_ROLE, UNIT_ADMIN_ROLE
from tests.accounts.emailing import html_of
from tests.admin.test_admin import address_of
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import role_id_of, session_of

ADD = "invitations.add_invitation"


def invites(pages: Client, organization: Organization, **form: Any) -> Any:
    filled = {"email": "invitee@example.com", "role_id": str(UNASSIGNED_ROLE), **form}
    return pages.post(address_of(organization, "do", "invite"), filled)


@pytest.fixture
def help_desk(staff_with_permissions: Callable[..., Client]) -> Client:
    """The browser of staff who may see organizations and invite, and nothing else."""
    return staff_with_permissions("view_organization", "add_invitation")


def test_staff_invite_with_a_role_in_a_workspace(admin_pages: Client, staff_member: User, organization: Organization):
    unit = UnitFactory.create(organization=organization)
    with track_changes() as changes:
        response = invites(
            admin_pages,
            organization,
            email="Ann Lee <Invitee@Example.com>",
            role_id=EDITOR_ROLE,
            unit_id=unit.pk,
            unit_role_id=UNIT_ADMIN_ROLE,
            language="de",
        )

    assert (response.status_code, response["Location"]) == (302, address_of(organization))
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.language, invitation.is_from_staff) == ("invitee@example.com", "de", True)
    assert (invitation.inviter, invitation.inviter_name) == (staff_member, "")
    assert invitation.emails.get().recipient == "invitee@example.com"
    assert changes.tables == {"invitations.Invitation": (1, 0, 0), "invitations.Email": (1, 0, 0)}
    assert changes.events == [
        event(
            "invitation.created",
            invitation,
            principal_of_staff(staff_member, ADD),
            organization,
            lifetime_days=10,
            role_id=EDITOR_ROLE,
            permissions=[],
            unit_id=unit.pk,
            unit_role_id=UNIT_ADMIN_ROLE,
        )
    ]


def test_the_form_offers_what_the_organization_has_and_preselects_its_default_role(
    admin_pages: Client, organization: Organization
):
    unit = UnitFactory.create(organization=organization, name="Press", kind="application")
    foreign_unit, foreign_role = UnitFactory.create(name="Foreign"), RoleFactory.create(name="Foreign role")
    Organization.objects.filter(pk=organization.pk).update(default_role_id=EDITOR_ROLE)

    form = admin_pages.get(address_of(organization, "do", "invite")).content.decode()

    assert f'<option value="{EDITOR_ROLE}" selected>' in form
    assert f'<option value="{unit.pk}">Press (Application)</option>' in form
    assert [row for row in (foreign_unit, foreign_role) if str(row.pk) in form] == []


def test_the_help_desk_needs_no_permission_to_change_the_organization(help_desk: Client, organization: Organization):
    page = help_desk.get(address_of(organization)).content.decode()
    assert ("do/invite" in page, "do/archive" in page) == (True, False)

    assert invites(help_desk, organization).status_code == 302
    assert help_desk.post(address_of(organization, "do", "archive")).status_code == 403


@pytest.mark.parametrize(
    "permissions", [["view_organization"], ["change_organization", "change_invitation"], ["add_invitation"]]
)
def test_without_the_permission_nobody_is_invited(
    staff_with_permissions: Callable[..., Client], organization: Organization, permissions: list[str]
):
    pages = staff_with_permissions(*permissions)

    assert "do/invite" not in pages.get(address_of(organization)).content.decode()
    with track_changes() as changes:
        assert invites(pages, organization).status_code == 403
        assert pages.get(address_of(organization, "do", "invite")).status_code == 403
    assert changes.nothing


def test_the_form_shows_what_is_wrong_and_keeps_what_was_typed(
    admin_pages: Client, organization: Organization, member: User, owner: User
):
    unit = UnitFactory.create(organization=organization)
    InvitationFactory.create(organization=organization, email="open@example.com", inviter=owner)
    with track_changes() as changes:
        refused = [
            invites(admin_pages, organization, **form).context["form"]
            for form in (
                {"email": "nowhere"},
                {"email": member.email},
                {"email": "open@example.com"},
                {"unit_id": unit.pk},
                {"language": "xx"},
            )
        ]

    assert changes.nothing
    assert [dict(form.errors) for form in refused] == [
        {"email": ["Enter a valid email address."]},
        {"__all__": ["This person is already a member."]},
        {"__all__": ["There is an open invitation to this address."]},
        {"unit_role_id": ["Give both a unit and a role in it, or neither."]},
        {"language": ["Select a valid choice. xx is not one of the available choices."]},
    ]
    assert [form["email"].value() for form in refused[:2]] == ["nowhere", member.email]


def test_limits_of_emails_do_not_block_staff(admin_pages: Client, organization: Organization, settings: Settings):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = settings.ORGANIZATION_EMAILS_PER_DAY = 1
    settings.INVITER_EMAILS_PER_DAY = 1
    for number in range(3):
        assert invites(admin_pages, organization, email=f"invited-{number}@example.com").status_code == 302


def test_an_archived_organization_has_no_such_button(admin_pages: Client, organization: Organization):
    admin_pages.post(address_of(organization, "do", "archive"))

    assert "do/invite" not in admin_pages.get(address_of(organization)).content.decode()
    with track_changes() as changes:
        response = admin_pages.get(invites(admin_pages, organization)["Location"])
    assert [str(message) for message in response.context["messages"]] == ["“Invite” isn't possible now."]
    assert changes.nothing


@pytest.mark.parametrize(
    ("kind", "subject", "sentence"),
    [
        ("invitation", "You're invited to Riverside", "Riverside invited you to join."),
        (
            "reminder",
            "Your invitation to Riverside expires soon",
            "Riverside invited you to join, and you haven't responded yet. The invitation expires soon.",
        ),
    ],
)
def test_the_email_and_the_page_name_the_organization_and_no_person(
    admin_pages: Client,
    staff_member: User,
    organization: Organization,
    client: Client,
    kind: str,
    subject: str,
    sentence: str,
):
    User.objects.filter(pk=staff_member.pk).update(first_name="Sam", last_name="Staff")
    invites(admin_pages, organization)
    invitation = Invitation.objects.with_details().get()
    email = invitation.emails.get()
    email.kind = kind

    message = render_invitation_email(email, invitation)

    html = html_of(message)
    assert (message.subject, message.reply_to) == (subject, [])
    assert sentence in message.body
    assert sentence.replace("'", "&#x27;") in html.replace("'", "&#x27;")
    assert message.from_email.startswith("Riverside via")
    page = client.get(link_for(invitation), follow=True).content.decode()
    assert "Riverside invited you to join." in page
    for text in (str(message.message()), message.body, html, page):
        assert "Sam" not in text
        assert "staff@example.com" not in text


def test_replies_do_not_go_to_staff_who_are_members(
    admin_pages: Client, staff_member: User, organization: Organization
):
    MembershipFactory.create(organization=organization, user=staff_member)
    invites(admin_pages, organization)
    invitation = Invitation.objects.with_details().get()

    assert render_invitation_email(invitation.emails.get(), invitation).reply_to == []


def test_the_acceptance_gives_the_role_and_tells_the_staff_member(
    admin_pages: Client, organization: Organization, invitee: User
):
    invites(admin_pages, organization, role_id=OWNER_ROLE)
    invitation = Invitation.objects.get()

    accept(by=session_of(invitee), invitation_id=invitation.pk)

    assert role_id_of(invitee, organization) == OWNER_ROLE
    assert invitation.emails.get(kind="answered").recipient == "staff@example.com"


def test_the_invitation_is_valid_while_the_staff_member_may_invite(
    help_desk: Client, organization: Organization, invitee: User
):
    invites(help_desk, organization, role_id=ADMIN_ROLE)
    invitation = Invitation.objects.get()
    sender = invitation.inviter
    assert sender is not None
    kept = list(sender.user_permissions.all())

    sender.user_permissions.clear()
    with pytest.raises(InviterCannotGrant):
        accept(by=session_of(invitee), invitation_id=invitation.pk)
    sender.user_permissions.set(kept)
    accept(by=session_of(invitee), invitation_id=invitation.pk)

    assert role_id_of(invitee, organization) == ADMIN_ROLE


def test_the_form_takes_a_fixed_number_of_queries(
    admin_pages: Client, organization: Organization, django_assert_max_num_queries: Any
):
    UnitFactory.create_batch(20, organization=organization)
    RoleFactory.create_batch(20, organization=organization)
    with django_assert_max_num_queries(8):
        admin_pages.get(address_of(organization, "do", "invite"))


@pytest.fixture
def departed(staff_in_role: Callable[[str], User]) -> User:
    """A support member who leaves the team in the tests."""
    return staff_in_role("support")


@pytest.fixture
def colleague(staff_with_permissions: Callable[..., Client]) -> Client:
    """The browser of another support member."""
    return staff_with_permissions("view_invitation", "change_invitation")


def leaves(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=False)
    user.groups.clear()


def is_erased(user: User) -> None:
    user.sent_invitations.update(inviter_name="")
    user.delete()


@pytest.mark.parametrize("ends", [leaves, is_erased])
def test_an_organization_without_managers_gets_its_owner_although_the_sender_left_the_staff(
    departed: User,
    colleague: Client,
    browser_of: Callable[[User], Client],
    invitee: User,
    ends: Callable[[User], None],
):
    browser_of(departed).post("/admin/orgs/organization/add/", {"name": "Hillside", "email": str(invitee.email)})
    invitation, sender_id = Invitation.objects.get(), departed.pk
    ends(departed)
    with pytest.raises(InviterCannotGrant):
        accept(by=session_of(invitee), invitation_id=invitation.pk)

    page = colleague.get(address_of(invitation)).content.decode()
    assert [name for name in ("resend", "correct", "extend", "cancel") if f"do/{name}" not in page] == []
    colleague.post(address_of(invitation, "do", "resend"))

    invitation = Invitation.objects.with_details().get()
    resent = Event.objects.latest("id")
    assert (resent.kind, resent.actor_method) == ("invitation.resent", "staff")
    assert str(sender_id) in str(resent.data)
    assert (invitation.inviter_id, invitation.inviter_user_id) == (resent.actor_id, resent.actor_id)
    assert (invitation.is_from_staff, invitation.inviter_name, invitation.generation) == (True, "", 2)
    accept(by=session_of(invitee), invitation_id=invitation.pk)
    assert role_id_of(invitee, invitation.organization) == OWNER_ROLE


@pytest.mark.parametrize(
    ("button", "form", "state"),
    [
        ("correct", {"email": "right@example.com"}, "pending"),
        ("extend", {"days": "20"}, "pending"),
        ("resend", {}, "expired"),
    ],
)
def test_each_way_to_send_makes_the_colleague_the_unnamed_inviter(
    departed: User,
    colleague: Client,
    browser_of: Callable[[User], Client],
    organization: Organization,
    button: str,
    form: dict[str, str],
    state: str,
):
    invites(browser_of(departed), organization)
    leaves(departed)
    former = Invitation.objects.get()
    if state == "expired":
        Invitation.objects.update(status=state, finished_at=former.expires_at)

    assert colleague.post(address_of(former, "do", button), form).status_code == 302

    sent = Invitation.objects.open().get()
    assert sent.inviter_user_id not in (None, departed.pk)
    assert (sent.inviter_id, sent.inviter_name) == (sent.inviter_user_id, "")


def test_the_first_staff_member_stays_the_inviter_while_they_may_invite(
    departed: User, colleague: Client, browser_of: Callable[[User], Client], organization: Organization
):
    invites(browser_of(departed), organization)

    colleague.post(address_of(Invitation.objects.get(), "do", "resend"))

    sent = Invitation.objects.get()
    assert (sent.generation, sent.inviter, sent.inviter_name) == (2, departed, "")


def test_the_page_of_an_invitation_takes_a_fixed_number_of_queries(
    admin_pages: Client, organization: Organization, owner: User, django_assert_num_queries: Any
):
    """Each button and the explanation ask whether the invitation can still be offered. The page finds out once."""
    invitation = InvitationFactory.create(organization=organization, inviter=owner)
    admin_pages.get(address_of(invitation))
    with django_assert_num_queries(13):
        page = admin_pages.get(address_of(invitation)).content.decode()
    assert "do/extend" in page
