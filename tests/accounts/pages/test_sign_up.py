"""The sign-up page."""

import pytest
from allauth.account.models import EmailAddress
from allauth.core import context
from django.contrib.messages.storage.fallback import FallbackStorage

from accounts.models import User
from accounts.pages.forms import SignUpForm
from accounts.passwords import PASSWORD_RULES
from tests.accounts.recent_sign_in import GRAVE_OPERATIONS_ALLOWED, statuses_of_grave_operations
from tests.factories import UserFactory
from tests.support.changes import event, track_changes
from tests.support.outbox import account_emails
from tests.support.pages import visible_text
from tests.support.people import PASSWORD

ADDRESS = "stranger@example.com"
UNSAFE = "This text has a character that can't be displayed. Please type the text instead of pasting it."


def sign_up(client, email=ADDRESS, password=PASSWORD, **name):
    return client.post("/accounts/signup/", {"email": email, "password1": password, **name})


def test_the_page_asks_for_address_and_password_and_perhaps_a_name(client, db):
    response = client.get("/accounts/signup/")

    assert response.status_code == 200
    assert visible_text(response) == [
        "Create an account",
        "Email",
        "Password",
        str(PASSWORD_RULES),
        "First name (optional)",
        "Last name (optional)",
        "Create an account",
        "Already have an account?",
        "Sign in",
    ]


def test_the_account_waits_for_the_proof_of_its_address(client, db, mailoutbox, settings):
    with track_changes() as changes:
        response = sign_up(client)

    user = User.objects.get()
    assert (response.status_code, response["Location"]) == (302, "/accounts/confirm-email/")
    assert changes.events == [event("user.registered", user, user, user_kind="client")]
    assert EmailAddress.objects.get().verified is False
    assert "_auth_user_id" not in client.session

    assert visible_text(client.get(response["Location"])) == [
        "We've emailed a confirmation link to stranger@example.com.",
        "Verify your email address",
        "Open the link in the email, and your account is ready.",
        "If it doesn't arrive within a minute, look in your spam folder.",
        "Nothing arrives? Sign in with your new password, and we'll send the email again.",
        "Sign in",
        "Wrong address? Create the account again with the right one.",
        "Create an account",
    ]
    [link] = [word for word in mailoutbox[0].body.split() if "/accounts/confirm-email/" in word]
    asked = client.get(link.removeprefix(settings.PUBLIC_BASE_URL))
    done = client.post(link.removeprefix(settings.PUBLIC_BASE_URL))

    assert visible_text(asked)[0] == "Confirm email address"
    assert (done.status_code, done["Location"]) == (302, "/")
    assert EmailAddress.objects.get().verified is True
    assert client.get("/invitations").status_code == 200


def test_a_sign_in_before_the_proof_sends_the_email_again(client, db, mailoutbox, settings):
    sign_up(client)
    for attempt in range(1, 8):
        page = client.post("/accounts/login/", {"login": ADDRESS, "password": PASSWORD}, follow=True)
        assert "Verify your email address" in visible_text(page)
        account_emails()
        assert len(mailoutbox) == 1 + min(attempt, 5)
    client.post("/accounts/login/", {"login": ADDRESS, "password": "a wrong password"})
    assert len(mailoutbox) == 6

    [link] = [word for word in mailoutbox[-1].body.split() if "/accounts/confirm-email/" in word]
    client.post(link.removeprefix(settings.PUBLIC_BASE_URL))
    assert EmailAddress.objects.get().verified is True


def test_the_proof_opens_no_session_in_another_browser(client, db, mailoutbox, settings):
    sign_up(client)
    client.cookies.clear()
    [link] = [word for word in mailoutbox[0].body.split() if "/accounts/confirm-email/" in word]

    done = client.post(link.removeprefix(settings.PUBLIC_BASE_URL))

    assert (done.status_code, done["Location"]) == (302, "/accounts/login/")
    assert EmailAddress.objects.get().verified is True
    assert client.get("/invitations").status_code == 302


def test_a_name_may_be_given(client, db):
    sign_up(client, first_name=" Mia ", last_name="Rivers")

    assert User.objects.get().get_full_name() == "Mia Rivers"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ({"last_name": "calm\u200blong"}, {"last_name": [UNSAFE]}),
        ({"first_name": PASSWORD}, {"password1": ["The password is too similar to the first name."]}),
    ],
    ids=["a name that is none", "a password that is the name"],
)
def test_a_name_is_looked_at(client, db, name, complaint):
    with track_changes() as changes:
        response = sign_up(client, **name)

    assert response.status_code == 200
    assert response.context["form"].errors == complaint
    assert changes.nothing


def test_an_address_with_an_account_gets_the_same_response(client, db, mailoutbox):
    UserFactory.create(email="stranger@example.com")

    with track_changes() as changes:
        response = sign_up(client, first_name="Mia")

    assert (response.status_code, response["Location"]) == (302, "/accounts/confirm-email/")
    assert changes.only_an_email
    assert [message.to for message in mailoutbox] == [[ADDRESS]]


def test_somebody_who_took_the_address_a_moment_ago_is_no_failure(rf, client, db, mailoutbox):
    request = rf.post("/accounts/signup/")
    request.session = client.session
    request._messages = FallbackStorage(request)
    with context.request_context(request):
        form = SignUpForm({"email": ADDRESS, "password1": PASSWORD})
        assert form.is_valid()
        UserFactory.create(email="stranger@example.com")

        user, response = form.try_save(request)

    assert (user, response.status_code, response["Location"]) == (None, 302, "/accounts/confirm-email/")
    assert [message.subject for message in mailoutbox] == ["You already have an account"]


@pytest.mark.parametrize("address", ["", "nobody", "ſ@example.com", "a..b@example.com", "x" * 65 + "@example.com"])
def test_what_is_no_address_is_refused(client, db, address):
    with track_changes() as changes:
        response = sign_up(client, address)

    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {"email"}
    assert changes.nothing


def test_the_address_is_stored_in_its_one_form(client, db):
    sign_up(client, " Stranger@EXAMPLE.com ")

    assert User.objects.get().email == ADDRESS
    assert EmailAddress.objects.get().email == ADDRESS


def test_whoever_has_just_signed_up_counts_as_recently_signed_in(client, db, mailoutbox, settings):
    sign_up(client)
    [link] = [word for word in mailoutbox[0].body.split() if "/accounts/confirm-email/" in word]
    client.post(link.removeprefix(settings.PUBLIC_BASE_URL))

    assert statuses_of_grave_operations(client) == GRAVE_OPERATIONS_ALLOWED
