"""The demo data, and browsers of staff."""

from collections.abc import Callable
from copy import deepcopy

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import User
from perfectworks.demo import World, make_world
from tests.factories import UserFactory


@pytest.fixture(scope="module")
def first_world(kept: Callable[[Callable[[], World]], World]) -> World:
    return kept(make_world)


@pytest.fixture
def world(first_world: World, db: None) -> World:
    return deepcopy(first_world)


@pytest.fixture
def staff(world: World) -> Client:
    """The browser of the staff member in the demo data."""
    client = Client()
    client.force_login(User.objects.get(email="staff@example.com"))
    return client


@pytest.fixture
def staff_member(db: None) -> User:
    return UserFactory.create(email="staff@example.com", superuser=True)


@pytest.fixture
def admin_pages(staff_member: User) -> Client:
    """The browser of a staff member without the demo data."""
    client = Client()
    client.force_login(staff_member)
    return client


@pytest.fixture
def staff_in_role(db: None) -> Callable[[str], User]:
    """Return a new staff member with the staff role of this name."""

    def member_of(role: str) -> User:
        user = UserFactory.create(email=f"{role}@example.com", staff=True)
        user.groups.add(Group.objects.get(name=role))
        return user

    return member_of


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    """Return a browser in which this user is signed in."""

    def browser(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return browser


@pytest.fixture
def staff_with_permissions(db: None) -> Callable[..., Client]:
    """Return the browser of a new staff member who has only the permissions with these names."""

    def browser(*codenames: str) -> Client:
        user = UserFactory.create(is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return browser
