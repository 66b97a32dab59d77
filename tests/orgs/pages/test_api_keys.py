"""Test the pages of API keys. As in the API, people see their own keys, and managers also those of service accounts."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from core.text import IN_PLAIN_WORDS
from orgs.actions.api_keys import authenticate
from orgs.models import ApiKey
from orgs.permissions import LIST_PROJECTS, MANAGE_BILLING, MANAGE_MEMBERS
from tests.factories import ApiKeyFactory, MembershipFactory
from tests.support.pages import visible_text
from tests.support.people import membership_of, sign_in_recently
from tests.support.queries import assert_queries

LIST = "/organizations/riverside/api-keys"
NEW = f"{LIST}/new"
CREATED = datetime(2026, 6, 1, 14, 5, tzinfo=UTC)


@pytest.fixture
def robot(organization):
    return MembershipFactory.create(organization=organization, of_system_user=True)


@pytest.fixture
def key(organization, member):
    return ApiKeyFactory.create(membership=membership_of(member, organization), name="Laptop", created_at=CREATED)


@pytest.fixture
def recent(client, organization):
    """A function that signs somebody in with a password, a moment ago."""

    def sign_in(user):
        client.force_login(user)
        sign_in_recently(client)
        return client

    return sign_in


def text_from(heading, page):
    """Return the lines of the page after the navigation."""
    lines = visible_text(page)
    return lines[len(lines) - 1 - lines[::-1].index(heading) :]


def names_on(page):
    return [key.name for key in page.context["page"].rows]


def test_a_key_is_listed_with_what_it_may_do_and_its_times(client, member, key):
    ApiKey.objects.update(permissions=[LIST_PROJECTS], description="Exports the list", prefix="pw_abcdefg")
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(days=3))
    client.force_login(member)

    lines = text_from("API keys", client.get(LIST))

    assert lines[:3] == ["API keys", "Your own keys in this organization.", "Laptop"]
    assert "Expired" in lines
    assert "pw_abcdefg…" in lines
    assert "· Acts as you" in lines
    assert "Exports the list" in lines
    assert "May: view all workspaces and applications" in lines
    assert any(line.startswith("Created ") and "June 1, 2026" in line for line in lines)
    assert "Never used" in lines


def test_a_key_without_a_limit_says_so(client, member, key):
    client.force_login(member)

    assert "May: everything this account may" in visible_text(client.get(LIST))


def test_people_see_their_own_keys_and_managers_those_of_service_accounts(
    client, organization, owner, admin, member, robot, key
):
    ApiKeyFactory.create(membership=robot, name="Nightly")
    ApiKeyFactory.create(membership=membership_of(owner, organization), name="Owner's")

    for user, expected in ((member, ["Laptop"]), (admin, ["Nightly"]), (owner, ["Owner's", "Nightly"])):
        client.force_login(user)
        assert names_on(client.get(LIST)) == expected


def test_the_list_takes_one_query(client, member, key):
    ApiKeyFactory.create(membership=key.membership)
    client.force_login(member)

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        keys="SELECT orgs_apikey",
    ):
        client.get(LIST)


def test_creating_a_key_needs_a_recent_sign_in(client, member):
    client.force_login(member)

    for response in (client.get(NEW), client.post(NEW, {"name": "Nightly", "limit": "all"})):
        assert response["Location"] == "/accounts/reauthenticate/?next=%2Forganizations%2Friverside%2Fapi-keys%2Fnew"
    assert not ApiKey.objects.exists()


def test_the_secret_is_only_in_the_response_that_creates_the_key(recent, organization, member):
    client = recent(member)

    page = client.post(NEW, {"name": "Nightly", "limit": "chosen", "permissions": [LIST_PROJECTS]})

    key = ApiKey.objects.get()
    secret = page.context["values"][0][1]
    assert (page.status_code, page["Cache-Control"]) == (
        200,
        "max-age=0, no-cache, no-store, must-revalidate, private",
    ) or ("no-store" in page["Cache-Control"])
    assert page.content.decode().count(secret) == 1
    assert text_from("The API key Nightly has been created", page) == [
        "The API key Nightly has been created",
        "Copy the secret now. You won't see it again.",
        "Secret",
        secret,
        "Send it in the header X-API-Key, or as a bearer token.",
        "Done",
    ]
    caller = authenticate(secret)
    assert caller is not None
    assert caller.credential_id == key.pk
    assert (key.membership.user, key.permissions, key.expires_at) == (member, [LIST_PROJECTS], None)
    assert secret not in client.get(LIST).content.decode()
    assert secret not in str(dict(client.session.items()))
    assert secret not in str(client.cookies)


def test_a_key_ends_after_its_last_day(recent, member):
    recent(member).post(NEW, {"name": "Nightly", "limit": "all", "expires_at": "2099-12-31"})

    key = ApiKey.objects.get()
    assert key.expires_at == datetime(2099, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert key.permissions is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "No\u202eeY"}, str(IN_PLAIN_WORDS["unsafe_text"])),
        ({"limit": "chosen"}, "Choose at least one permission."),
        ({"permissions": [LIST_PROJECTS]}, "You have also chosen permissions below. Choose one of both."),
        ({"expires_at": "2020-01-01"}, "Please check what you entered."),
        ({"expires_at": "soon"}, "Enter a valid date."),
        ({"permissions": [MANAGE_BILLING]}, None),
        ({"membership_id": "nonsense"}, None),
    ],
)  # fmt: skip
def test_what_is_not_possible_is_refused_at_its_field(recent, member, given, said):
    page = recent(member).post(NEW, {"name": "Nightly", "limit": "all", **given})

    if said is None:  # a permission that the member lacks is not offered; members have no choice of accounts
        assert ApiKey.objects.count() == (0 if "permissions" in given else 1)
        return
    assert page.status_code == 400
    assert said in visible_text(page)
    assert not ApiKey.objects.exists()


def test_a_manager_creates_a_key_for_a_service_account(recent, admin, robot):
    page = recent(admin).get(NEW)
    assert [str(label) for _, label in page.context["form"].fields["membership_id"].choices] == ["You", "Robot"]

    recent(admin).post(NEW, {"name": "Nightly", "limit": "all", "membership_id": str(robot.pk)})

    assert ApiKey.objects.get().membership == robot


def test_a_service_account_with_more_permissions_gets_no_key(recent, organization):
    strong = MembershipFactory.create(organization=organization, of_system_user=True, permissions=[MANAGE_BILLING])
    manager = MembershipFactory.create(organization=organization, permissions=[MANAGE_MEMBERS]).user

    page = recent(manager).post(NEW, {"name": "Nightly", "limit": "all", "membership_id": str(strong.pk)})

    assert page.status_code == 403
    assert any("You lack these permissions: manage billing." in line for line in visible_text(page))
    assert not ApiKey.objects.exists()


def test_the_maximum_number_of_keys_is_said(recent, settings, member, key):
    settings.API_KEYS_PER_ORGANIZATION = 1

    page = recent(member).post(NEW, {"name": "Nightly", "limit": "all"})

    assert page.status_code == 409
    assert "This organization has the maximum number of API keys. Revoke one first." in visible_text(page)


def test_a_key_is_renamed(client, member, key):
    client.force_login(member)
    assert client.get(f"{LIST}/{key.pk}/change").context["form"].initial == {"name": "Laptop", "description": ""}

    page = client.post(f"{LIST}/{key.pk}/change", {"name": "Desk", "description": "One\r\nTwo"}, follow=True)

    key.refresh_from_db()
    assert (key.name, key.description) == ("Desk", "One\nTwo")
    assert visible_text(page)[0] == "Your changes have been saved."


def test_revoking_asks_and_then_ends_the_key(client, member, key):
    client.force_login(member)

    asked = client.get(f"{LIST}/{key.pk}/revoke")
    assert text_from("Revoke the API key Laptop?", asked) == [
        "Revoke the API key Laptop?",
        "Software that uses it can no longer sign in, at once.",
        "This can't be undone.",
        "Revoke",
        "Cancel",
    ]
    assert ApiKey.objects.exists()
    page = client.post(f"{LIST}/{key.pk}/revoke", follow=True)

    assert visible_text(page)[0] == "The API key Laptop has been revoked."
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("page", ["change", "revoke"])
def test_keys_of_other_people_are_not_found(client, owner, stranger, key, page):
    for user in (owner, stranger):
        client.force_login(user)
        assert client.get(f"{LIST}/{key.pk}/{page}").status_code == 404
        assert client.post(f"{LIST}/{key.pk}/{page}", {"name": "Mine"}).status_code == 404
    key.refresh_from_db()
    assert key.name == "Laptop"
