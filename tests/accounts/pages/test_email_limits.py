"""Nobody can flood a mailbox with emails about an account: each kind is bounded per address, hour and day."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from tests.factories import UserFactory
from tests.support.outbox import account_emails
from tests.support.pages import visible_text
from tests.support.people import PASSWORD


@pytest.fixture
def pass_time(monkeypatch):
    """Return a function that moves the clock of the rate limits, and of nothing else."""
    moved = timedelta()

    class Clock:
        monotonic, sleep = time.monotonic, time.sleep

        @staticmethod
        def time() -> float:
            return (datetime.now(UTC) + moved).timestamp()

    def move(**time: float) -> None:
        nonlocal moved
        moved += timedelta(**time)

    monkeypatch.setattr("allauth.core.internal.ratelimit.time", Clock)
    return move


def reset(client, ip="127.0.0.1", address="member@example.com"):
    response = client.post("/accounts/password/reset/", {"email": address}, REMOTE_ADDR=ip)
    account_emails()
    return response


def test_resets_of_one_address_are_bounded_per_hour_and_per_day(member, mailoutbox, pass_time):
    sent = []
    for number in range(4):
        for attempt in range(7):
            reset(Client(), f"203.0.113.{number * 10 + attempt}")
        sent.append(len(mailoutbox))
        pass_time(hours=1, seconds=1)

    assert sent == [5, 10, 10, 10]


def test_the_page_says_that_there_were_too_many(client, member):
    for _ in range(6):
        response = reset(client)

    assert (response.status_code, visible_text(response)[0]) == (429, "Too many attempts")


def test_another_spelling_of_the_address_is_the_same_address(member, mailoutbox):
    for number in range(3):
        for spelling in ("member@example.com", "Member@example.com", "MEMBER@EXAMPLE.COM"):
            reset(Client(), f"203.0.113.{number}", spelling)

    assert len(mailoutbox) == 5


def sign_up(address, number):
    form = {"email": address, "password1": PASSWORD}
    Client().post("/accounts/signup/", form, REMOTE_ADDR=f"203.0.113.{number}")


def sign_in_unproven(address, number):
    UserFactory._meta.model.objects.filter(email=address).exists() or UserFactory.create(
        email=address, password=PASSWORD, unverified=True
    )
    Client().post("/accounts/login/", {"login": address, "password": PASSWORD}, REMOTE_ADDR=f"203.0.113.{number}")


def claim(address, number):
    claimant = Client()
    claimant.force_login(UserFactory.create())
    claimant.post("/accounts/email/", {"action_add": "", "email": address})


def register(address, number):
    body = {"email": address, "password": PASSWORD}
    ip = f"203.0.113.{number}"
    Client().post("/api/v0/users/register", body, content_type="application/json", REMOTE_ADDR=ip)


@pytest.mark.parametrize("request_", [sign_up, sign_in_unproven, claim, register])
def test_every_form_that_sends_an_email_is_bounded(db, mailoutbox, pass_time, request_):
    for number in range(24):
        request_("victim@example.com", number)
        account_emails()
        pass_time(minutes=4)  # longer than the pause between two confirmations

    kinds = [message.subject for message in mailoutbox]
    assert max(kinds.count(kind) for kind in kinds) <= 10
    assert len(mailoutbox) <= 11  # the first sign-up confirms, the others say that there is an account
