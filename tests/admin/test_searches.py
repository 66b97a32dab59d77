"""Test how the lists of invitations and emails are searched and filtered."""

from typing import Any

import pytest
from django.test import Client

from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE
from tests.admin.test_long_lists import shown
from tests.factories import EmailFactory, InvitationFactory, OrganizationFactory, RoleFactory

pytestmark = pytest.mark.django_db

INVITATIONS, EMAILS = "/admin/invitations/invitation/", "/admin/invitations/email/"


def addresses(client: Client, address: str = INVITATIONS, **parameters: Any) -> list[str]:
    return sorted(getattr(row, "email", "") or row.recipient for row in shown(client, address, **parameters))


@pytest.fixture
def invited(organization: Organization) -> list[Invitation]:
    names = ("ada@example.com", "ada@example.com.au", "grace@xn--bcher-kva.example")
    return [InvitationFactory.create(organization=organization, email=name) for name in names]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada@example.com", ["ada@example.com"]),
        ("Ada <ADA@Example.com>", ["ada@example.com"]),
        ("ada@example.co", ["ada@example.com", "ada@example.com.au"]),
        ("ADA", ["ada@example.com", "ada@example.com.au"]),
        ("grace@bücher.example", ["grace@xn--bcher-kva.example"]),
        ("example.com", []),  # not the beginning of an address
        ("_da", []),
        ("nobody@example.com", []),
    ],
)
def test_a_whole_address_finds_its_rows_and_else_the_beginning_of_one(
    admin_pages: Client, invited: list[Invitation], text: str, found: list[str]
):
    assert addresses(admin_pages, q=text) == found
    for invitation in invited:
        EmailFactory.create(invitation=invitation, recipient=invitation.email)
    assert addresses(admin_pages, EMAILS, q=text) == found


def test_invitations_are_found_by_words_of_the_organization(admin_pages: Client, invited: list[Invitation]):
    other = OrganizationFactory.create(name="Lovelace Engines", slug="analytical")
    InvitationFactory.create(organization=other, email="ada@other.example")
    for text in ("lovelace", "LYTIC", "ada engines"):
        assert addresses(admin_pages, q=text) == ["ada@other.example"]


def test_a_word_of_too_many_organizations_says_so(
    admin_pages: Client, invited: list[Invitation], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("invitations.admin_search.MAX_ORGANIZATIONS", 1)
    OrganizationFactory.create_batch(2, name="Adamant")
    page = admin_pages.get(INVITATIONS, {"q": "ada"})
    assert "Too many organizations have “ada” in their names." in page.content.decode()
    assert len(page.context["cl"].result_list) == 2


def test_invitations_are_found_by_the_ids_of_their_organization_and_inviter(
    admin_pages: Client, invited: list[Invitation]
):
    other = InvitationFactory.create()
    for key in (other.pk, other.organization_id, other.inviter_id):
        assert shown(admin_pages, INVITATIONS, q=str(key)) == [other]


def test_emails_are_found_by_message_id_and_by_id(admin_pages: Client):
    email, _ = EmailFactory.create_batch(2)
    for text in (email.message_id, email.message_id.strip("<>"), email.pk, email.invitation_id):
        assert shown(admin_pages, EMAILS, q=str(text)) == [email]


def test_invitations_are_filtered_by_state(admin_pages: Client):
    made = {state: InvitationFactory.create(**{state: True}) for state in ("declined", "expired", "overdue")}
    made["open"] = InvitationFactory.create()

    def found(state: str) -> set[Invitation]:
        return set(shown(admin_pages, INVITATIONS, state=state))

    assert found("open") == {made["open"]}
    assert found("declined") == {made["declined"]}
    assert found("expired") == {made["expired"], made["overdue"]}
    assert found("cancelled") == set()
    assert found("nothing") == set(made.values())


def test_invitations_are_filtered_by_the_name_of_the_role(admin_pages: Client, invited: list[Invitation]):
    Invitation.objects.filter(email="ada@example.com").update(role_id=EDITOR_ROLE)
    assert addresses(admin_pages, role__name="admin") == []
    assert addresses(admin_pages, role__name="editor") == ["ada@example.com"]
    assert addresses(admin_pages, role__name="no such role") == []


def test_emails_are_filtered_by_kind_and_state(admin_pages: Client):
    sent, reminder = EmailFactory.create(sent=True), EmailFactory.create(kind=Email.Kind.REMINDER)
    assert shown(admin_pages, EMAILS, kind="reminder") == [reminder]
    assert shown(admin_pages, EMAILS, state="sent") == [sent]
    assert shown(admin_pages, EMAILS, kind="invitation", state="queued") == []


def test_a_name_of_many_roles_is_found_too(admin_pages: Client, invited: list[Invitation]):
    roles = [RoleFactory.create(organization=one, name="Developer") for one in OrganizationFactory.create_batch(101)]
    Invitation.objects.filter(email="ada@example.com").update(role=roles[-1])
    assert addresses(admin_pages, role__name="Developer") == ["ada@example.com"]
