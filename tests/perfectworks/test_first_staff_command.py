"""Test ``manage.py create_first_staff``, which containers run at each start."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.email.models import AccountEmail
from accounts.models import User
from tests.factories import UserFactory
from tests.support.changes import event, track_changes

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

PASSWORD = "a calm and long phrase"


@pytest.fixture(autouse=True)
def first_staff(settings):
    settings.FIRST_STAFF_EMAIL, settings.FIRST_STAFF_PASSWORD = "Root@Example.com", PASSWORD


def run(**options):
    out = StringIO()
    call_command("create_first_staff", stdout=out, **options)
    return out.getvalue()


def test_it_creates_a_superuser_who_can_sign_in():
    with track_changes() as changes:
        out = run()

    user = User.objects.get()
    assert out == "Created the superuser root@example.com, who signs in with FIRST_STAFF_PASSWORD.\n"
    assert (user.email, user.is_superuser, user.is_staff) == ("root@example.com", True, True)
    assert user.check_password(PASSWORD)
    assert changes.events == [
        event("user.registered", user, None, user_kind="client"),
        event("user.address_proven", user, None),
    ]


def test_without_a_password_the_person_chooses_one_by_email(settings, mailoutbox, client):
    settings.FIRST_STAFF_PASSWORD = ""

    out = run()

    user = User.objects.get()
    assert out == "Created the superuser root@example.com, who gets an email with a link to choose a password.\n"
    assert not user.has_usable_password()
    assert [(email.purpose, email.recipient) for email in AccountEmail.objects.all()] == [
        ("password_reset_key", "root@example.com")
    ]
    [email] = mailoutbox
    [link] = [word for word in email.body.split() if "/password/reset/key/" in word]
    form = client.get(link, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD})
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_again_it_changes_nothing(settings):
    run()
    settings.FIRST_STAFF_EMAIL, settings.FIRST_STAFF_PASSWORD = "other@example.com", "another calm and long phrase"

    with track_changes() as changes:
        assert run() == "There is a superuser. No account was created.\n"

    assert (changes.events, User.objects.get().check_password(PASSWORD)) == ([], True)


def test_it_says_as_json_whether_it_created_one():
    assert json.loads(run(json=True)) == {
        "created": True,
        "text": "Created the superuser root@example.com, who signs in with FIRST_STAFF_PASSWORD.",
    }
    assert json.loads(run(json=True)) == {"created": False, "text": "There is a superuser. No account was created."}


def test_without_an_address_it_does_nothing(settings):
    settings.FIRST_STAFF_EMAIL = ""

    assert run() == "FIRST_STAFF_EMAIL is not set. No account was created.\n"
    assert not User.objects.exists()


def test_a_superuser_who_is_deactivated_does_not_count():
    UserFactory.create(superuser=True, is_active=False)

    assert run().startswith("Created the superuser root@example.com")


def test_an_account_that_exists_gets_no_rights():
    user = UserFactory.create(email="root@example.com")

    with pytest.raises(CommandError, match=r"^root@example\.com has an account that is not a superuser\."):
        run()

    user.refresh_from_db()
    assert (user.is_superuser, user.is_staff) == (False, False)


@pytest.mark.parametrize(
    ("address", "password", "sentence"),
    [("root@example.com", "Summer2026", "easy to guess"), ("root@local host", PASSWORD, "root@local host")],
)
def test_a_wrong_value_is_refused_without_the_password(settings, address, password, sentence):
    settings.FIRST_STAFF_EMAIL, settings.FIRST_STAFF_PASSWORD = address, password

    with pytest.raises(CommandError, match=sentence) as refused:
        run()

    assert password not in str(refused.value)
    assert not User.objects.exists()
