"""Tables of related rows on the admin pages of organizations, users and memberships."""

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import ExternalIdentity
from core.admin import ReadOnlyInline
from orgs.admin_states import UNIT_KINDS
from orgs.models import Membership, RoleAssignment, Unit


class MembershipInline(ReadOnlyInline):
    """The members of an organization."""

    model = Membership
    fields = readonly_fields = ("user", "role", "permission_list", "created_at")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Membership]:
        """Prefetch users and roles."""
        return Membership.objects.with_people_and_roles().select_related("organization")

    @admin.display(description=_("role"))
    def role(self, membership: Membership) -> str:
        """The organization role."""
        return membership.organization_role.name


class UnitInline(ReadOnlyInline):
    """The workspaces and applications of an organization."""

    model = Unit
    badges: ClassVar[Any] = {"kind": UNIT_KINDS}
    fields = readonly_fields = ("name", "kind", "slug")


class AddressInline(ReadOnlyInline):
    """A user's verified and unverified addresses."""

    model = EmailAddress
    verbose_name_plural = _("email addresses")
    fields = readonly_fields = ("displayed_email", "verified", "primary")


class IdentityInline(ReadOnlyInline):
    """A user's identities at external issuers."""

    model = ExternalIdentity
    fields = readonly_fields = ("issuer", "subject", "ignored_address", "ignored_reason", "created_at")


class UserMembershipInline(MembershipInline):
    """A user's memberships."""

    fields = readonly_fields = ("organization", "role", "permission_list", "created_at")


class AssignmentInline(ReadOnlyInline):
    """The roles of one member."""

    model = RoleAssignment
    fields = readonly_fields = ("role", "unit", "created_at")
