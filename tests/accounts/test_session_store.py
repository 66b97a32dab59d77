"""Sessions in the database: a copy of the table opens no session, and no session lasts forever."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.session_store import SIGNED_IN_AT, SessionStore
from tests.factories import UserFactory
from tests.support.people import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client):
    UserFactory.create(email="member@example.com", password=PASSWORD)
    client.post("/accounts/login/", {"login": "member@example.com", "password": PASSWORD, "remember": "on"})
    return client


def is_open(client):
    return client.get("/invitations").status_code == 200


def test_the_table_stores_neither_the_key_nor_the_content(signed_in):
    key = signed_in.cookies["session_id"].value
    row = Session.objects.get()

    assert is_open(signed_in)
    assert key not in row.session_key
    assert len(row.session_key) == 40
    assert row.session_data.startswith("gAAAA")


def test_what_the_table_stores_is_no_session_key(signed_in):
    signed_in.cookies["session_id"] = Session.objects.get().session_key

    assert not is_open(signed_in)


def test_a_session_is_stored_read_rotated_and_deleted_by_its_key():
    session = SessionStore()
    session["color"] = "green"
    session.create()
    first = session.session_key
    session.cycle_key()
    second = session.session_key

    assert (SessionStore(first).load(), SessionStore(second).load()) == ({}, {"color": "green"})
    assert (session.exists(first), session.exists(second)) == (False, True)
    session.flush()
    assert not Session.objects.exists()


def test_a_session_of_another_key_is_empty(settings):
    session = SessionStore()
    session["color"] = "green"
    session.save()
    settings.ENCRYPTION_KEYS = ["another key"]

    assert SessionStore(session.session_key).load() == {}


class TestLifetime:
    """However active a session is, it ends some time after the sign-in."""

    def test_the_row_expires_with_the_lifetime(self, signed_in, settings):
        settings.SESSION_LIFETIME = 3600
        session = signed_in.session
        session["anything"] = "changed"
        session.save()

        assert Session.objects.get().expire_date <= timezone.now() + timedelta(hours=1)

    def test_a_session_past_its_lifetime_is_signed_out(self, signed_in, settings):
        session = signed_in.session
        session[SIGNED_IN_AT] -= settings.SESSION_LIFETIME - 60
        session.save()
        assert is_open(signed_in)

        settings.SESSION_LIFETIME -= 120
        assert not is_open(signed_in)

    def test_rotating_the_key_does_not_begin_a_new_lifetime(self, signed_in):
        session = signed_in.session
        began = session[SIGNED_IN_AT]
        session.cycle_key()

        assert session[SIGNED_IN_AT] == began

    def test_entering_the_password_again_does_not_either(self, signed_in):
        began = signed_in.session[SIGNED_IN_AT]
        signed_in.post("/accounts/reauthenticate/", {"password": PASSWORD})

        assert signed_in.session[SIGNED_IN_AT] == began
