"""Staff are offered only what works: each shown button of a varied world works, and each hidden one is refused."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.db import models, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.admin_buttons import ActionAdmin, Button
from accounts.models import User
from core.addresses import ERASED_DOMAIN, Address
from events.models import Event
from invitations.models import Invitation
from orgs.models import Organization, Role
from orgs.oauth.applications import register_client, register_personal_client, register_service_client
from orgs.permissions import ADMIN_ROLE, OWNER_ROLE, UNASSIGNED_ROLE, VIEWER_ROLE
from tests.admin.test_admin import address_of
from tests.factories import (
    ApiKeyFactory,
    AuthenticatorFactory,
    EmailAddressFactory,
    InvitationFactory,
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
    WebhookDeliveryFactory,
    WebhookEndpointFactory,
)
from tests.repetition import times
from tests.support.people import session_of

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

ROLES = ["auditor", "support", "administrator"]
PAGES = [page for page in admin.site._registry.values() if isinstance(page, ActionAdmin)]


@pytest.fixture(scope="module")
def first_rows(kept) -> SimpleNamespace:
    return kept(make_varied_world)


@pytest.fixture
def rows(first_rows: SimpleNamespace, db: None) -> SimpleNamespace:
    return first_rows


def make_varied_world() -> SimpleNamespace:
    """Create rows in every state that decides whether an action accepts them."""
    for role in ROLES:
        staff = UserFactory.create(email=f"{role}@example.com", staff=True)
        staff.groups.add(Group.objects.get(name=role))
    UserFactory.create(email="boss@example.com", superuser=True)
    owner, second, member = (UserFactory.create(email=f"{name}@example.com") for name in ("owner", "second", "member"))
    with_two_owners = OrganizationFactory.create(slug="two-owners", owners=[owner, second])
    alone = OrganizationFactory.create(slug="alone", owners=[member])
    archived = OrganizationFactory.create(slug="gone", owners=[owner], archived=True)
    full = OrganizationFactory.create(slug="full", owners=[owner], seat_limit=2)
    MembershipFactory.create(organization=with_two_owners, user=member, role_id=VIEWER_ROLE)
    MembershipFactory.create(organization=archived, user=second, role_id=ADMIN_ROLE)
    for organization in (with_two_owners, archived):
        robot = MembershipFactory.create(organization=organization, of_system_user=True)
        ApiKeyFactory.create(membership=robot)
    make_accounts()
    make_invitations(with_two_owners, owner)
    for organization in (archived, full):
        InvitationFactory.create(organization=organization, inviter=owner, email="open@example.com")
        InvitationFactory.create(organization=organization, inviter=owner, email="late@example.com", expired=True)
    make_applications(owner, with_two_owners)
    for organization, state in ((with_two_owners, "enabled"), (with_two_owners, "gone"), (archived, "enabled")):
        WebhookDeliveryFactory.create(endpoint=WebhookEndpointFactory.create(organization=organization, state=state))
    return SimpleNamespace(alone=alone)


def make_accounts() -> None:
    UserFactory.create(email="deactivated@example.com", deactivated=True)
    UserFactory.create(email="deleted@example.com", deleted=True)
    UserFactory.create(email="addressless@example.com", email_address=None)
    locked_out = UserFactory.create(email="locked-out@example.com")
    AuthenticatorFactory.create(user=locked_out)
    EmailAddressFactory.create(user=locked_out, email="free@example.com", verified=False)
    EmailAddressFactory.create(user=UserFactory.create(), email="owner@example.com", verified=False)


def make_invitations(organization: Organization, owner: User) -> None:
    def make(name: str, **traits: Any) -> Any:
        values = {"inviter": owner, "email": f"{name}@example.com", **traits}
        return InvitationFactory.create(organization=organization, **values)

    for state in ("expired", "overdue", "waiting", "accepted", "declined", "cancelled"):
        make(state, **{state: True})
    make("open")
    make("error", status="error", finished_at=timezone.now())
    make("superseded", expired=True, superseded_by=make("newer"))
    make("invited-again", expired=True)
    make("invited-again")
    make("member", expired=True)
    make("orphaned", inviter=UserFactory.create())
    make("orphaned-late", inviter=None, expired=True)
    make("longest", expires_in=timedelta(days=30))
    role = Role.objects.create(organization=organization, level="organization", name="Helper", permissions=[])
    make("roleless", expired=True, role=role)
    role.delete()
    erased = make("erased", expired=True)
    Invitation.objects.filter(pk=erased.pk).update(email=Address(f"erased@{ERASED_DOMAIN}"))


def make_applications(owner: User, organization: Organization) -> None:
    robot = organization.memberships.get(user__kind="system")
    register_client(by=session_of(owner), name="Reader", redirect_uris=["https://example.com/back"])
    register_client(by=session_of(owner), name="Public", redirect_uris=["https://example.com/back"], public=True)
    register_personal_client(by=session_of(owner), name="Personal")
    register_service_client(
        by=session_of(owner), organization_id=organization.pk, membership_id=robot.pk, name="Service"
    )


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(email=f"{role}@example.com"))
    return client


def pages_of(client: Client, rf: RequestFactory) -> Iterator[tuple[Any, Any, dict[str, Button]]]:
    """Yield each row with a page that has buttons, its admin page, and the buttons that the staff member is shown."""
    for page in PAGES:
        for row in page.get_queryset(rf.get("/")).order_by("pk"):
            response = client.get(address_of(row))
            yield row, page, {button.name: button for button, _ in response.context["buttons"]}


def said_in(response: Any) -> list[str]:
    """Return the newest message for the next page. Older ones stay until a page shows them."""
    return [str(message) for message in get_messages(response.wsgi_request)][-1:]


PEOPLE = {"people": "person@example.com", "role_id": str(UNASSIGNED_ROLE), "lifetime_days": "10"}
GIVEN = {"correct": {"email": "right@example.com"}, "seats": {"seat_limit": "9"}, "invite-many": PEOPLE}


def filled(button: Button, row: models.Model, user: User) -> dict[str, Any]:
    """Return values for the inputs of the button: what the page shows, or the first choice."""
    if button.name in GIVEN:
        return GIVEN[button.name]
    if button.field:
        return {button.field[0]: button.present(row)}
    if button.form is None:
        return {}
    form = button.form(row, None)
    form.offer_to(user)
    return {name: value_in(form, name, field) for name, field in form.fields.items()}


def value_in(form: Any, name: str, field: Any) -> Any:
    if "email" in name:
        return "right@example.com"
    if not field.required:
        return form.initial.get(name, "")
    choices = [str(getattr(value, "value", value)) for value, _ in getattr(field, "choices", ())]
    return form.initial.get(name) or field.initial or next(filter(None, choices), "")


@pytest.mark.parametrize("role", ROLES)
def test_every_button_works_if_it_is_shown_and_is_refused_if_it_is_hidden(
    rows: SimpleNamespace, rf: RequestFactory, role: str
):
    client, user, worked = signed_in(role), User.objects.get(email=f"{role}@example.com"), set()
    refused: Counter[Button] = Counter()
    for row, page, shown in pages_of(client, rf):
        for button in page.buttons:
            if button.name in shown:
                works(client, row, button, filled(button, row, user))
                assert button.needs != "delete" or role == "administrator"
                worked.add(f"{row._meta.model_name} {button.name}")
            elif refused[button] < times(3, in_full=100):
                is_refused(client, row, button)
                refused[button] += 1
    assert worked >= BUTTONS[role]
    assert role != "auditor" or not worked
    assert not Event.objects.filter(actor_method="staff").exists()


NO_SEAT = "This organization has no seat left."  # staff read about limits when they press a button


def works(client: Client, row: models.Model, button: Button, data: dict[str, Any]) -> None:
    """Press the button, and undo what it does."""
    with transaction.atomic():
        if button.has_page:
            assert client.get(address_of(row, "do", button.name)).status_code == 200
        response = client.post(address_of(row, "do", button.name), data)
        transaction.set_rollback(True)
    if button.page:
        assert [row.result.email for row in response.context["rows"]] == ["person@example.com"]
    elif button.reveals or NO_SEAT in response.content.decode():
        assert response.status_code == 200
    else:
        assert response.status_code == 302, (button.name, row, strip_tags(response.content.decode()))
        assert said_in(response) == [f"{button.label}: done."], (button.name, row)


def is_refused(client: Client, row: models.Model, button: Button) -> None:
    response = client.post(address_of(row, "do", button.name), GIVEN.get(button.name, {}))
    refused = response.status_code == 403 or said_in(response) == [f"“{button.label}” isn't possible now."]
    assert refused, (button.name, row)


@pytest.mark.parametrize(("name", "button"), [("resend", "resend"), ("extend", "extend"), ("withdraw", "cancel")])
def test_a_selected_invitation_changes_if_its_page_offers_the_same(rows: SimpleNamespace, name: str, button: str):
    client, user = signed_in("support"), User.objects.get(email="support@example.com")
    [alone] = [one for page in PAGES if page.model is Invitation for one in page.buttons if one.name == button]
    address = reverse("admin:invitations_invitation_selected", args=[name])
    for row in Invitation.objects.with_details():
        with transaction.atomic():
            response = client.post(address, {"ids": row.pk, "lifetime_days": "30"})
            transaction.set_rollback(True)
        has_changed = said_in(response)[0].startswith("1 invitation has been ")
        assert has_changed == (alone.applies(row) and alone.permits(user, row)), (row, said_in(response))


SUPPORT = {
    "invitation": {"resend", "correct", "extend", "cancel"},
    "membership": {"role", "own"},
    "organization": {
        "invite",
        "invite-many",
        "archive",
        "restore",
        "seats",
        "no-seat-limit",
        "open-invitations",
        "emails",
    },
    "user": {"two-factor", "reset", "verify", "sessions", "secure", "deactivate", "reactivate"},
    "webhookendpoint": {"enable", "disable", "rotate-secret"},
}
ADMINISTRATOR = {
    "apikey": {"delete"},
    "membership": {"remove"},
    "oauthapplication": {"rename", "redirect", "renew-secret", "stop-acting", "end-tokens", "delete"},
    "organization": {"purge"},
    "user": {"staff-role", "delete", "purge"},
    "webhookendpoint": {"delete"},
}


def joined(*tables: dict[str, set[str]]) -> set[str]:
    return {f"{model} {button}" for table in tables for model, buttons in table.items() for button in buttons}


# The buttons that each role presses in this world, at least.
BUTTONS = {"auditor": set(), "support": joined(SUPPORT), "administrator": joined(SUPPORT, ADMINISTRATOR)}


@pytest.mark.parametrize("role", ROLES)
def test_every_role_sees_every_page(rows: SimpleNamespace, role: str):
    client = signed_in(role)
    index = client.get(reverse("admin:index")).content.decode()
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert client.get(address).status_code == 200
        assert f'href="{address}"' in index
        row = model._default_manager.first()
        assert row is None or client.get(address_of(row)).status_code == 200


def links_in(page: str) -> set[str]:
    """Return the models of the admin to whose pages the page links."""
    return {
        model._meta.label_lower
        for model in admin.site._registry
        if f'href="/admin/{model._meta.app_label}/{model._meta.model_name}/' in page
    }


@pytest.mark.parametrize("name", ["invitations.invitation", "orgs.membership", "orgs.apikey"])
def test_no_page_links_to_a_page_that_the_staff_member_may_not_see(
    rows: SimpleNamespace, staff_with_permissions, name: str
):
    [page] = [page for model, page in admin.site._registry.items() if model._meta.label_lower == name]
    row = page.model._default_manager.order_by("pk").first()
    client = staff_with_permissions(f"view_{page.opts.model_name}")
    shown = client.get(address_of(row)).content.decode()
    assert links_in(shown) == {name}
    assert 'class="pw-rows"' not in shown
    assert str(getattr(row, "organization", row.pk)) in strip_tags(shown)


def test_a_page_links_to_what_the_staff_member_may_see(rows: SimpleNamespace, staff_with_permissions):
    member = rows.alone.memberships.get()
    client = staff_with_permissions("view_membership", "view_organization", "view_roleassignment")
    page = client.get(address_of(member)).content.decode()
    assert links_in(page) == {"orgs.membership", "orgs.organization", "orgs.roleassignment"}
    assert f'href="{address_of(rows.alone)}"' in page
    assert address_of(member.user) not in page


def test_tables_of_related_rows_need_the_view_permission(rows: SimpleNamespace, staff_with_permissions):
    client = staff_with_permissions("view_organization", "delete_membership", "delete_invitation")
    page = client.get(address_of(rows.alone)).content.decode()
    assert "pw-rows" not in page
    assert "member@example.com" not in page


@pytest.mark.parametrize("person", ["owner", "robot"])
def test_only_people_are_offered_the_role_of_owner(rows: SimpleNamespace, person: str):
    organization = Organization.objects.get(slug="two-owners")
    kind = "system" if person == "robot" else "client"
    member = organization.memberships.filter(user__kind=kind).first()
    page = signed_in("support").get(address_of(member, "do", "role")).content.decode()
    assert (f'value="{OWNER_ROLE}"' in page) == (person == "owner")
