"""The roles of staff. Each is a group of Django with the same name. Their rights: ``perfectworks/staff_roles.py``."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User

HELP_USER, MANAGE_STAFF = "accounts.help_user", "accounts.manage_staff"


class StaffRole(models.TextChoices):
    """What a staff member does. Operators can give further Django permissions by hand."""

    AUDITOR = "auditor", _("Auditor: sees everything, changes nothing")
    SUPPORT = "support", _("Support: helps people and organizations, deletes nothing")
    ADMINISTRATOR = "administrator", _("Administrator: everything, also makes staff and deletes")


def staff_role_of(user: User) -> StaffRole | None:
    """Return the user's staff role, or None for people without one, such as superusers. This runs one query."""
    names = user.groups.filter(name__in=StaffRole.values).order_by("name").values_list("name", flat=True)
    return next(map(StaffRole, names), None)


def permissions_of(role: StaffRole) -> models.QuerySet[Permission]:
    """Return the permissions that the role gives."""
    return Permission.objects.filter(group__name=role)


def restore_staff_role(role: StaffRole, permissions: Iterable[Permission], *, using: str) -> None:
    """Create the group of the role if it is missing, and give it exactly these permissions."""
    with transaction.atomic(using=using):
        group, _created = Group.objects.using(using).get_or_create(name=role.value)
        group.permissions.set(permissions)
