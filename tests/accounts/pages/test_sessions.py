"""``/accounts/sessions/``: where a person is signed in."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.browser_sessions import Session
from accounts.models import User
from accounts.session_store import DEVICE, stored_session_key
from tests.support.changes import track_changes
from tests.support.pages import visible_text
from tests.support.queries import assert_queries

PAGE = "/accounts/sessions/"
NOTE = [
    "The times are accurate to ten minutes. API keys and",
    "applications with access to your account",
    "are not in this list, and keep their access.",
]


def browser_of(user: User, device: str, **options: Any) -> Client:
    browser = Client(**options)
    browser.force_login(user)
    session = browser.session
    session[DEVICE] = device
    session.save()
    return browser


def key_of(browser: Client) -> str:
    return stored_session_key(browser.cookies["session_id"].value)


@pytest.fixture
def here(member: User) -> Client:
    """The browser in which the member has just signed in."""
    browser = browser_of(member, "Firefox, Windows", enforce_csrf_checks=True)
    signed_in(browser, member, timezone.now())
    return browser


def signed_in(browser: Client, member: User, at: datetime) -> None:
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": at.timestamp()}]
    session["account_authentication_methods_user"] = str(member.pk)
    session.save()


@pytest.fixture
def there(member: User) -> Client:
    return browser_of(member, "")


def submits(client: Client, path: str, **data: str) -> Any:
    token = client.get(PAGE).context["csrf_token"]
    return client.post(path, {**data, "csrfmiddlewaretoken": str(token)}, follow=True)


def shown(page: Any) -> list[str]:
    text = visible_text(page)
    return [line for line in text[text.index("Where you're signed in") + 1 :] if "less than a minute" not in line]


def test_this_browser_comes_first_and_others_can_be_signed_out(here, there):
    assert shown(here.get(PAGE)) == [
        "If you don't recognize a browser, sign out there and change your password.",
        "Firefox, Windows This browser",
        "Unknown browser",
        "Sign out there",
        "Sign out everywhere else",
        *NOTE,
    ]


def test_a_long_list_has_pages_and_this_browser_is_on_the_first(here, there):
    row = Session.objects.get(pk=key_of(there))
    copies = [Session(pk=f"copy-{number}", session_data=row.session_data, expire_date=row.expire_date, user=row.user)
              for number in range(50)]  # fmt: skip
    Session.objects.bulk_create(copies)

    first, last = here.get(PAGE), here.get(f"{PAGE}?page=2")

    assert [shown(page).count("Unknown browser") for page in (first, last)] == [49, 2]
    assert shown(first)[1] == "Firefox, Windows This browser"
    assert shown(last)[-5:-3] == ["Page 2", "Sign out everywhere else"]


def test_a_single_session_has_no_button(here):
    assert shown(here.get(PAGE))[1:] == ["Firefox, Windows This browser", *NOTE]


def test_one_browser_is_signed_out(here, there):
    page = submits(here, f"{PAGE}end/", session=key_of(there))

    assert page.redirect_chain == [(PAGE, 302)]
    assert visible_text(page)[0] == "That browser is signed out."
    assert there.get(PAGE)["Location"] == f"/accounts/login/?next={PAGE}"
    assert visible_text(submits(here, f"{PAGE}end/", session=key_of(there)))[0] == (
        "That browser was signed out already."
    )


@pytest.mark.parametrize(
    ("others", "said"),
    [(1, "You're signed out in 1 other browser."), (2, "You're signed out in 2 other browsers.")],
)
def test_all_others_are_signed_out(here, member, others, said):
    for _ in range(others):
        browser_of(member, "Firefox, Windows")

    page = submits(here, f"{PAGE}end-others/")

    assert visible_text(page)[0] == said
    assert Session.objects.get().pk == key_of(here)


@pytest.mark.parametrize("path", [f"{PAGE}end/", f"{PAGE}end-others/"])
def test_after_a_while_the_password_is_asked_for_and_leads_back(here, there, member, path):
    signed_in(here, member, timezone.now() - timedelta(minutes=16))

    with track_changes() as changes:
        page = submits(here, path, session=key_of(there))

    assert page.redirect_chain == [("/accounts/reauthenticate/?next=%2Faccounts%2Fsessions%2F", 302)]
    assert changes.events == []
    assert there.get(PAGE).status_code == 200


def test_there_may_be_no_other_any_more(here):
    assert visible_text(submits(here, f"{PAGE}end-others/"))[0] == "You're not signed in anywhere else."


def test_it_takes_a_post_with_a_csrf_token_and_somebody_who_is_signed_in(here, there):
    with track_changes() as changes:
        for path in (f"{PAGE}end/", f"{PAGE}end-others/"):
            assert here.get(path).status_code == 405
            assert here.post(path, {"session": key_of(there)}).status_code == 403
            assert Client().post(path)["Location"] == f"/accounts/login/?next={path}"

    assert changes.nothing


def test_showing_it_takes_one_query_more_however_many_sessions_there_are(here, there, member):
    browser_of(member, "Firefox, Windows")
    with assert_queries(session="SELECT django_session", user="SELECT accounts_user", sessions="SELECT django_session"):
        here.get(PAGE)


def test_a_request_writes_when_it_was_seen_only_if_the_stored_time_is_old(here):
    with assert_queries(session="SELECT django_session", user="SELECT accounts_user"):
        here.get("/accounts/profile/")

    old = timezone.now() - timedelta(minutes=11)
    Session.objects.update(last_seen_at=old)
    with assert_queries(session="SELECT django_session", seen="UPDATE django_session", user="SELECT accounts_user"):
        here.get("/accounts/profile/")
    assert Session.objects.get().last_seen_at > old
