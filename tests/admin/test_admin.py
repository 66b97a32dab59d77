"""Test that the admin shows all models, changes rows only through actions, and never shows a secret."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import Settings

from accounts.models import OAuthApplication, User
from accounts.principals import staff as principal_of_staff
from core.addresses import parse_address
from events.models import Event
from invitations.actions.inviting import invite
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from orgs.actions.accounts import deactivate_account, delete_account
from orgs.actions.organizations import create_organization
from orgs.models import Membership, Organization, Role
from perfectworks.demo import World
from tests.factories import RoleAssignmentFactory, UserFactory
from tests.support.people import session_of

pytestmark = pytest.mark.django_db


def address_of(row, view="change", *more):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{view}", args=[row.pk, *more])


MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def test_every_model_of_ours_is_in_the_admin():
    assert [model._meta.label for model in MODELS] == [
        "accounts.AccountEmail",
        "accounts.ExternalIdentity",
        "accounts.OAuthApplication",
        "accounts.User",
        "events.Event",
        "invitations.Email",
        "invitations.Invitation",
        "orgs.ApiKey",
        "orgs.Membership",
        "orgs.Organization",
        "orgs.Role",
        "orgs.RoleAssignment",
        "orgs.Unit",
        "webhooks.WebhookDelivery",
        "webhooks.WebhookEndpoint",
    ]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_model_can_be_listed_searched_filtered_and_opened(staff: Client, model):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    page = admin.site._registry[model]
    assert page.list_filter
    assert page.search_fields
    assert staff.get(address).status_code == 200
    assert staff.get(address, {"q": "example"}).status_code == 200
    row = model._default_manager.first()
    assert row is None or staff.get(address_of(row)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_nothing_can_be_added_saved_or_deleted_without_an_action(staff: Client, model):
    row = model._default_manager.first()
    if row is None:
        row = model(pk="0198c0de-0000-7000-8000-000000000000")
    added = staff.post(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add"), {})
    assert added.status_code == (200 if model in (OAuthApplication, Organization) else 403)  # 200: the form again
    assert staff.post(address_of(row, "delete"), {"post": "yes"}).status_code in (302, 403)
    before = list(model._default_manager.order_by("pk").values())
    staff.post(address_of(row), {"name": "Changed", "email": "changed@example.com", "status": "accepted"})
    assert list(model._default_manager.order_by("pk").values()) == before


@pytest.mark.parametrize("person", ["owner", "admin", "member", "invitee", "stranger"])
def test_only_staff_can_sign_in(world: World, person: str):
    client = Client()
    client.force_login(world.people[person])
    assert client.get("/admin/orgs/organization/").status_code in (302, 403)
    press = client.post(address_of(world.organization, "do", "archive"))
    assert press.status_code in (302, 403)
    assert not Organization.objects.get(pk=world.organization.pk).is_archived


def test_staff_find_the_organizations_without_an_active_owner(staff: Client, world: World):
    def found(choice: str) -> bool:
        return world.organization.slug in staff.get(f"/admin/orgs/organization/?owner={choice}").content.decode()

    assert (found("none"), found("active")) == (False, True)
    owner = world.people["owner"]
    staff.post(address_of(owner, "do", "deactivate"))
    assert (found("none"), found("active")) == (True, False)


def test_staff_with_only_the_view_permission_cannot_use_buttons(world: World):
    from django.contrib.auth.models import Permission

    member = world.people["member"]
    User.objects.filter(pk=member.pk).update(is_staff=True)
    member.user_permissions.add(Permission.objects.get(codename="view_organization"))
    client = Client()
    client.force_login(User.objects.get(pk=member.pk))
    page = client.get(address_of(world.organization))
    assert page.status_code == 200
    assert "/do/" not in page.content.decode()
    assert client.post(address_of(world.organization, "do", "archive")).status_code == 403


def staff_with(world: World, *codenames: str) -> Client:
    """Return the browser of a staff member who has only these permissions."""
    from django.contrib.auth.models import Permission

    member = world.people["member"]
    User.objects.filter(pk=member.pk).update(is_staff=True)
    member.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(User.objects.get(pk=member.pk))
    return client


def test_erasing_takes_the_delete_permission(world: World):
    person = world.people["invitee"]
    client = staff_with(world, "view_user", "change_user")
    page = client.get(address_of(person)).content.decode()
    assert "/do/deactivate" in page
    assert "/do/delete" not in page
    for button in ("delete", "purge"):
        assert client.post(address_of(person, "do", button)).status_code == 403
    assert "Delete: done." in press(staff_with(world, "view_user", "delete_user"), person, "delete")


def test_staff_are_offered_nothing_on_the_page_of_somebody_with_more_rights(world: World):
    boss = User.objects.get(email="staff@example.com")
    client = staff_with(world, "view_user", "change_user", "delete_user", "help_user", "manage_staff")
    assert "/do/" not in client.get(address_of(boss)).content.decode()
    for button in ("deactivate", "delete", "sessions", "staff-role"):
        assert press(client, boss, button).endswith("isn't possible now.")
    assert User.objects.get(pk=boss.pk).is_active


def test_members_are_filtered_by_their_role_in_the_organization_alone(staff: Client, world: World):
    editor = Role.objects.get(name="editor", level="unit")
    in_unit = RoleAssignmentFactory.create(
        membership=world.organization.memberships.get(user=world.people["member"]),
        role_id=editor.pk,
        unit=world.workspace,
    )
    address = reverse("admin:orgs_membership_changelist")
    page = staff.get(address, {"role": "admin"})
    assert "By role in the organization" in page.content.decode()
    assert {row.user.display_name for row in page.context["cl"].queryset} == {"Demo Admin", "Demo service"}
    assert [name for name, _ in page.context["cl"].filter_specs[0].lookup_choices] == sorted(
        Role.objects.filter(level="organization").values_list("name", flat=True)
    )
    assert not staff.get(address, {"role": in_unit.role.name}).context["cl"].queryset.exists()


def test_an_organization_page_shows_members_and_open_invitations_at_a_glance(staff: Client, world: World):
    text = staff.get(address_of(world.organization)).content.decode()
    for person in ("owner", "admin", "member"):
        assert f"Demo {person.capitalize()}" in text
    for address in ("invitee@example.com", "workspace-guest@example.com", "direct-permissions@example.com"):
        assert address in text
    for answered in ("withdrawn@example.com", "too-late@example.com"):
        assert answered not in text


def test_no_page_shows_a_token_a_password_or_a_key_hash(staff: Client, world: World):
    invitation = world.invitations["pending"]
    secrets = [token_for(invitation, purpose) for purpose in Purpose]
    secrets += [user.password for user in User.objects.exclude(password="")]
    for model in MODELS:
        for row in model._default_manager.all()[:20]:
            text = staff.get(address_of(row)).content.decode()
            assert not [secret for secret in secrets if secret in text]


def press(staff: Client, row, button: str, **data: str) -> str:
    response = staff.post(address_of(row, "do", button), data, follow=True)
    assert response.status_code == 200
    return " ".join(str(message) for message in response.context["messages"])


def test_sending_again_raises_the_generation_and_says_who_did_it(staff: Client, world: World):
    invitation = world.invitations["pending"]
    assert press(staff, invitation, "resend") == "Send again: done."
    assert Invitation.objects.get(pk=invitation.pk).generation == 2
    event = Event.objects.about(invitation).latest("id")
    assert (event.kind, event.actor_method) == ("invitation.resent", "staff")
    assert event.actor_id == User.objects.get(email="staff@example.com").pk


def test_the_list_of_invitations_shows_and_filters_the_delivery(staff: Client, world: World):
    address = reverse("admin:invitations_invitation_changelist")
    page = staff.get(address, {"delivery": "failed"})
    assert [row.email for row in page.context["cl"].result_list] == ["no-such-mailbox@example.com"]
    assert "field-delivered" in page.content.decode()
    assert staff.get(address, {"delivery": "lost"}).context["cl"].result_count == Invitation.objects.count()


def test_the_page_of_an_invitation_is_the_ledger_of_its_emails_with_every_attempt(staff: Client, world: World):
    email = world.invitations["error"].emails.get(kind="invitation")
    email.history.create(state="deferred", response="450 4.2.1 Greylisted")
    email.history.create(state="failed", response="550 5.1.1 No such mailbox")
    Email.objects.filter(pk=email.pk).update(reason="Kept for this test.")
    text = staff.get(address_of(world.invitations["error"])).content.decode()
    assert text.index("deferred 450 4.2.1 Greylisted") < text.index("failed 550 5.1.1 No such mailbox")
    assert "Kept for this test." in text


@pytest.mark.parametrize("name", ["pending", "error"])
def test_correcting_the_address_sends_a_new_invitation_in_its_place(staff: Client, world: World, name: str):
    invitation = world.invitations[name]
    page = staff.get(address_of(invitation)).content.decode()
    assert 'name="email" type="text"' in page  # browsers refuse names and some spaces in an input of the type email
    assert press(staff, invitation, "correct", email="Ann Right <Right@Example.com>") == "Correct address: done."
    assert Invitation.objects.open().get(email="right@example.com").supersedes.get() == invitation
    refused = "“Correct address” isn't possible now."
    assert press(staff, invitation, "correct", email="other@example.com") == refused
    assert "/do/correct" not in staff.get(address_of(invitation)).content.decode()


def test_a_correction_needs_another_address(staff: Client, world: World):
    invitation = world.invitations["pending"]
    assert "already" in press(staff, invitation, "correct", email=invitation.email)
    assert press(staff, invitation, "correct", email="nowhere") == "Enter a valid email address."


def value_of(page: str, name: str) -> str:
    """Return the initial value of the input with this name."""
    found = re.search(rf'<input name="{name}" type="\w+" value="(\w*)" required', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(("days_left", "days"), [(4, "10"), (20, "20")])
def test_extending_offers_at_least_the_days_that_are_left(staff: Client, world: World, days_left: int, days: str):
    invitation = world.invitations["pending"]
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() + timedelta(days=days_left))
    assert value_of(staff.get(address_of(invitation)).content.decode(), "days") == days


def test_extending_never_shortens(staff: Client, world: World):
    invitation = world.invitations["pending"]
    before = timezone.now() + timedelta(days=20)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=before)
    assert press(staff, invitation, "extend", days="") == "Enter a value for “Days from now”."
    assert press(staff, invitation, "extend") == "Enter a value for “Days from now”."
    refusal = "The invitation is open for 20 days. Choose at least as many."
    assert press(staff, invitation, "extend", days="19") == refusal
    assert Invitation.objects.get(pk=invitation.pk).expires_at == before


def test_extending_moves_the_date_within_its_bounds(staff: Client, world: World):
    invitation = world.invitations["pending"]
    assert press(staff, invitation, "extend", days="30") == "Extend: done."
    assert Invitation.objects.get(pk=invitation.pk).expires_at > invitation.expires_at
    assert "Choose 1 to 30 days." in press(staff, invitation, "extend", days="31")
    assert press(staff, invitation, "extend", days="soon") == "This value isn't valid."


def test_withdrawing_ends_the_invitation_and_a_second_press_says_so(staff: Client, world: World):
    invitation = world.invitations["pending"]
    assert press(staff, invitation, "cancel") == "Withdraw: done."
    assert Invitation.objects.get(pk=invitation.pk).status == "cancelled"
    assert press(staff, invitation, "cancel") == "“Withdraw” isn't possible now."


def test_archiving_restoring_and_purging_an_organization(staff: Client, world: World):
    assert press(staff, world.organization, "archive") == "Archive: done."
    assert Organization.objects.get(pk=world.organization.pk).is_archived
    assert press(staff, world.organization, "restore") == "Restore: done."
    assert press(staff, world.organization, "purge") == "“Delete permanently” isn't possible now."
    assert press(staff, world.organization, "archive") == "Archive: done."
    assert press(staff, world.organization, "purge") == "Delete permanently: done."
    assert not Organization.objects.filter(pk=world.organization.pk).exists()


def test_the_last_owner_can_be_deactivated_in_the_admin_but_not_removed(staff: Client, world: World):
    owner = world.people["owner"]
    membership = Membership.objects.get(user=owner, organization=world.organization)
    for _ in range(2):
        assert "/do/remove" not in staff.get(address_of(membership)).content.decode()
        assert "/do/delete" not in staff.get(address_of(owner)).content.decode()
        assert press(staff, membership, "remove") == "“Remove from organization” isn't possible now."
        assert press(staff, owner, "delete") == "“Delete” isn't possible now."
        press(staff, owner, "deactivate")
    assert not User.objects.get(pk=owner.pk).is_active


def test_a_seat_limit_is_prefilled_and_removed_only_by_its_own_button(staff: Client, world: World):
    def limit() -> int | None:
        return Organization.objects.get(pk=world.organization.pk).seat_limit

    page = staff.get(address_of(world.organization)).content.decode()
    assert (value_of(page, "seat_limit"), "/do/no-seat-limit" in page) == ("", False)
    assert press(staff, world.organization, "seats", seat_limit="25") == "Set seat limit: done."
    assert press(staff, world.organization, "seats", seat_limit=" ") == "Enter a value for “Seats”."
    assert limit() == 25
    page = staff.get(address_of(world.organization)).content.decode()
    assert (value_of(page, "seat_limit"), "/do/no-seat-limit" in page) == ("25", True)
    assert press(staff, world.organization, "no-seat-limit") == "Remove seat limit: done."
    assert limit() is None
    press(staff, world.organization, "seats", seat_limit="0")
    assert limit() is None


def test_the_limit_of_open_invitations_is_prefilled_and_reset_only_by_its_own_button(
    staff: Client, world: World, settings: Settings
):
    def limit() -> int | None:
        return Organization.objects.get(pk=world.organization.pk).open_invitation_limit

    settings.OPEN_INVITATIONS_PER_ORGANIZATION = 70
    page = staff.get(address_of(world.organization)).content.decode()
    assert (value_of(page, "limit"), "/do/default-open-invitations" in page) == ("70", False)
    assert press(staff, world.organization, "open-invitations", limit="300") == "Set open invitation limit: done."
    assert press(staff, world.organization, "open-invitations", limit="") == "Enter a value for “Open invitations”."
    assert limit() == 300
    page = staff.get(address_of(world.organization)).content.decode()
    assert (value_of(page, "limit"), "/do/default-open-invitations" in page) == ("300", True)
    assert press(staff, world.organization, "default-open-invitations").endswith("limit: done.")
    assert limit() is None


def test_the_sending_limit_is_prefilled_and_reset_only_by_its_own_button(
    staff: Client, world: World, settings: Settings
):
    def limit() -> int | None:
        return Organization.objects.get(pk=world.organization.pk).daily_email_limit

    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 70
    page = staff.get(address_of(world.organization)).content.decode()
    assert (value_of(page, "emails"), "/do/default-emails" in page) == ("70", False)
    assert press(staff, world.organization, "emails", emails="300") == "Set sending limit: done."
    assert (
        press(staff, world.organization, "emails", emails="") == "Enter a value for “Emails to invitees in 24 hours”."
    )
    assert press(staff, world.organization, "emails", emails="many") == "This value isn't valid."
    assert press(staff, world.organization, "emails", emails="0") == "Ensure this value is greater than or equal to 1."
    assert limit() == 300
    page = staff.get(address_of(world.organization)).content.decode()
    assert (value_of(page, "emails"), "/do/default-emails" in page) == ("300", True)
    assert " of 300" in page
    assert press(staff, world.organization, "default-emails") == "Use default sending limit: done."
    assert limit() is None


def test_setting_the_sending_limit_takes_the_change_permission(world: World):
    client = staff_with(world, "view_organization", "add_invitation")
    assert "/do/emails" not in client.get(address_of(world.organization)).content.decode()
    for button in ("emails", "default-emails"):
        assert client.post(address_of(world.organization, "do", button), {"emails": "9"}).status_code == 403
    assert Organization.objects.get(pk=world.organization.pk).daily_email_limit is None


def test_an_organizations_page_shows_the_limits_and_how_much_is_used(staff: Client, settings: Settings):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 7
    owner = UserFactory.create()
    organization = create_organization(by=session_of(owner), name="Riverside")
    for name in ("a", "b"):
        invite(by=session_of(owner), organization_id=organization.pk, email=parse_address(f"{name}@example.com"))
    Organization.objects.filter(pk=organization.pk).update(seat_limit=9, open_invitation_limit=4)
    page = strip_tags(staff.get(address_of(organization)).content.decode())
    assert "3 of 9 taken, 1 of them by members" in page
    assert "2 of 4" in page
    assert "2 of 7" in page


def test_the_sending_limit_of_an_organization_does_not_block_staff(staff: Client, world: World, settings: Settings):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = settings.ORGANIZATION_EMAILS_PER_DAY = 1
    assert press(staff, world.invitations["pending"], "resend") == "Send again: done."
    assert press(staff, world.invitations["workspace"], "resend") == "Send again: done."


def test_a_button_takes_post_with_a_csrf_token_only(world: World):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(email="staff@example.com"))
    assert client.get(address_of(world.organization, "do", "seats")).status_code == 405
    assert client.put(address_of(world.organization, "do", "archive")).status_code in (403, 405)
    assert client.post(address_of(world.organization, "do", "archive")).status_code == 403
    assert not Organization.objects.get(pk=world.organization.pk).is_archived


def test_an_invitations_page_says_why_this_person_has_not_joined(staff: Client, world: World):
    reasons = {name: staff.get(address_of(row)).content.decode() for name, row in world.invitations.items()}
    assert "The newest email is waiting to be sent.</strong> <code>email_queued</code>" in reasons["pending"]
    assert (
        "The invitation expired. If you send it again, a new one is created.</strong> <code>expired</code>"
        in reasons["expired"]
    )
    assert (
        "The mail server rejected the email. Correct the address or send the invitation again.</strong>"
        in reasons["error"]
    )
    assert "<p><q>550 5.1.1" in reasons["error"]


def test_an_invitations_page_shows_its_events_with_names(staff: Client, world: World):
    text = staff.get(address_of(world.invitations["pending"])).content.decode()
    assert "<strong>Invited</strong>" in text
    assert "by Demo Owner" in text


@pytest.mark.parametrize(
    ("by", "deleted", "shown"),
    [("staff", False, "Deactivated by staff."), ("staff", True, "Deleted by staff."), ("self", True, "Deleted by the")],
)
def test_the_page_of_a_closed_account_says_who_closed_it(world: World, staff: Client, by, deleted, shown):
    user = UserFactory.create()
    closes = delete_account if deleted else deactivate_account
    operator = principal_of_staff(User.objects.get(email="staff@example.com"), "accounts.delete_user")
    closes(by=session_of(user) if by == "self" else operator, user=user)

    assert shown in staff.get(address_of(user)).content.decode()


def test_staff_who_see_no_accounts_read_nothing_about_one_there(world: World):
    from django.contrib.auth.models import Permission

    invitation = world.invitations["workspace"]
    invitation.emails.update(state="sent", due_at=None, sent_at=invitation.created_at)
    member = world.people["member"]
    User.objects.filter(pk=member.pk).update(is_staff=True)
    member.user_permissions.add(Permission.objects.get(codename="view_invitation"))
    client = Client()
    client.force_login(User.objects.get(pk=member.pk))
    assert "<code>open_waiting_for_answer</code>" in client.get(address_of(invitation)).content.decode()
    member.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert "<code>no_account</code>" in client.get(address_of(invitation)).content.decode()


def test_staff_read_the_same_about_a_refused_email_above_the_row_in_the_ledger_and_in_the_list(world: World):
    from django.contrib.auth.models import Permission

    invitation = world.invitations["workspace"]
    reason = "The recipient asked for no mails."
    now = timezone.now()
    invitation.emails.update(state="dropped", due_at=None, reason=reason, withheld_at=now, updated_at=now)
    member = world.people["member"]
    User.objects.filter(pk=member.pk).update(is_staff=True)
    member.user_permissions.set(Permission.objects.filter(codename__in=["view_invitation", "view_email"]))
    client = Client()
    client.force_login(User.objects.get(pk=member.pk))
    page = client.get(address_of(invitation)).content.decode()
    assert "<code>email_unwanted</code>" in page
    assert f"<q>{reason}</q>" in page
    assert f"<td>{reason}</td>" in page
    address = reverse("admin:invitations_invitation_changelist")
    listed = client.get(address, {"delivery": "dropped"}).content.decode()
    assert '<td class="field-delivered"><span class="pw-badge pw-quiet">dropped</span></td>' in listed


def test_every_page_that_shows_times_names_their_zone(staff: Client, world: World, settings: Settings):
    pages = [address_of(world.invitations["pending"]), reverse("admin:invitations_email_changelist")]
    for page in pages:
        assert "Times are in UTC." in staff.get(page).content.decode()
    settings.TIME_ZONE = "Europe/Berlin"
    assert "Times are in Europe/Berlin." in staff.get(pages[0]).content.decode()
