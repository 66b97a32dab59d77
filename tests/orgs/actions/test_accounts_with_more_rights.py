"""No staff member acts on the account of somebody with more rights in the admin."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from accounts.principals import staff
from orgs.actions.account_rights import AccountHasMoreRights
from orgs.actions.accounts import (
    deactivate_account,
    delete_account,
    purge_account,
    reactivate_account,
)
from tests.factories import UserFactory
from tests.support.changes import track_changes

pytestmark = pytest.mark.django_db

ACTIONS = [deactivate_account, reactivate_account, delete_account, purge_account]


@pytest.fixture
def support() -> User:
    """A staff member who may only change users."""
    return staff_with("change_user")


def staff_with(*codenames: str) -> User:
    user = UserFactory.create(staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("action", ACTIONS)
def test_staff_cannot_end_or_revive_a_superuser(support: User, action: Callable[..., None]):
    for active in (True, False):
        boss = UserFactory.create(superuser=True, is_active=active)
        with track_changes() as changes, pytest.raises(AccountHasMoreRights):
            action(by=staff(support, "accounts.change_user"), user=boss)
        assert changes.nothing


@pytest.mark.parametrize("action", ACTIONS)
def test_staff_cannot_end_staff_with_another_permission(support: User, action: Callable[..., None]):
    with pytest.raises(AccountHasMoreRights):
        action(by=staff(support, "accounts.change_user"), user=staff_with("view_email"))


@pytest.mark.parametrize("action", ACTIONS)
def test_staff_act_on_people_and_on_staff_with_the_same_permissions(support: User, action: Callable[..., None]):
    action(by=staff(support, "accounts.change_user"), user=UserFactory.create())
    action(by=staff(support, "accounts.change_user"), user=staff_with("change_user"))


def test_a_superuser_acts_on_another(support: User):
    boss, other = UserFactory.create_batch(2, superuser=True)
    purge_account(by=staff(boss, "accounts.change_user"), user=other)
    assert not User.objects.filter(pk=other.pk).exists()
