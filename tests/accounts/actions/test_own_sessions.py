"""End a person's other sessions."""

from dataclasses import replace

import pytest
from django.db import DatabaseError
from django.test import Client

from accounts.actions.own_sessions import (
    BrowserNeeded,
    SessionNotFound,
    end_other_sessions,
    end_session,
    sessions_of,
)
from accounts.browser_sessions import Session
from accounts.models import User
from accounts.principals import Method, Principal
from accounts.session_store import stored_session_key
from core.errors import Unauthenticated
from events.models import Event
from tests.actions.refusing import refusing
from tests.factories import ApplicationAccessFactory, SessionFactory
from tests.support.changes import event, track_changes
from tests.support.people import session_of


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def key_of(browser: Client) -> str:
    return stored_session_key(browser.cookies["session_id"].value)


def is_signed_in(browser: Client) -> bool:
    return browser.get("/accounts/profile/").status_code == 200


@pytest.fixture
def here(member: User) -> Client:
    return browser_of(member)


@pytest.fixture
def by(member: User, here: Client) -> Principal:
    return replace(session_of(member), session_key=key_of(here))


def test_one_other_session_ends(by, member, here):
    there, elsewhere = browser_of(member), browser_of(member)

    with track_changes() as changes:
        end_session(by=by, key=key_of(there))

    assert [is_signed_in(one) for one in (here, there, elsewhere)] == [True, False, True]
    assert (changes.tables, changes.sessions) == ({}, (0, 0, 1))
    assert changes.events == [event("user.signed_out", member, member, sessions=1)]


def test_all_other_sessions_end_and_what_is_no_session_stays(by, member, stranger, here):
    others = [browser_of(member), browser_of(member)]
    of_stranger = browser_of(stranger)
    ApplicationAccessFactory.create(user=member)

    with track_changes() as changes:
        assert end_other_sessions(by=by) == 2

    assert [is_signed_in(one) for one in (here, *others, of_stranger)] == [True, False, False, True]
    assert (changes.tables, changes.sessions) == ({}, (0, 0, 2))
    assert changes.events == [event("user.signed_out", member, member, sessions=2)]


def test_without_another_session_nothing_is_recorded(by):
    with track_changes() as changes, pytest.raises(SessionNotFound):
        end_other_sessions(by=by)

    assert changes.nothing
    assert changes.sessions == (0, 0, 0)


def test_neither_this_session_nor_that_of_somebody_else_is_found(by, here, stranger):
    of_stranger = browser_of(stranger)

    with track_changes() as changes:
        for key in (key_of(here), key_of(of_stranger), "nothing", ""):
            with pytest.raises(SessionNotFound):
                end_session(by=by, key=key)

    assert changes.nothing
    assert changes.sessions == (0, 0, 0)


def test_no_session_ends_if_its_event_cannot_be_written(by, member):
    other = browser_of(member)

    with track_changes() as changes, refusing(Event), pytest.raises(DatabaseError):
        end_session(by=by, key=key_of(other))

    assert (changes.sessions, changes.events) == ((0, 0, 0), [])
    assert is_signed_in(other)


@pytest.mark.parametrize("method", [Method.JWT, Method.OAUTH2, Method.API_KEY])
def test_other_credentials_end_no_session(by, member, method):
    other = browser_of(member)

    with track_changes() as changes:
        for end in (lambda by: end_session(by=by, key=key_of(other)), lambda by: end_other_sessions(by=by)):
            with pytest.raises(BrowserNeeded):
                end(replace(by, method=method))

    assert changes.nothing
    assert changes.sessions == (0, 0, 0)


def test_a_session_that_has_ended_itself_ends_no_other(by, member):
    browser_of(member)
    Session.objects.filter(pk=by.session_key).delete()

    with track_changes() as changes, pytest.raises(Unauthenticated):
        end_other_sessions(by=by)

    assert changes.nothing
    assert changes.sessions == (0, 0, 0)


def test_the_list_has_the_sessions_in_which_the_person_is_signed_in(member, here):
    SessionFactory.create(user=member)

    assert [session.key for session in sessions_of(member)] == [key_of(here)]


def test_a_changed_password_leaves_no_other_session_in_the_list(member):
    browser_of(member)
    member.set_password("another calm and long phrase")
    member.save()

    assert sessions_of(member) == []
