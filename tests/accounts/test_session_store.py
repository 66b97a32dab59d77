"""Sessions in the database: a copy of the table opens no session, and no session lasts forever."""

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from accounts.browser_sessions import Session
from accounts.models import User
from accounts.session_store import DEVICE, SIGNED_IN_AT, SessionStore
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


def test_the_row_names_the_person_also_after_a_rotation(signed_in):
    member = User.objects.get()
    assert Session.objects.get().user == member

    session = signed_in.session
    session.cycle_key()
    assert Session.objects.get().user == member


def test_a_session_knows_in_which_browser_it_began(client):
    UserFactory.create(email="member@example.com", password=PASSWORD)
    header = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"
    client.post(
        "/accounts/login/", {"login": "member@example.com", "password": PASSWORD}, headers={"User-Agent": header}
    )

    assert client.session[DEVICE] == "Firefox, Windows"


@pytest.mark.parametrize("named", [None, "somebody else"])
def test_a_session_whose_row_does_not_name_its_person_has_ended(signed_in, named):
    """So no session is missing in the rows of a person, by which the person signs out everywhere."""
    Session.objects.update(user=UserFactory.create() if named else None)

    assert not is_open(signed_in)


def test_the_sessions_of_a_person_end_with_the_account(signed_in):
    User.objects.get().delete()

    assert not Session.objects.exists()


def test_the_migration_keeps_an_existing_table():
    migration = import_module("accounts.migrations.0021_sessions_of_people")

    migration.create_if_missing(apps, SimpleNamespace(connection=connection))  # it cannot create a table


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
