"""Admin of people and system users. Every button calls an action."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions.address_ownership import was_deleted_by_owner
from accounts.admin_buttons import ActionAdmin, Button
from accounts.models import User
from orgs import admin_endings
from orgs.actions import accounts
from orgs.admin_inlines import AddressInline, IdentityInline, UserMembershipInline


@admin.register(User)
class UserAdmin(ActionAdmin):
    """People and system users."""

    audited_as = "person"

    list_display = ("displayed_email", "first_name", "last_name", "kind", "is_active", "is_staff", "created_at")
    list_filter = ("kind", "is_active", "is_staff", ("deleted_at", admin.EmptyFieldListFilter), "created_at")
    search_fields = ("email", "first_name", "last_name", "=id")
    secret_fields = ("password",)
    inlines = (AddressInline, UserMembershipInline, IdentityInline)
    buttons = (
        Button("deactivate", "Deactivate", lambda by, user, _: accounts.deactivate_account(by=by, user=user),
               applies=lambda user: user.is_active, ends=admin_endings.of_deactivating),
        Button("reactivate", "Reactivate", lambda by, user, _: accounts.reactivate_account(by=by, user=user),
               applies=lambda user: not user.is_active),
        Button("delete", "Delete", lambda by, user, _: accounts.delete_account(by=by, user=user),
               applies=lambda user: user.deleted_at is None, ends=admin_endings.of_deleting, needs="delete"),
        Button("purge", "Delete permanently", lambda by, user, _: accounts.purge_account(by=by, user=user),
               applies=lambda user: user.deleted_at is not None, ends=admin_endings.of_erasing, grave=True,
               needs="delete"),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Add who closed the account."""
        return [*super().get_fields(request, obj), "closed"]

    @admin.display(description=_("closed"))
    def closed(self, user: User) -> Any:
        """Who closed the account, and whether the link of an invitation lets the person create a new one."""
        if user.is_active:
            return "–"
        if was_deleted_by_owner(user):
            return _("Deleted by the person. The emailed link of an invitation lets them create a new account.")
        if user.deleted_at:
            return _("Deleted by staff. The emailed link of an invitation does not open it again.")
        return _("Deactivated by staff. The emailed link of an invitation does not open it again.")
