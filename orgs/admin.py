"""Admin of organizations, memberships, roles and API keys. Every button calls an action."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import (
    get_access_token_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)

from accounts.admin_buttons import ActionAdmin, Button
from accounts.models import OAuthApplication, User
from accounts.principals import Principal
from core.admin import ReadOnlyAdmin, titled
from core.admin_filters import by_query, by_state
from core.admin_long_lists import about, total_of
from core.admin_related import of_one
from orgs import admin_endings
from orgs.actions import api_keys, members, organizations
from orgs.actions.account_rights import is_own
from orgs.admin_forms import RoleForm, UnitRoleForm, change_role, change_unit_role
from orgs.admin_inlines import AssignmentInline, MembershipInline, UnitInline
from orgs.admin_states import ACCOUNT_KINDS, ACTIVE_OWNER, CONDITIONS, LEVELS, UNIT_KINDS
from orgs.models import ApiKey, Membership, Organization, OrganizationQuerySet, Role, RoleAssignment, Unit
from orgs.permissions import OWNER_ROLE, Level
from orgs.seats import seats_taken

admin.site.unregister(Group)  # `migrate` makes the groups of staff; the page of a user shows and changes the role
admin.site.unregister(EmailAddress)  # only users can verify their addresses; the page of a user lists them
admin.site.unregister(Authenticator)  # authenticators contain secrets of two-factor authentication
for credential in (
    OAuthApplication,
    get_access_token_model(),
    get_grant_model(),
    get_id_token_model(),
    get_refresh_token_model(),
):
    # The admin pages of django-oauth-toolkit show tokens, and save without our actions. ``orgs.oauth.admin`` replaces
    # the pages of applications.
    admin.site.unregister(credential)


def _seat_limit(by: Principal, organization: Organization, data: dict[str, str]) -> None:
    limit = data.get("seat_limit", "").strip()
    organizations.set_seat_limit(by=by, organization_id=organization.pk, seat_limit=int(limit) if limit else None)


def _open_invitation_limit(by: Principal, organization: Organization, data: dict[str, str]) -> None:
    limit = data.get("limit", "").strip()
    organizations.set_open_invitation_limit(
        by=by, organization_id=organization.pk, open_invitation_limit=int(limit) if limit else None
    )


def _seats_used(organization: Any) -> str:
    """Return how many seats are taken. Of many invitations, the estimate counts each as one seat."""
    reserving, is_estimated = total_of(organization.invitations.reserving_seats())
    return about(organization.member_count + reserving) if is_estimated else str(seats_taken(organization))


@admin.register(Organization)
class OrganizationAdmin(ActionAdmin):
    """Organizations with their members and units."""

    audited_as = "organization"

    badges: ClassVar[Any] = {"condition": CONDITIONS, "has_owner": ACTIVE_OWNER}
    list_display = ("name", "slug", "members", "seat_limit", "has_owner", "condition", "created_at")
    list_filter: ClassVar[Any] = (
        by_query("owner", _("owner"),
                 active=(_("with an active owner"), lambda rows: rows.filter(has_active_owner=True)),
                 none=(_("without an active owner"), OrganizationQuerySet.without_active_owner)),
        by_query("archived", _("archived"),
                 no=(_("no"), OrganizationQuerySet.live),
                 yes=(_("yes"), lambda rows: rows.filter(deleted_at__isnull=False))),
        "created_at",
    )  # fmt: skip
    search_fields = ("name", "slug", "website")
    inlines = [MembershipInline, UnitInline]
    fields: ClassVar[Any] = (
        ("name", "slug", "language"), ("seats", "has_owner", "condition", "second_factor_required"),
        ("created_at", "updated_at", "deleted_at", "legal_hold"),
        "default_role", "description", "website", "continue_url", "logo_url", "replies_go_to_inviter", "reply_to",
        "email_footer", "id",
    )  # fmt: skip
    buttons: Sequence[Button] = (
        Button("archive", _("Archive"),
               lambda by, o, _: organizations.archive_organization(by=by, organization_id=o.pk),
               applies=lambda o: not o.is_archived, ends=admin_endings.of_archiving),
        Button("restore", _("Restore"),
               lambda by, o, _: organizations.restore_organization(by=by, organization_id=o.pk),
               applies=lambda o: o.is_archived),
        Button("seats", _("Set seat limit"), _seat_limit, field=("seat_limit", _("Seats"), "number"),
               present=lambda o: "" if o.seat_limit is None else str(o.seat_limit)),
        Button("no-seat-limit", _("Remove seat limit"), _seat_limit, applies=lambda o: o.seat_limit is not None),
        Button("open-invitations", _("Set open invitation limit"), _open_invitation_limit,
               field=("limit", _("Open invitations"), "number"),
               present=lambda o: str(o.open_invitation_limit or settings.OPEN_INVITATIONS_PER_ORGANIZATION)),
        Button("default-open-invitations", _("Use default open invitation limit"), _open_invitation_limit,
               applies=lambda o: o.open_invitation_limit is not None),
        Button("hold", _("Set legal hold"),
               lambda by, o, _: organizations.set_legal_hold(by=by, organization_id=o.pk, legal_hold=True),
               applies=lambda o: not o.legal_hold, needs="delete"),
        Button("end-hold", _("End legal hold"),
               lambda by, o, _: organizations.set_legal_hold(by=by, organization_id=o.pk, legal_hold=False),
               applies=lambda o: o.legal_hold, needs="delete"),
        Button("purge", _("Delete permanently"),
               lambda by, o, _: organizations.purge_organization(by=by, organization_id=o.pk),
               applies=lambda o: o.is_archived and not o.legal_hold, ends=admin_endings.of_purging, grave=True,
               needs="delete"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Organization]:
        """Annotate the number of members, and whether an owner is active."""
        return Organization.objects.with_member_count().with_active_owner()

    @admin.display(ordering="member_count", description=_("members"))
    def members(self, organization: Any) -> int:
        """The number of members."""
        return int(organization.member_count)

    @admin.display(description=_("seats"))
    def seats(self, organization: Any) -> str:
        """Return how many seats members and invitees take, and the limit."""
        limit = organization.seat_limit
        used = {"used": _seats_used(organization), "limit": limit, "members": organization.member_count}
        if limit is None:
            return _("%(used)s taken, %(members)s of them by members. No limit.") % used
        return _("%(used)s of %(limit)s taken, %(members)s of them by members") % used

    @admin.display(description=_("active owner"))
    def has_owner(self, organization: Any) -> bool:
        """Whether an owner is active. If none is, make another member the owner."""
        return bool(organization.has_active_owner)

    @admin.display(description=_("state"), ordering="deleted_at")
    def condition(self, organization: Organization) -> str:
        """Whether the organization is active or archived."""
        return "archived" if organization.is_archived else "active"


class OrganizationRoleFilter(admin.SimpleListFilter):
    """Filter members by their organization role, not by their roles in workspaces and applications."""

    title = _("role in the organization")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the names of all organization roles. Roles of several organizations can have the same name."""
        roles = Role.objects.filter(level=Level.ORGANIZATION)
        return [(name, name) for name in roles.order_by("name").values_list("name", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the members with a role of the chosen name."""
        name = self.value()
        return queryset.filter(assignments__unit=None, assignments__role__name=name) if name else queryset


def can_be_removed(membership: Membership) -> bool:
    """Return whether the member can leave or get a lower role: an organization keeps an owner."""
    organization = membership.organization
    return not organization.is_archived and not members.owns_alone(organization, membership)


def can_become_owner(membership: Membership) -> bool:
    """Return whether the member is an active person, and not an owner yet."""
    is_owner = membership.organization_role.pk == OWNER_ROLE
    return members.can_own(membership) and not is_owner and not membership.organization.is_archived


def is_of_another(staff: User, membership: Membership) -> bool:
    """Return whether this is not the staff member's own membership."""
    return not is_own(staff, membership.user)


@admin.register(Membership)
class MembershipAdmin(ActionAdmin):
    """Memberships with their roles."""

    list_display = ("user", "organization", "role", "created_at")
    list_filter = (
        of_one("organization", Organization, _("organization")), of_one("user", User, _("user")),
        OrganizationRoleFilter, by_state("user__kind", ACCOUNT_KINDS, _("person or service account")), "created_at",
    )  # fmt: skip
    search_fields = ("user__email", "user__first_name", "user__last_name", "organization__name", "organization__slug")
    inlines = (AssignmentInline,)
    buttons = (
        Button("remove", _("Remove from organization"), lambda by, m, _: members.remove_member(
            by=by, organization_id=m.organization_id, membership_id=m.pk),
            applies=can_be_removed, ends=admin_endings.of_removing, needs="delete"),
        Button("role", _("Change role"), change_role, form=RoleForm, applies=can_be_removed,
               permits=is_of_another),
        Button("unit-role", _("Change role in a workspace or application"), change_unit_role, form=UnitRoleForm,
               applies=lambda m: not m.organization.is_archived and m.organization.units.exists(),
               permits=is_of_another),
        Button("own", _("Make owner"), lambda by, m, _: members.change_member_roles(
            by=by, organization_id=m.organization_id, membership_id=m.pk, role_id=OWNER_ROLE),
            applies=can_become_owner, permits=is_of_another, ends=admin_endings.of_making_owner),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Membership]:
        """Prefetch users, roles and organizations."""
        return Membership.objects.with_people_and_roles().select_related("organization")

    @admin.display(description=_("role"))
    def role(self, membership: Membership) -> str:
        """The organization role."""
        return membership.organization_role.name


@admin.register(Role)
class RoleAdmin(ReadOnlyAdmin):
    """Built-in roles, and custom roles of organizations."""

    badges: ClassVar[Any] = {"level": LEVELS}
    fields = ("name", "level", "organization", "permission_list", "created_at", "updated_at", "id")
    list_display = ("name", "level", "organization", "permission_list")
    list_filter = (
        by_state("level", LEVELS),
        by_query("origin", _("origin"),
                 built_in=(_("built in"), lambda rows: rows.filter(organization=None)),
                 custom=(_("of an organization"), lambda rows: rows.exclude(organization=None))),
    )  # fmt: skip
    search_fields = ("name", "organization__name", "organization__slug")
    list_select_related = ("organization",)


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(ReadOnlyAdmin):
    """Roles of members in organizations and units."""

    list_display = ("membership", "role", "unit", "created_at")

    def title_of(self, row: RoleAssignment) -> str:
        """Return the role and who has it where."""
        return f"{row.role}: {row.membership.user} · {row.unit or row.membership.organization}"

    list_filter = (("role__name", titled(_("role"))), by_state("unit__kind", UNIT_KINDS, _("workspace or application")))
    search_fields = ("membership__user__email", "membership__organization__slug", "unit__name", "unit__slug")
    list_select_related = ("membership__user", "membership__organization", "role", "unit")


@admin.register(Unit)
class UnitAdmin(ReadOnlyAdmin):
    """Workspaces and applications."""

    badges: ClassVar[Any] = {"kind": UNIT_KINDS}
    list_display = ("name", "kind", "slug", "organization", "created_at")
    list_filter = (of_one("organization", Organization, _("organization")), by_state("kind", UNIT_KINDS), "created_at")
    search_fields = ("name", "slug", "organization__name", "organization__slug")
    list_select_related = ("organization",)


@admin.register(ApiKey)
class ApiKeyAdmin(ActionAdmin):
    """API keys, without their hashes."""

    list_display = ("name", "prefix", "membership", "expires_at", "last_used_at", "created_at")
    list_filter = ("expires_at", "last_used_at", "created_at")
    search_fields = ("name", "prefix", "membership__user__email", "membership__organization__slug")
    list_select_related = ("membership__user", "membership__organization")
    secret_fields = ("secret_hash",)
    buttons = (
        Button("delete", _("Delete key"), lambda by, key, _: api_keys.delete_api_key(
            by=by, organization_id=key.membership.organization_id, key_id=key.pk),
            applies=lambda key: not key.membership.organization.is_archived, ends=admin_endings.of_deleting_key,
            grave=True, needs="delete"),
    )  # fmt: skip


import_module("orgs.admin_users")
import_module("orgs.oauth.admin")  # must come after the toolkit's page is unregistered
