"""Every link in a mail about accounts is on our public address, whatever host a request names."""

import pytest

from tests.accounts.pages.conftest import PASSWORD
from tests.reading import text_of


@pytest.fixture(autouse=True)
def _many_hosts(settings):
    settings.PUBLIC_BASE_URL = "https://perfectworks.test"
    settings.ALLOWED_HOSTS = ["other.test", "testserver"]


def links(message):
    return [word for word in message.body.split() if "://" in word]


def post(client, path, **form):
    return client.post(path, form, headers={"Host": "other.test"})


def test_the_link_that_proves_an_address(client, db, mailoutbox):
    post(client, "/accounts/signup/", email="stranger@example.com", password1=PASSWORD)

    [message] = mailoutbox
    assert message.subject == "Please confirm your email address"
    assert all(link.startswith("https://perfectworks.test") for link in links(message))
    assert any(link.startswith("https://perfectworks.test/accounts/confirm-email/") for link in links(message))


def test_the_link_to_a_new_password(client, member, mailoutbox):
    post(client, "/accounts/password/reset/", email="member@example.com")

    [message] = mailoutbox
    assert all(link.startswith("https://perfectworks.test") for link in links(message))
    assert any(link.startswith("https://perfectworks.test/accounts/password/reset/key/") for link in links(message))


def test_the_links_for_somebody_who_has_an_account_already(client, member, mailoutbox):
    post(client, "/accounts/signup/", email="member@example.com", password1=PASSWORD)

    [message] = mailoutbox
    assert "other.test" not in message.body + message.subject
    assert any(link == "https://perfectworks.test/accounts/password/reset/" for link in links(message))


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/accounts/signup/", {"email": "stranger@example.com", "password1": PASSWORD}),
        ("/accounts/password/reset/", {"email": "member@example.com"}),
    ],
)
def test_without_a_mail_server_a_page_says_so_and_asking_again_helps(client, member, settings, mailoutbox, path, form):
    with_a_server = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # where nobody listens

    away = client.post(path, form)
    settings.EMAIL_BACKEND = with_a_server
    again = client.post(path, form)

    assert (away.status_code, away["Retry-After"], text_of(away)) == (
        503,
        "5",
        [
            "This is not possible at the moment",
            "A part of this service, such as the mail server, does not answer. Please try again in a few minutes.",
            "To the start page",
        ],
    )
    assert again.status_code == 302
    assert [message.to for message in mailoutbox] == [[form["email"]]]
