"""Test what the `demo` command prints: its credentials and links are valid, and stay valid."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils import timezone
from oauth2_provider.models import get_access_token_model
from pytest_django import Settings

from accounts.browser_sessions import Session
from accounts.models import User
from accounts.principals import Method, Principal
from invitations.actions.answering import accept
from invitations.models import Invitation
from orgs.models import ApiKey, Organization
from perfectworks import demo
from tests.perfectworks.test_demo import printed

PAST = datetime(2025, 6, 1, tzinfo=UTC)
STATES = "pending,processing,accepted,declined,cancelled,expired,error"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def first_shown(kept: Callable[[Callable[[], str]], str]) -> str:
    with override_settings(DEBUG=True):
        return kept(lambda: printed("--json"))


@pytest.fixture
def shown(first_shown: str, db: None, settings: Settings) -> dict[str, Any]:
    settings.DEBUG = True
    return json.loads(first_shown)


def keys_of(value):
    return {name: keys_of(inner) for name, inner in value.items()} if isinstance(value, dict) else None


def of(*names: str):
    return dict.fromkeys(names)


def test_it_prints_one_object_with_the_keys_of_the_contract(shown):
    person = of("id", "email", "password", "jwt", "session_id", "oauth_token")
    invitation = of("id", "link", "token")
    assert keys_of(shown) == {
        "base_url": None,
        "organization": of("id", "ulid", "oid", "decimal", "slug"),
        "other_organization": of("id", "ulid", "oid", "decimal", "slug"),
        "workspace": of("id", "oid", "decimal", "slug"),
        "application": of("id", "oid", "decimal", "slug"),
        "people": dict.fromkeys(("owner", "admin", "member", "invitee", "stranger"), person),
        "service": of("api_key", "oauth_token"),
        "invitations": dict.fromkeys(("pending", "workspace", "application", "expired", "error"), invitation),
    }


def test_what_an_earlier_run_printed_works_for_a_day(shown):
    printed("--json")
    key = {"X-API-Key": shown["service"]["api_key"]}
    assert Client().get("/api/v0/organizations/current", headers=key).status_code == 200
    tomorrow = timezone.now() + timedelta(days=1)
    for model, column in ((Session, "expire_date"), (get_access_token_model(), "expires"), (ApiKey, "expires_at")):
        for moment in model.objects.values_list(column, flat=True):
            assert abs(moment - tomorrow) < timedelta(minutes=5)


@pytest.mark.parametrize("person", demo.PEOPLE)
def test_every_credential_of_a_person_is_theirs(shown, person: str):
    theirs = shown["people"][person]
    cookie = Client()
    cookie.cookies["session_id"] = theirs["session_id"]
    responses = [
        Client().get("/api/v0/users/profile", headers={"Authorization": f"Bearer {theirs['jwt']}"}),
        Client().get("/api/v0/users/profile", headers={"Authorization": f"Bearer {theirs['oauth_token']}"}),
        cookie.get("/api/v0/users/profile"),
    ]
    assert [response.json()["data"]["id"] for response in responses] == [theirs["id"]] * 3
    assert Client().login(email=theirs["email"], password=theirs["password"])


def test_a_session_is_of_somebody_who_has_just_signed_in(shown):
    """Creating an API key requires a recent sign-in. Scripts can choose the CSRF token themselves."""
    cookies = f"session_id={shown['people']['owner']['session_id']}; csrftoken={'a' * 32}"
    program = Client(enforce_csrf_checks=True, headers={"Cookie": cookies, "X-CSRFToken": "a" * 32})
    response = program.post("/api/v0/api-keys", {"name": "Mine"}, "application/json")
    assert (response.status_code, response.json()["data"]["name"]) == (201, "Mine")


def test_the_world_shows_what_the_contract_promises(shown):
    organization, application = shown["organization"]["id"], shown["application"]["id"]
    listed = rows_of(shown, "owner", f"/api/v0/organizations/{organization}/invitations")
    states = [row["state"] for row in listed]
    assert states.count("pending") >= 3
    assert {"expired", "declined", "accepted", "cancelled", "error"} <= set(states)
    pending = [row for row in listed if row["state"] == "pending"]
    assert [row for row in pending if row["unit"] and row["unit"]["kind"] == "workspace" and row["unitRole"]]
    assert [row for row in pending if row["permissions"]]
    assert len([row for row in pending if row["unit"] and row["unit"]["id"] == application]) >= 2
    mine = rows_of(shown, "invitee", "/api/v0/organization-members/invites")
    assert {row["id"] for row in mine} == {organization, shown["other_organization"]["id"]}


def test_the_member_may_not_manage_members(shown):
    token = {"Authorization": f"Bearer {shown['people']['member']['jwt']}"}
    path = f"/api/v0/organizations/{shown['organization']['id']}/invitations"
    assert Client().get(path, headers=token).status_code == 403


def rows_of(shown, person: str, path: str):
    token = {"Authorization": f"Bearer {shown['people'][person]['jwt']}"}
    everything = {"limit": "100"} if "organization-members" in path else {"limit": "100", "state": STATES}
    return Client().get(path, everything, headers=token).json()["data"]


def test_the_service_acts_in_its_organization(shown):
    service, organization = shown["service"], shown["organization"]
    by_key = Client().get("/api/v0/organizations/current", headers={"X-API-Key": service["api_key"]})
    assert by_key.json()["data"]["id"] == organization["id"]
    by_token = Client().get(
        f"/upsun/organizations/{organization['ulid']}/invitations",
        headers={"Authorization": f"Bearer {service['oauth_token']}"},
    )
    assert len(by_token.json()) >= 3


def test_the_links_open_what_they_say(shown):
    for name, status in {"pending": 200, "workspace": 200, "application": 200, "expired": 410, "error": 410}.items():
        path = shown["invitations"][name]["link"].removeprefix(shown["base_url"])
        assert Client().get(path, follow=True).status_code == status, name
        listed = shown["invitations"][name]["token"]
        assert Client().get(f"/i/{listed}", follow=True).status_code == status, name


@pytest.mark.parametrize("name", demo.OPEN_INVITATIONS)
def test_a_link_whose_invitation_is_over_gives_way_to_an_open_one(shown, name: str):
    Invitation.objects.update(expires_at=PAST)
    again = json.loads(printed("--json"))["invitations"][name]
    assert again["id"] != shown["invitations"][name]["id"]
    assert invitation_of(again).email == demo.OPEN_INVITATIONS[name]
    assert terms_of(again) == terms_of(shown["invitations"][name])
    assert Client().get(again["link"], follow=True).status_code == 200


def test_where_the_invitee_has_joined_the_link_is_for_a_namesake(shown):
    accepted = invitation_of(shown["invitations"]["pending"])
    accept(by=Principal(user=demo_person("invitee"), method=Method.SESSION), invitation_id=accepted.pk)
    text = printed()
    again = json.loads(printed("--json"))["invitations"]["pending"]
    assert f"The invitation link from the email to invitee-2@example.com:\n  {again['link']}\n" in text
    assert terms_of(again) == terms_of(shown["invitations"]["pending"])
    assert demo_person("invitee").memberships.count() == 1


def test_where_nobody_may_be_invited_the_link_stays_as_it_is(shown):
    Invitation.objects.update(expires_at=PAST)
    Organization.objects.update(seat_limit=1)
    assert json.loads(printed("--json"))["invitations"] == shown["invitations"]


def invitation_of(shown) -> Invitation:
    return Invitation.objects.get(pk=shown["id"])


def terms_of(shown):
    row = invitation_of(shown)
    return row.role_id, row.permissions, row.unit_id, row.unit_role_id


def demo_person(name: str) -> User:
    return User.objects.get(email=f"{name}@example.com")
