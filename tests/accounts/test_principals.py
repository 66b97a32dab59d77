"""Principals consist of a user and a credential."""

import pytest

from accounts.models import User
from accounts.principals import LINK_HOLDER, SERVICE, Method, Principal, staff

PERSON, PROGRAM = User(email="owner@example.com"), User(kind=User.Kind.SYSTEM)


@pytest.mark.parametrize(
    ("user", "method", "is_person"),
    [
        (PERSON, Method.SESSION, True),
        (PERSON, Method.JWT, True),
        (PERSON, Method.OAUTH2, True),
        (PERSON, Method.API_KEY, False),
        (PERSON, Method.STAFF, False),
        (PERSON, Method.LINK, False),
        (PERSON, Method.SERVICE, False),
        (PERSON, Method.CLIENT, False),
        (PROGRAM, Method.SESSION, False),
        (PROGRAM, Method.CLIENT, False),
        (PROGRAM, Method.OAUTH2, False),
        (PROGRAM, Method.API_KEY, False),
        (None, Method.SESSION, False),
        (None, Method.LINK, False),
        (None, Method.SERVICE, False),
    ],
)
def test_who_counts_as_a_signed_in_person(user: User | None, method: Method, is_person: bool):
    by = Principal(user=user, method=method)
    assert by.is_person is is_person
    assert by.is_staff is (method == Method.STAFF)
    assert by.is_service is (method == Method.SERVICE)
    assert by.actor_id == (user.pk if user else None)


def test_every_method_is_in_the_table_above():
    assert len(Method) == 8


def test_the_service_and_the_holder_of_a_link_are_nobody():
    assert Principal(user=None, method=Method.SERVICE) == SERVICE
    assert Principal(user=None, method=Method.LINK) == LINK_HOLDER


def test_staff_act_as_staff():
    user = User(is_staff=True)
    assert staff(user) == Principal(user=user, method=Method.STAFF)


@pytest.mark.parametrize("user", [User(), User(is_staff=True, is_active=False), User(is_superuser=True)])
def test_nobody_else_does(user: User):
    with pytest.raises(ValueError, match="Only active staff"):
        staff(user)
