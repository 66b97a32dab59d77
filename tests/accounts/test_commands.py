"""The commands of operators that set passwords leave the same events as the pages, by the service itself."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError

from accounts.models import User
from events.models import Event
from perfectworks.demo import make_world
from tests.actions.refusing import refusing
from tests.factories import UserFactory
from tests.support.changes import event, track_changes
from tests.support.people import PASSWORD

NEW = "another calm and long phrase"

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> User:
    return UserFactory.create(email="member@example.com", password=PASSWORD)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Type these passwords at the next prompts."""

    def type_passwords(*passwords: str) -> None:
        prompts = iter(passwords)
        monkeypatch.setattr("getpass.getpass", lambda prompt="": next(prompts))

    return type_passwords


def change_password() -> None:
    call_command("changepassword", "Member@Example.com", verbosity=0)


def create_superuser(monkeypatch: pytest.MonkeyPatch, password: str | None = NEW) -> None:
    if password is not None:
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    call_command("createsuperuser", email="Staff@Example.com", interactive=False, verbosity=0)


def test_a_password_changed_by_command_leaves_an_event(member, typed):
    typed(NEW, NEW)
    with track_changes() as changes:
        change_password()
    assert changes.events == [event("user.password_changed", member, None)]
    member.refresh_from_db()
    assert member.check_password(NEW)


def test_a_password_changed_by_command_ends_the_sessions(member, typed, client):
    client.force_login(member)
    assert client.get("/accounts/email/").status_code == 200
    typed(NEW, NEW)
    change_password()
    assert client.get("/accounts/email/").status_code == 302


def test_the_password_stays_when_its_event_cannot_be_written(member, typed):
    typed(NEW, NEW)
    with refusing(Event), pytest.raises(DatabaseError):
        change_password()
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


def test_the_command_asks_three_times_for_the_same_strong_password(member, typed, capsys):
    typed(NEW, "something else", "Summer2026", "Summer2026", NEW, NEW)
    change_password()
    shown = capsys.readouterr()
    assert "do not match" in shown.out
    assert "easy to guess" in shown.err
    typed(*[NEW, "something else"] * 3)
    with pytest.raises(CommandError, match="after 3 attempts"):
        change_password()


def test_the_command_needs_a_user_and_a_password(member, typed):
    with pytest.raises(CommandError, match="does not exist"):
        call_command("changepassword", "nobody@example.com")
    typed("")
    with pytest.raises(CommandError, match="aborted"):
        change_password()


def test_a_superuser_created_by_command_leaves_events(monkeypatch):
    with track_changes() as changes:
        create_superuser(monkeypatch)
    staff = User.objects.get(email="staff@example.com")
    assert staff.is_superuser
    assert staff.check_password(NEW)
    assert changes.events == [
        event("user.registered", staff, None, user_kind="client"),
        event("user.address_proven", staff, None),
    ]


def test_no_superuser_is_created_without_the_event(monkeypatch):
    with refusing(Event), pytest.raises(DatabaseError):
        create_superuser(monkeypatch)
    assert not User.objects.exists()


def test_a_weak_password_of_a_superuser_is_refused(monkeypatch):
    with pytest.raises(CommandError, match="easy to guess"):
        create_superuser(monkeypatch, "Summer2026")
    assert not User.objects.exists()


def test_the_question_to_bypass_the_check_changes_nothing(monkeypatch, typed):
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    typed("Summer2026", "Summer2026")
    monkeypatch.setattr("builtins.input", lambda prompt: "y")
    with pytest.raises(CommandError, match="easy to guess"):
        call_command("createsuperuser", email="staff@example.com", stdin=Terminal(), verbosity=0)
    assert not User.objects.exists()


def test_a_superuser_without_a_password_sets_it_by_an_emailed_link(monkeypatch):
    monkeypatch.delenv("DJANGO_SUPERUSER_PASSWORD", raising=False)
    create_superuser(monkeypatch, None)
    assert not User.objects.get().has_usable_password()


def test_the_people_of_the_demo_leave_events():
    people = {*make_world().people.values(), User.objects.get(email="staff@example.com")}
    registered = Event.objects.filter(kind="user.registered", actor_method="service")
    assert {person.pk for person in people} <= set(registered.values_list("subject_id", flat=True))
