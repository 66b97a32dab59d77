"""Principals from sessions."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.principals import Method, Principal
from accounts.session_store import SessionStore, stored_session_key
from accounts.sessions import session_principal
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def request_of(rf, user, session=None):
    request = rf.get("/")
    request.user = user
    request.session = SessionStore()
    request.session.update(session or {})
    return request


def test_nobody_is_signed_in(rf):
    assert session_principal(request_of(rf, AnonymousUser())) is None


def test_a_deactivated_user_is_nobody(rf):
    user = UserFactory.create(email="member@example.com", deactivated=True)

    assert session_principal(request_of(rf, user)) is None


def test_a_session_without_a_record_of_proof_says_nothing_about_its_time(rf):
    user = UserFactory.create(email="member@example.com")

    assert session_principal(request_of(rf, user)) == Principal(user=user, method=Method.SESSION)


def test_the_last_proof_of_the_session_counts(rf):
    user = UserFactory.create(email="member@example.com")
    records = [{"method": "password", "at": 1_700_000_000.0}, {"method": "mfa", "at": 1_700_000_060.0}]
    session = {"account_authentication_methods": records, "account_authentication_methods_user": str(user.pk)}

    principal = session_principal(request_of(rf, user, session))

    assert principal == Principal(
        user=user, method=Method.SESSION, authenticated_at=datetime(2023, 11, 14, 22, 14, 20, tzinfo=UTC)
    )


def test_the_proof_of_somebody_else_does_not_count(rf):
    user = UserFactory.create(email="member@example.com")
    other = UserFactory.create(email="stranger@example.com")
    session = {
        "account_authentication_methods": [{"method": "password", "at": 1_700_000_000.0}],
        "account_authentication_methods_user": str(other.pk),
    }

    assert session_principal(request_of(rf, user, session)) == Principal(user=user, method=Method.SESSION)


def test_the_principal_knows_the_stored_form_of_the_key_only(rf):
    user = UserFactory.create(email="member@example.com")
    request = request_of(rf, user)
    request.session.create()

    principal = session_principal(request)

    assert principal is not None
    assert principal.session_key == stored_session_key(request.session.session_key)
    assert principal.session_key != request.session.session_key
