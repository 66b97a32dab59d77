"""Emails about accounts: wording and format."""

import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from allauth.account import app_settings

from accounts.email.notices import NOTICES
from tests.accounts.emailing import ASK, emailed, html_of
from tests.outbox.scripted_server import part
from tests.support.people import PASSWORD

BASE = "https://perfectworks.test"
LEADS_TO = re.compile(r"""(?:href|src|background|action)=["']?([^"'\s>]+)""")
WHY = f"You got this email because someone entered {{}} at {BASE}.\n"
BELONGS = f"You got this email because member@example.com belongs to your account at {BASE}.\n"
# The link and the wording of each email.
PATHS = {
    "new-account": r"/accounts/confirm-email/[\w:-]+/",
    "unproven-address": r"/accounts/confirm-email/[\w:-]+/",
    "further-address": r"/accounts/confirm-email/[\w:-]+/",
    "account-exists": r"/accounts/login/",
    "new-password": r"/accounts/password/reset/key/[\w-]+/",
    "no-account": r"/accounts/signup/",
    "new-password-from-staff": r"/accounts/password/reset/key/[\w-]+/",
    "two-factor-removed": r"/accounts/2fa/",
    "address-verified-by-staff": r"/accounts/email/",
}
WORDS = {
    "new-account": (
        "Please confirm your email address",
        "Someone, probably you, created an account for nobody@example.com. "
        "Confirm that this is your email address, and your account is ready.\n\n"
        "Confirm email address:\n\nLINK\n\nThe link expires in three days.\n\n"
        + WHY.format("nobody@example.com")
        + "If this wasn't you, you can ignore this email. Nothing happens unless you confirm.\n",
    ),
    "unproven-address": (
        "Please confirm your email address",
        "Confirm that nobody@example.com is your email address. After that, you can use it.\n\n"
        "Confirm email address:\n\nLINK\n\nThe link expires in three days.\n\n"
        + WHY.format("nobody@example.com")
        + "If this wasn't you, you can ignore this email. Nothing happens unless you confirm.\n",
    ),
    "further-address": (
        "Please confirm your email address",
        "Someone, probably you, wants to add nobody@example.com to the account member@example.com. "
        "Confirm only if this account is yours.\n\n"
        "Confirm email address:\n\nLINK\n\nThe link expires in three days.\n\n"
        + WHY.format("nobody@example.com")
        + "If this wasn't you, you can ignore this email. Nothing happens unless you confirm.\n",
    ),
    "account-exists": (
        "You already have an account",
        "Someone, probably you, tried to create an account for member@example.com. "
        "You already have one, so just sign in. If you forgot your password, you can reset it there. "
        "If you deleted the account, the link in an invitation email lets you create a new one.\n\n"
        "Sign in:\n\nLINK\n\n"
        + WHY.format("member@example.com")
        + "If this wasn't you, you can ignore this email. Your account hasn't changed.\n",
    ),
    "new-password": (
        "Choose a new password",
        "Someone, probably you, asked to reset the password for the account member@example.com.\n\n"
        "Choose a new password:\n\nLINK\n\nThe link works once and expires in three days.\n\n"
        + WHY.format("member@example.com")
        + "If this wasn't you, you can ignore this email. Your password hasn't changed.\n",
    ),
    "no-account": (
        "No account found",
        "Someone, probably you, asked to reset the password for nobody@example.com, but no active account has this "
        "address. Maybe you signed up with a different one. If you don't have an account yet, you can create one.\n\n"
        "Create an account:\n\nLINK\n\n"
        + WHY.format("nobody@example.com")
        + "If this wasn't you, you can ignore this email. Nothing was changed.\n",
    ),
    "new-password-from-staff": (
        "Choose a new password",
        "Our support team sent you this link. Open it to choose a new password for the account member@example.com.\n\n"
        "Choose a new password:\n\nLINK\n\nThe link works once and expires in three days.\n\n"
        + BELONGS
        + "Don't forward this email. Our support team never asks for the link or for your password.\n",
    ),
    "two-factor-removed": (
        "Two-factor authentication was removed",
        "Our support team removed two-factor authentication from the account member@example.com. "
        "You now sign in with your password only. Please set up two-factor authentication again.\n\n"
        "Set up two-factor authentication:\n\nLINK\n\n"
        + BELONGS
        + "If you did not ask for this, change your password now, and tell our support team.\n",
    ),
    "address-verified-by-staff": (
        "An email address was verified",
        "Our support team verified an email address of the account member@example.com. "
        "You can sign in with each verified address, and accept invitations to it.\n\n"
        "See your email addresses:\n\nLINK\n\n"
        + BELONGS
        + "If you did not ask for this, change your password now, and tell our support team.\n",
    ),
}


@pytest.fixture(autouse=True)
def _many_hosts(settings):
    settings.PUBLIC_BASE_URL, settings.PUBLIC_HOST = BASE, "perfectworks.test"
    settings.ALLOWED_HOSTS = ["other.test", "testserver"]


@pytest.fixture(params=ASK)
def kind(request):
    return request.param


def link_in(kind, message):
    [link] = re.findall(rf"^{re.escape(BASE)}{PATHS[kind]}$", message.body, re.MULTILINE)
    return link


def test_each_email_says_why_it_comes_what_it_is_for_and_what_happens_otherwise(kind, member):
    message = emailed(kind, member)

    assert (message.subject, message.body.replace(link_in(kind, message), "LINK")) == WORDS[kind]


def test_the_html_says_what_the_text_says_and_loads_nothing(kind, member):
    message = emailed(kind, member)

    html = html_of(message)
    words = " ".join(re.sub(r"<[^>]+>", " ", html.partition("</head>")[2]).split())
    said = [line.removesuffix(":") for line in [message.subject, *message.body.splitlines()] if line]
    assert [line for line in said if line not in words] == []
    assert set(LEADS_TO.findall(html)) == {link_in(kind, message)}
    assert re.findall(r"<(?:img|script|link|iframe|form|object|svg|base)\b|url\(|@import", html) == []


def test_the_link_is_on_the_public_address_whatever_host_a_request_names(kind, member):
    message = emailed(kind, member, host="other.test")

    assert link_in(kind, message)
    assert "other.test" not in message.message().as_string() + message.body + html_of(message)


def test_the_headers_are_these_and_each_is_one_line(kind, member, settings):
    settings.DEFAULT_FROM_EMAIL = "PerfectWorks <no-reply@perfectworks.test>"
    settings.PUBLIC_HOST = "perfectworks-of-a-long-name." + "x" * 40 + ".test"
    message = emailed(kind, member).message()

    head, _, _ = message.as_bytes().decode("ascii").partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    assert re.fullmatch(rf"<[0-9a-f]{{32}}@{settings.PUBLIC_HOST}>", headers.pop("Message-ID"))
    assert headers.pop("Content-Type").startswith("multipart/alternative;")
    assert headers.pop("Date")
    assert re.fullmatch(r"[0-9a-f]{32}", headers.pop("X-Request-ID"))
    assert headers == {
        "MIME-Version": "1.0",
        "Subject": WORDS[kind][0],
        "From": "PerfectWorks <no-reply@perfectworks.test>",
        "To": "nobody@example.com" if "nobody@example.com" in WORDS[kind][1] else "member@example.com",
        "Auto-Submitted": "auto-generated",
    }


def test_in_german_each_is_ascii_and_its_link_is_whole(kind, member):
    raw = emailed(kind, member, accept_language="de").message().as_bytes()

    read = message_from_bytes(raw, policy=policy.default)
    assert raw.isascii()
    assert LEADS_TO.findall(part(read, "html"))
    assert re.search(rf"^{re.escape(BASE)}{PATHS[kind]}$", part(read, "plain"), re.MULTILINE)


def test_no_two_have_the_same_id(member):
    ids = {emailed("new-password", member).extra_headers["Message-ID"] for _ in range(2)}

    assert len(ids) == 2


@pytest.mark.parametrize("kind", ["new-account", "further-address", "no-account"])
def test_nothing_that_somebody_typed_is_in_it_but_an_address_which_is_escaped(kind, member):
    member.first_name = member.last_name = "https://elsewhere.test"
    member.save()

    message = emailed(kind, member, address="o'nobody+b@example.com")

    assert "elsewhere.test" not in message.body + html_of(message)
    assert "o&#x27;nobody+b@example.com" in html_of(message)
    assert "o'nobody+b@example.com" in message.body
    assert "o'nobody" not in html_of(message)


@pytest.mark.parametrize("address", ["nobody@example.com\r\nBcc: other@example.com", "<b>nobody</b>@example.com"])
def test_what_is_no_address_gets_no_email(client, member, mailoutbox, address):
    for path, form in (("signup", {"password1": PASSWORD}), ("password/reset", {})):
        assert client.post(f"/accounts/{path}/", {"email": address, **form}).status_code == 200

    assert mailoutbox == []


def test_the_links_work_as_long_as_the_emails_say(settings):
    assert app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS == 3
    assert timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT) == timedelta(days=3)


def test_only_these_emails_are_sent(settings):
    """There are no templates for allauth's other emails. Write a template before you enable such an email."""
    assert {
        app_settings.EMAIL_NOTIFICATIONS,
        app_settings.LOGIN_BY_CODE_ENABLED,
        app_settings.PASSWORD_RESET_BY_CODE_ENABLED,
        app_settings.EMAIL_VERIFICATION_BY_CODE_ENABLED,
    } == {False}
    written = {path.stem for path in (settings.BASE_DIR / "templates" / "account" / "email").iterdir()}
    assert written == {
        "email_confirmation",
        "email_confirmation_signup",
        "account_already_exists",
        "password_reset_key",
        "unknown_account",
        "by_staff",  # what the next three share
        "password_reset_by_staff",
        "two_factor_removed",
        "address_verified_by_staff",
        *("notice", "notice_about_organization", *NOTICES),
    }
