"""Concurrent first requests of one person create one account, both with a token and by registration."""

from functools import partial

import pytest
from allauth.account.models import EmailAddress
from rest_framework.test import APIClient

from accounts.jwt.identities import user_of
from accounts.models import ExternalIdentity, User
from events.models import Event
from tests.accounts.jwt.test_identities import ISSUER, OTHER, claims
from tests.factories import UserFactory
from tests.races.racing import race
from tests.support.outbox import account_emails

pytestmark = [pytest.mark.django_db(transaction=True)]
AT_ONCE = 6


@pytest.mark.parametrize("address", ["newcomer@example.com", None])
def test_one_subject_many_times_is_one_person(address):
    users = race(*[partial(user_of, claims(address))] * AT_ONCE)

    assert len(set(users)) == User.objects.count() == ExternalIdentity.objects.count() == 1
    assert EmailAddress.objects.count() == (1 if address else 0)
    assert Event.objects.filter(kind="user.registered").count() == 1


def test_one_address_by_two_issuers_is_one_person_with_two_identities():
    users = race(*(partial(user_of, claims(issuer=issuer, subject=issuer)) for issuer in [ISSUER, OTHER] * 3))

    assert len(set(users)) == User.objects.count() == 1
    assert ExternalIdentity.objects.count() == 2
    assert EmailAddress.objects.get().verified


def test_one_address_of_two_subjects_of_an_issuer_goes_to_one_of_them():
    race(*(partial(user_of, claims(subject=subject)) for subject in ["a", "b"] * 3))

    assert User.objects.count() == ExternalIdentity.objects.count() == 2
    assert EmailAddress.objects.get().verified
    assert User.objects.filter(email="newcomer@example.com").count() == 1


def test_an_unverified_address_is_taken_over_once():
    squatter = UserFactory.create(email="newcomer@example.com", email_address=None)

    users = race(*[partial(user_of, claims())] * AT_ONCE)

    squatter.refresh_from_db()
    assert squatter.email is None
    assert len(set(users)) == 1
    assert User.objects.get(email="newcomer@example.com") == users[0]


def test_a_new_address_is_proven_once():
    user = user_of(claims())

    assert set(race(*[partial(user_of, claims("renamed@example.com"))] * AT_ONCE)) == {user}

    assert user.verified_addresses() == {"newcomer@example.com", "renamed@example.com"}
    assert Event.objects.filter(kind="user.address_proven").count() == 2


def test_one_address_registered_many_times_is_one_account_and_one_answer():
    body = {"email": "newcomer@example.com", "password": "correct-horse-battery"}

    answers = race(*(partial(APIClient().post, "/api/v0/users/register", body) for _ in range(AT_ONCE)))

    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    assert User.objects.count() == EmailAddress.objects.count() == Event.objects.count() == 1
    assert len(account_emails()) == 1
