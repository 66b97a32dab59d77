"""Which staff member may act on which account. Nobody gets rights in the admin that the acting staff member lacks."""

from accounts.models import User
from accounts.principals import Principal, has_more_rights, may_act_as_staff
from core.errors import Denied


class AccountNotYours(Denied):
    """The caller is neither the account's owner nor staff."""

    message = "Only the owner of the account or staff can do this."


class AccountHasMoreRights(Denied):
    """A staff member would act on an account with permissions in the admin that the staff member lacks."""

    message = "This account has rights in the admin that you do not have."


class StaffPermissionMissing(Denied):
    """A staff member lacks the Django permission for this."""

    message = "You lack the permission for this."


class OwnAccount(Denied):
    """A staff member would help themselves in the admin, or change their own staff role."""

    message = "This is your own account. Use the account pages, or ask another staff member."


def require_staff_over(by: Principal, user: User) -> None:
    """Raise AccountNotYours unless the caller is staff, and AccountHasMoreRights if the account has more rights."""
    if not by.is_staff or by.user is None:
        raise AccountNotYours
    if not may_act_on(by.user, user):
        raise AccountHasMoreRights


def require_staff_over_other(by: Principal, user: User, permission: str) -> None:
    """Require staff with this Django permission, and the account of somebody else without more rights.

    Raises AccountNotYours, StaffPermissionMissing, OwnAccount, AccountHasMoreRights.
    """
    if not by.is_staff or by.user is None:
        raise AccountNotYours
    if not may_act_as_staff(by.user, permission):
        raise StaffPermissionMissing
    if by.user == user:
        raise OwnAccount
    require_staff_over(by, user)


def may_act_on(staff: User, user: User) -> bool:
    """Return whether a staff member has at least the rights of this account."""
    return not has_more_rights(user, than=staff)


def may_act_on_other(staff: User, user: User) -> bool:
    """Return whether the account is not the staff member's own, and has no rights that the staff member lacks."""
    return staff != user and may_act_on(staff, user)
