"""Staff make other staff, within their own rights."""

import pytest
from django.contrib.auth.models import Group, Permission

from accounts.models import User
from accounts.principals import Principal, has_more_rights, staff
from accounts.staff_roles import MANAGE_STAFF, StaffRole, staff_role_of
from orgs.actions.account_rights import AccountHasMoreRights, AccountNotYours, OwnAccount, StaffPermissionMissing
from orgs.actions.staff_roles import StaffIsNoPerson, StaffRoleTooWide, change_staff_role
from orgs.locks import AccountEnded
from tests.factories import UserFactory
from tests.support.changes import event, track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db


def of_role(role: StaffRole) -> User:
    user = UserFactory.create(staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def administrator(db: None) -> User:
    return of_role(StaffRole.ADMINISTRATOR)


@pytest.fixture
def by_administrator(administrator: User) -> Principal:
    return staff(administrator, MANAGE_STAFF)


@pytest.mark.parametrize("role", StaffRole)
def test_a_person_becomes_staff(member: User, by_administrator: Principal, role: StaffRole):
    with track_changes() as changes:
        change_staff_role(by=by_administrator, user=member, role=role)
    group_id = Group.objects.get(name=role).pk
    former: dict[str, object] = {"is_staff": False, "staff_role": None, "group_ids": []}
    now: dict[str, object] = {"is_staff": True, "staff_role": role, "group_ids": [group_id]}
    assert changes.events == [
        event("user.staff_role_changed", member, by_administrator, changed=sorted(now), old=former, new=now)
    ]
    member = User.objects.get(pk=member.pk)
    assert (member.is_staff, member.is_superuser, staff_role_of(member)) == (True, False, role)
    assert member.has_perm("accounts.view_user")


def test_a_role_replaces_the_former_one_and_leaves_what_operators_gave(by_administrator: Principal):
    person, desk = of_role(StaffRole.SUPPORT), Group.objects.create(name="billing desk")
    person.groups.add(desk)
    person.user_permissions.add(Permission.objects.get(codename="view_email"))
    with track_changes() as changes:
        change_staff_role(by=by_administrator, user=person, role=StaffRole.AUDITOR)
    [change] = changes.events
    assert (change.changed, change.data) == (["group_ids", "staff_role"], {})
    assert (change.old["staff_role"], change.new["staff_role"]) == ("support", "auditor")
    assert set(change.old["group_ids"]) & set(change.new["group_ids"]) == {desk.pk}
    assert set(person.groups.values_list("name", flat=True)) == {"auditor", "billing desk"}
    assert person.user_permissions.count() == 1


def test_without_a_role_no_right_is_left(by_administrator: Principal):
    person, desk = of_role(StaffRole.SUPPORT), Group.objects.create(name="billing desk")
    person.groups.add(desk)
    person.user_permissions.add(Permission.objects.get(codename="view_email"))
    with track_changes() as changes:
        change_staff_role(by=by_administrator, user=person, role=None)
    [change] = changes.events
    assert change.old == {
        "is_staff": True,
        "staff_role": "support",
        "group_ids": sorted([Group.objects.get(name="support").pk, desk.pk]),
        "permissions": ["invitations.view_email"],
    }
    assert change.new == {"is_staff": False, "staff_role": None, "group_ids": [], "permissions": []}
    person = User.objects.get(pk=person.pk)
    assert (person.is_staff, person.get_all_permissions()) == (False, set())


def test_a_superuser_makes_another_ordinary_staff(administrator: User):
    boss, other = UserFactory.create_batch(2, superuser=True)
    change_staff_role(by=staff(boss, MANAGE_STAFF), user=other, role=StaffRole.AUDITOR)
    other = User.objects.get(pk=other.pk)
    assert (other.is_superuser, other.has_perm("accounts.delete_user")) == (False, False)
    assert has_more_rights(administrator, than=other)


def refuses(error: type[Exception], by: Principal, user: User, role: StaffRole | None) -> None:
    rights = {person.pk: person.get_all_permissions() for person in User.objects.all()}
    with track_changes() as changes, pytest.raises(error):
        change_staff_role(by=by, user=user, role=role)
    assert changes.nothing
    assert {person.pk: person.get_all_permissions() for person in User.objects.all()} == rights


@pytest.mark.parametrize("role", [*StaffRole, None])
def test_nobody_changes_their_own_role(by_administrator: Principal, role: StaffRole | None):
    assert by_administrator.user
    refuses(OwnAccount, by_administrator, by_administrator.user, role)


@pytest.mark.parametrize("role", [*StaffRole, None])
def test_an_administrator_does_not_change_a_superuser(by_administrator: Principal, role: StaffRole | None):
    refuses(AccountHasMoreRights, by_administrator, UserFactory.create(superuser=True), role)


def test_nobody_gives_a_role_with_rights_that_they_lack(member: User):
    support = of_role(StaffRole.SUPPORT)
    support.user_permissions.add(Permission.objects.get(codename="manage_staff"))
    by = staff(User.objects.get(pk=support.pk), MANAGE_STAFF)
    change_staff_role(by=by, user=member, role=StaffRole.SUPPORT)
    refuses(StaffRoleTooWide, by, member, StaffRole.ADMINISTRATOR)
    refuses(AccountHasMoreRights, by, of_role(StaffRole.ADMINISTRATOR), None)


@pytest.mark.parametrize("role", [StaffRole.SUPPORT, StaffRole.AUDITOR])
def test_only_administrators_make_staff(member: User, role: StaffRole):
    refuses(StaffPermissionMissing, staff(of_role(role), "accounts.view_user"), member, StaffRole.AUDITOR)


def test_outside_the_admin_nobody_makes_staff(member: User, administrator: User):
    refuses(AccountNotYours, session_of(administrator), member, StaffRole.AUDITOR)


def test_a_system_user_is_not_staff(by_administrator: Principal):
    refuses(StaffIsNoPerson, by_administrator, UserFactory.create(system=True), StaffRole.SUPPORT)


def test_a_closed_account_gets_no_role(by_administrator: Principal):
    refuses(AccountEnded, by_administrator, UserFactory.create(deactivated=True), StaffRole.SUPPORT)
