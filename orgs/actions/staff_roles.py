"""Make a person staff, change their staff role, or take it away."""

from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import User
from accounts.principals import Principal, lacks_any
from accounts.staff_roles import MANAGE_STAFF, StaffRole, permissions_of, staff_role_of
from core.errors import Denied, Unprocessable
from events.changed_fields import describe_changes, values_of
from events.models import Event
from orgs.actions.account_rights import require_permitted_staff_over
from orgs.locks import lock_active_account

FLAGS = ("is_staff", "is_superuser")


class StaffRoleTooWide(Denied):
    """A staff member would give a staff role with permissions that the staff member lacks."""

    message = "This role has rights in the admin that you do not have."


class StaffIsNoPerson(Unprocessable):
    """A system user cannot be staff."""

    message = "Only a person can be staff."


@transaction.atomic
def change_staff_role(*, by: Principal, user: User, role: StaffRole | None) -> None:
    """Give the person this staff role instead of the current one. None ends all rights in the admin.

    With a role, a superuser becomes ordinary staff. Permissions and groups that operators gave by hand stay. With None,
    they end too. The event has the groups and permissions before and after. Raises AccountNotYours,
    StaffPermissionMissing, OwnAccount, AccountHasMoreRights, StaffRoleTooWide, StaffIsNoPerson, and AccountEnded if
    the account is not active.
    """
    account = lock_active_account(user.pk)
    require_permitted_staff_over(by, account, MANAGE_STAFF)
    if not account.is_person:
        raise StaffIsNoPerson
    if role and by.user and lacks_any(by.user, permissions_of(role)):
        raise StaffRoleTooWide
    before = _rights_of(account)
    account.is_staff, account.is_superuser = role is not None, False
    account.save(update_fields=[*FLAGS, "updated_at"])
    _replace_groups(account, role)
    changed = describe_changes(before, _rights_of(account), of=User)
    Event.objects.record("user.staff_role_changed", by=by, subject=account, **changed)


def _rights_of(account: User) -> dict[str, Any]:
    """Return the flags, the staff role, the ids of all groups, and the names of permissions given by hand."""
    permissions = account.user_permissions.values_list("content_type__app_label", "codename")
    return values_of(account, FLAGS) | {
        "staff_role": staff_role_of(account),
        "group_ids": sorted(account.groups.values_list("pk", flat=True)),
        "permissions": sorted(map(".".join, permissions)),
    }


def _replace_groups(account: User, role: StaffRole | None) -> None:
    if role is None:
        account.groups.clear()
        account.user_permissions.clear()
        return
    account.groups.remove(*Group.objects.filter(name__in=StaffRole.values))
    account.groups.add(Group.objects.get(name=role))
