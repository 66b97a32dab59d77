"""Changes on account pages are recorded as events. The events contain no addresses or secrets."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.db import DatabaseError

from accounts.models import User
from events.models import Event
from tests.actions.refusing import refusing
from tests.support.changes import event, track_changes
from tests.support.people import PASSWORD

NEW = "another calm and long phrase"
SECOND = "second@example.com"


@pytest.fixture
def account_page(client: Any, member: User) -> Any:
    client.force_login(member)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def second_factor(account_page: Any) -> Callable[[], None]:
    def activate() -> None:
        form = account_page.get("/accounts/2fa/totp/activate/").context["form"]
        counter = next(yield_hotp_counters_from_time())
        code = format_hotp_value(hotp_value(form.secret, counter))
        assert account_page.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 302

    return activate


def change_password(account_page: Any) -> Any:
    passwords = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    return account_page.post("/accounts/password/change/", passwords)


def test_a_new_password(account_page, member):
    with track_changes() as changes:
        change_password(account_page)
    assert changes.events == [event("user.password_changed", member, member)]


def test_a_password_stays_when_its_event_cannot_be_written(account_page, member):
    with refusing(Event), pytest.raises(DatabaseError):
        change_password(account_page)
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


def test_a_password_set_by_an_emailed_link(client, member, mailoutbox):
    client.post("/accounts/password/reset/", {"email": "member@example.com"})
    [link] = [word for word in mailoutbox[0].body.split() if "/password/reset/key/" in word]
    opened = client.get(urlsplit(link).path)
    with track_changes() as changes:
        client.post(opened["Location"], {"password1": NEW, "password2": NEW})
    assert changes.events == [event("user.password_changed", member, member)]


def test_an_address_added_then_proven_then_made_the_main_one_then_another_removed(account_page, member, mailoutbox):
    with track_changes() as changes:
        account_page.post("/accounts/email/", {"action_add": "", "email": SECOND})
        [link] = [word for word in mailoutbox[0].body.split() if "/confirm-email/" in word]
        account_page.post(urlsplit(link).path)
        account_page.post("/accounts/email/", {"action_primary": "", "email": SECOND})
        account_page.post("/accounts/email/", {"action_remove": "", "email": "member@example.com"})
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [(SECOND, True, True)]
    assert [told.kind for told in changes.events] == [
        "user.address_added",
        "user.address_proven",
        "user.main_address_changed",
        "user.address_removed",
    ]
    assert {(told.subject, told.by) for told in changes.events} == {(("user", member.pk), member.pk)}


def test_a_second_factor_added_its_codes_renewed_and_both_given_up(account_page, member, second_factor):
    with track_changes() as changes:
        second_factor()
        account_page.post("/accounts/2fa/recovery-codes/generate/")
        account_page.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert changes.events == [
        event("user.two_factor_added", member, member, factor="totp"),
        event("user.two_factor_added", member, member, factor="recovery_codes"),
        event("user.two_factor_renewed", member, member, factor="recovery_codes"),
        event("user.two_factor_removed", member, member, factor="totp"),
        event("user.two_factor_removed", member, member, factor="recovery_codes"),
    ]
