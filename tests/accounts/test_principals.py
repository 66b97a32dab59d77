"""Principals consist of a user and a credential."""

import pytest
from django.contrib.auth.models import Group, Permission

from accounts.models import User
from accounts.principals import LINK_HOLDER, SERVICE, Method, Principal, has_more_rights, staff
from tests.factories import UserFactory

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


CHANGE_USER = "accounts.change_user"


def with_permission(codename: str, **fields: bool) -> User:
    user = UserFactory.create(**fields)
    user.user_permissions.add(Permission.objects.get(codename=codename))
    return User.objects.get(pk=user.pk)


@pytest.mark.django_db
def test_staff_act_by_a_permission_that_they_have():
    assert staff(boss := User(is_staff=True, is_superuser=True), CHANGE_USER).user == boss
    user = with_permission("change_user", is_staff=True)
    assert staff(user, CHANGE_USER) == Principal(user=user, method=Method.STAFF)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("codename", "fields"),
    [
        ("view_user", {"is_staff": True}),
        ("change_user", {"is_staff": False}),
        ("change_user", {"is_staff": True, "is_active": False}),
        ("view_user", {"is_superuser": True}),
    ],
)
def test_nobody_else_does(codename: str, fields: dict[str, bool]):
    user = with_permission(codename, **fields)
    with pytest.raises(ValueError, match="Only active staff with the permission"):
        staff(user, CHANGE_USER)


@pytest.mark.django_db
def test_more_rights_are_permissions_that_another_lacks_even_while_inactive():
    boss = UserFactory.create(superuser=True, is_active=False)
    editor = with_permission("change_user", is_staff=True)
    viewer = with_permission("view_user", is_staff=True)
    person = UserFactory.create()
    by_group = UserFactory.create(is_active=False)
    group = Group.objects.create(name="Support")
    group.permissions.add(Permission.objects.get(codename="change_user"))
    by_group.groups.add(group)
    assert has_more_rights(boss, than=editor)
    assert not has_more_rights(editor, than=boss)
    assert not has_more_rights(boss, than=boss)
    assert has_more_rights(editor, than=viewer)
    assert has_more_rights(by_group, than=viewer)
    assert not has_more_rights(by_group, than=editor)
    assert not has_more_rights(person, than=viewer)
