"""Which staff member may act on which account. Nobody gets rights in the admin that the acting staff member lacks.

Nobody helps themselves: staff invite no address of their own, and change no role of their own.
"""

from allauth.account.models import EmailAddress

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
    """A staff member would act in the admin on their own account, membership or address."""

    message = "This is your own account. Use the account pages, or ask another staff member."


def require_staff_over(by: Principal, user: User) -> None:
    """Require staff, and the account of somebody else without more rights.

    Raises AccountNotYours, OwnAccount, AccountHasMoreRights.
    """
    if not by.is_staff or by.user is None:
        raise AccountNotYours
    require_other(by, user)
    if not may_act_on(by.user, user):
        raise AccountHasMoreRights


def require_permitted_staff_over(by: Principal, user: User, permission: str) -> None:
    """Require staff with this Django permission, and the account of somebody else without more rights.

    Raises AccountNotYours, StaffPermissionMissing, OwnAccount, AccountHasMoreRights.
    """
    if not by.is_staff or by.user is None:
        raise AccountNotYours
    if not may_act_as_staff(by.user, permission):
        raise StaffPermissionMissing
    require_staff_over(by, user)


def require_other(by: Principal, whom: User | str) -> None:
    """Raise OwnAccount if staff would act on their own account or address (``is_own``). Others act for themselves."""
    if by.is_staff and by.user and is_own(by.user, whom):
        raise OwnAccount


def may_act_on(staff: User, user: User) -> bool:
    """Return whether the account is not the staff member's own, and has no rights that the staff member lacks."""
    return not is_own(staff, user) and not has_more_rights(user, than=staff)


def is_own(staff: User, whom: User | str) -> bool:
    """Return whether this is the staff member, or an address of their account, also an unverified one."""
    if isinstance(whom, User):
        return whom == staff
    return whom == staff.email or EmailAddress.objects.filter(user=staff, email=whom).exists()
