"""Admin of people and system users. Every button calls an action."""

from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.actions.address_ownership import was_deleted_by_owner
from accounts.admin_buttons import ActionAdmin, Button
from accounts.models import User
from accounts.staff_roles import HELP_USER, MANAGE_STAFF, StaffRole, staff_role_of
from core.addresses import displayed_address
from core.admin import titled
from core.admin_filters import by_query, by_state
from orgs import admin_endings
from orgs.actions import account_help, accounts, staff_roles
from orgs.actions.account_rights import may_act_on
from orgs.admin_inlines import AddressInline, IdentityInline, UserMembershipInline
from orgs.admin_states import ACCOUNT_KINDS, CONDITIONS
from orgs.admin_user_forms import AddressForm, StaffRoleForm, UnverifiedAddressForm


def signs_in(user: User) -> bool:
    """Return whether this is the active account of a person."""
    return user.is_active and user.is_person


def can_get_link(user: User) -> bool:
    """Return whether the person has an address for a link to choose a new password."""
    return signs_in(user) and bool(account_help.verified_addresses(user))


@admin.register(User)
class UserAdmin(ActionAdmin):
    """People and system users."""

    audited_as = "person"

    badges: ClassVar[Any] = {"kind": ACCOUNT_KINDS, "condition": CONDITIONS}
    list_display = ("displayed_email", "first_name", "last_name", "kind", "condition", "is_staff", "created_at")
    list_filter = (
        by_state("kind", ACCOUNT_KINDS),
        by_query("state", _("state"),
                 active=(CONDITIONS["active"][0], lambda rows: rows.filter(is_active=True)),
                 deactivated=(CONDITIONS["deactivated"][0], lambda rows: rows.filter(is_active=False, deleted_at=None)),
                 deleted=(CONDITIONS["deleted"][0], lambda rows: rows.filter(deleted_at__isnull=False))),
        "is_staff", ("groups", titled(_("staff role"))), "created_at",
    )  # fmt: skip
    search_fields = ("email", "first_name", "last_name")
    searched_addresses = ("email",)
    secret_fields = ("password",)
    inlines = (AddressInline, UserMembershipInline, IdentityInline)
    buttons = (
        Button("two-factor", _("Remove two-factor authentication"),
               lambda by, user, _: account_help.remove_two_factor(by=by, user=user), needs=HELP_USER,
               applies=lambda user: signs_in(user) and Authenticator.objects.filter(user=user).exists(),
               permits=may_act_on, ends=admin_endings.of_removing_two_factor),
        Button("reset", _("Send password reset"),
               lambda by, user, given: account_help.send_password_reset(by=by, user=user, **given), needs=HELP_USER,
               applies=can_get_link, permits=may_act_on, form=AddressForm),
        Button("verify", _("Verify address"),
               lambda by, user, given: account_help.confirm_address(by=by, user=user, **given), needs=HELP_USER,
               applies=lambda user: signs_in(user) and bool(account_help.confirmable_addresses(user)),
               permits=may_act_on, form=UnverifiedAddressForm, ends=admin_endings.of_confirming_address),
        Button("sessions", _("End sessions"),
               lambda by, user, _: account_help.end_sessions(by=by, user=user), needs=HELP_USER,
               applies=signs_in, permits=may_act_on, ends=admin_endings.of_ending_sessions),
        Button("secure", _("Secure account"),
               lambda by, user, given: accounts.secure_account(by=by, user=user, **given), needs=HELP_USER,
               applies=can_get_link, permits=may_act_on, form=AddressForm, ends=admin_endings.of_securing,
               grave=True),
        Button("staff-role", _("Change staff role"),
               lambda by, user, given: staff_roles.change_staff_role(by=by, user=user, **given), needs=MANAGE_STAFF,
               applies=signs_in, permits=may_act_on, form=StaffRoleForm,
               ends=admin_endings.of_changing_staff_role),
        Button("deactivate", _("Deactivate"), lambda by, user, _: accounts.deactivate_account(by=by, user=user),
               applies=lambda user: user.is_active, permits=may_act_on, ends=admin_endings.of_deactivating),
        Button("reactivate", _("Reactivate"), lambda by, user, _: accounts.reactivate_account(by=by, user=user),
               applies=lambda user: not user.is_active, permits=may_act_on),
        Button("delete", _("Delete"), lambda by, user, _: accounts.delete_account(by=by, user=user),
               applies=lambda user: user.deleted_at is None and not accounts.owns_any_alone(user), permits=may_act_on,
               ends=admin_endings.of_deleting, needs="delete"),
        Button("purge", _("Delete permanently"), lambda by, user, _: accounts.purge_account(by=by, user=user),
               applies=lambda user: user.deleted_at is not None, permits=may_act_on, ends=admin_endings.of_erasing,
               grave=True, needs="delete"),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Add the rights in the admin, and who closed the account."""
        return [*super().get_fields(request, obj), "staff_role", "given_by_hand", "closed"]

    @admin.display(description=_("staff role"))
    def staff_role(self, user: User) -> Any:
        """The label of the staff role."""
        role = staff_role_of(user)
        return role.label if role else "–"

    @admin.display(description=_("groups and permissions given by hand"))
    def given_by_hand(self, user: User) -> str:
        """The groups and permissions that operators gave, beside the staff role. No page changes them."""
        groups = user.groups.exclude(name__in=StaffRole.values).order_by("name").values_list("name", flat=True)
        permissions = user.user_permissions.order_by("content_type__app_label", "codename")
        names = [
            *groups,
            *(f"{p.content_type.app_label}.{p.codename}" for p in permissions.select_related("content_type")),
        ]
        return format_html_join("", "<div>{}</div>", ((name,) for name in names)) or "–"

    @admin.display(description=_("email address"), ordering="email")
    def displayed_email(self, row: User) -> str:
        """Return the address. Service accounts have none, but their rows need a link."""
        return displayed_address(row.email) if row.email else "–"

    @admin.display(description=_("state"), ordering="is_active")
    def condition(self, user: User) -> str:
        """Whether the account is active, deactivated or deleted."""
        if user.is_active:
            return "active"
        return "deleted" if user.deleted_at else "deactivated"

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
