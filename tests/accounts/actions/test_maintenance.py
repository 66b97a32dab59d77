"""The worker deletes expired sessions."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actions import maintenance
from accounts.actions.maintenance import MAINTENANCE_TASKS, delete_expired_sessions
from accounts.browser_sessions import Session

pytestmark = pytest.mark.django_db


def create_session(key: str, *, days: int) -> None:
    """Create a session that expires in ``days`` days."""
    Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + timedelta(days=days))


def test_only_expired_sessions_are_deleted() -> None:
    assert delete_expired_sessions in MAINTENANCE_TASKS
    create_session("expired", days=-1)
    create_session("valid", days=1)

    delete_expired_sessions()

    assert Session.objects.get().session_key == "valid"


def test_many_sessions_are_deleted_in_rounds_the_oldest_first(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    monkeypatch.setattr(maintenance, "MAX_SESSION_BATCH", 2)
    for days in (-1, -3, -2):
        create_session(f"expired {days}", days=days)

    with django_assert_num_queries(2):  # one query selects the oldest sessions, one deletes them
        delete_expired_sessions()
    assert Session.objects.get().session_key == "expired -1"

    delete_expired_sessions()
    assert not Session.objects.exists()
