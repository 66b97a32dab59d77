"""POST /users/register: register by email address and password, or set the names of an authenticated user."""

import json
import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import authenticate
from django.test import Client

from accounts.models import User
from accounts.principals import Method
from tests.factories import EmailAddressFactory
from tests.orgs.api.house import API, invalid, refused, said, success, user_row
from tests.support.changes import event, track_changes
from tests.support.outbox import account_emails
from tests.support.people import PASSWORD
from tests.support.request_ids import headers_without_request_id

PATH = f"{API}/users/register"
NEWCOMER = {"email": "newcomer@example.com", "password": PASSWORD}
ACCEPTED = success("If this address can be registered, an email with the next step is on its way", None, 202)

pytestmark = pytest.mark.django_db


def test_an_account_is_created_with_an_unverified_address(by):
    with track_changes() as changes:
        answer = said(by("anonymous").post(PATH, {**NEWCOMER, "firstName": "New", "lastName": "Comer"}))

    user = User.objects.get(email="newcomer@example.com")
    assert answer == ACCEPTED
    assert changes.tables == {"accounts.User": (1, 0, 0), "account.EmailAddress": (1, 0, 0)}
    assert changes.emails == (1, 0, 0)
    assert changes.events == [event("user.registered", user, user, user_kind="client")]
    assert (user.kind, user.first_name, user.last_name, user.is_active) == ("client", "New", "Comer", True)
    assert list(EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary")) == [
        ("newcomer@example.com", False, True)
    ]
    assert authenticate(email="newcomer@example.com", password=PASSWORD) == user


def test_the_emailed_link_verifies_the_address_and_then_the_password_signs_in(by, settings):
    settings.PUBLIC_BASE_URL = "https://public.example.com"
    by("anonymous").post(PATH, NEWCOMER)

    [sent] = account_emails()
    links = re.findall(r"https?://\S+", str(sent.body))
    [path] = [link.removeprefix("https://public.example.com") for link in links if "/confirm-email/" in link]
    browser = Client()
    assert browser.get(path).status_code == 200
    assert not EmailAddress.objects.get(email="newcomer@example.com").verified
    assert browser.post(path).status_code == 302
    assert EmailAddress.objects.get(email="newcomer@example.com").verified

    browser.post("/accounts/login/", {"login": "newcomer@example.com", "password": PASSWORD})
    assert browser.get(f"{API}/users/profile").json()["data"]["email"] == "newcomer@example.com"
    assert sent.to == ["newcomer@example.com"]
    assert all(link.startswith("https://public.example.com") for link in links)


def test_a_known_address_gets_the_same_response_and_another_email(by, member):
    unknown = by("anonymous").post(PATH, NEWCOMER)

    with track_changes() as changes:
        known = by("anonymous").post(PATH, {**NEWCOMER, "email": "Member@EXAMPLE.com"})

    assert said(known) == said(unknown) == ACCEPTED
    assert headers_without_request_id(known) == headers_without_request_id(unknown)
    assert (dict(known.cookies), dict(unknown.cookies)) == ({}, {})
    assert changes.only_an_email
    confirm, exists = account_emails()
    assert (confirm.to, exists.to) == (["newcomer@example.com"], ["member@example.com"])
    assert confirm.subject == "Please confirm your email address"
    assert exists.subject == "You already have an account"
    assert authenticate(email="member@example.com", password=PASSWORD) is None


@pytest.mark.parametrize("address", ["second@example.com", "left@example.com"])
def test_secondary_addresses_and_those_of_deleted_accounts_are_known(by, member, stranger, address):
    EmailAddressFactory.create(user=member, email="second@example.com")
    User.objects.filter(pk=stranger.pk).update(email="left@example.com", is_active=False)

    with track_changes() as changes:
        assert said(by("anonymous").post(PATH, {**NEWCOMER, "email": address})) == ACCEPTED

    assert changes.only_an_email


def test_an_unverified_secondary_address_is_free(by, stranger):
    EmailAddressFactory.create(user=stranger, email="newcomer@example.com", verified=False)

    assert said(by("anonymous").post(PATH, NEWCOMER)) == ACCEPTED
    assert User.objects.filter(email="newcomer@example.com").exists()


def test_registering_twice_creates_one_account_and_sends_one_email(by):
    by("anonymous").post(PATH, NEWCOMER)

    with track_changes() as changes:
        answer = said(by("anonymous").post(PATH, {**NEWCOMER, "password": "another-password-entirely"}))

    assert answer == ACCEPTED
    assert changes.nothing
    assert len(account_emails()) == 1
    assert authenticate(email="newcomer@example.com", password=PASSWORD) is not None


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"email": None}, {"email": ["This field may not be null."]}),
        ({"email": "nobody"}, {"email": ["Enter a valid email address."]}),
        (
            {"email": "ſomebody@example.com"},
            {"email": ["Email addresses with letters such as “ſ” (U+017F) before the @ are not supported."]},
        ),
        ({"email": "erased-1@erased.invalid"}, {"email": ["This email address is reserved. It belongs to nobody."]}),
        ({"email": 5}, {"email": ["Not a valid string."]}),
        ({"email": f"{'a' * 250}@example.com"}, {"email": ["The part before the @ is too long."]}),
        (
            {"password": "short"},
            {
                "password": [
                    "This password is too short. It must contain at least 8 characters.",
                ]
            },
        ),
        ({"password": "password123"}, {"password": ["This password is too common."]}),
        ({"password": "19283746556473"}, {"password": ["This password is entirely numeric."]}),
        (
            {"password": "newcomer@example"},
            {"password": ["The password is too similar to the email."]},
        ),
        (
            {"firstName": "Margarethe", "password": "margarethe1"},
            {"password": ["The password is too similar to the first name."]},
        ),
        ({"firstName": "a\u202eb"}, {"firstName": ["The character U+202E at position 2 is not allowed here."]}),
        ({"lastName": "x" * 129}, {"lastName": ["Ensure this field has no more than 128 characters."]}),
        ({"isStaff": True}, {"isStaff": ["This field is unknown."]}),
        ({"kind": "system"}, {"kind": ["This field is unknown."]}),
    ],
)
def test_errors_name_the_invalid_input(by, changes, faults):
    with track_changes() as watched:
        assert said(by("anonymous").post(PATH, NEWCOMER | changes)) == invalid(**faults)

    assert watched.nothing
    assert account_emails() == []


def test_address_and_password_are_needed(by):
    required = ["This field is required."]

    assert said(by("anonymous").post(PATH, {"firstName": "New"})) == invalid(email=required, password=required)


def test_a_weak_password_is_refused_for_known_addresses_too(by, member):
    weak = {"password": "12345678901"}

    answers = [said(by("anonymous").post(PATH, {"email": e, **weak})) for e in ("member@example.com", "no@example.com")]

    assert answers[0] == answers[1]
    assert answers[0][0] == 400


def test_one_network_can_register_twenty_times_a_minute(by):
    answers = [by("anonymous").post(PATH, NEWCOMER | {"email": f"n{i}@example.com"}) for i in range(21)]

    assert [answer.status_code for answer in answers] == [202] * 20 + [429]
    assert said(answers[-1]) == refused(
        429, "too_many_registrations", "There were many registrations from your network. Try again in a minute."
    )
    assert answers[-1]["Retry-After"] == "60"


@pytest.mark.parametrize("method", [Method.JWT, Method.SESSION])
def test_with_a_credential_the_names_are_set(by, member, method):
    with track_changes() as changes:
        answer = said(by("member", method=method).post(PATH, {"firstName": "Mia", "lastName": "Member"}))

    assert answer == success(
        "User registered successfully", user_row(member) | {"firstName": "Mia", "lastName": "Member"}, 201
    )
    assert changes.tables == {"accounts.User": (0, 1, 0)}
    assert [(told.kind, told.method, told.changed) for told in changes.events] == [
        ("user.profile_updated", str(method), ["first_name", "last_name"])
    ]


def test_without_names_nothing_changes(by, member):
    with track_changes() as changes:
        assert said(by("member").post(PATH, {})) == success("User registered successfully", user_row(member), 201)

    assert changes.nothing


def test_with_a_credential_address_and_password_are_refused(by, member):
    leave_out = ["Leave this out: your credential identifies your account."]

    with track_changes() as changes:
        assert said(by("member").post(PATH, NEWCOMER)) == invalid(email=leave_out, password=leave_out)

    assert changes.nothing


def test_a_key_cannot_register(by, member):
    status, body = said(by("member", method=Method.API_KEY).post(PATH, {"firstName": "Robot"}))

    assert (status, body["error"]["code"]) == (403, "credential_not_allowed")


def test_both_responses_are_documented(client):
    responses = json.loads(client.get(f"{API}/openapi.json").content)["paths"][PATH]["post"]["responses"]

    data = {
        status: responses[status]["content"]["application/json"]["schema"]["properties"]["data"]
        for status in ("201", "202")
    }
    assert data["201"] == {"$ref": "#/components/schemas/User"}
    assert data["202"]["type"] == "null"
    assert responses["202"]["description"] == ACCEPTED[1]["message"]
