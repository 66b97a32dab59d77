"""The page of a member, and what can be done there: roles, permissions, removal, transfer of ownership, leaving."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.addresses import displayed_address
from orgs import policies
from orgs.actions import members, units
from orgs.admin_endings import of_removing
from orgs.models import Membership, Role, Unit
from orgs.pages.choices import RoleOfLevel, UnitChoice, permission_choices
from orgs.pages.navigation import manages_members
from orgs.pages.organization_page import ConfirmPage, FormPage, OrganizationPage
from orgs.permissions import GRANTABLE_DIRECTLY, MANAGE_MEMBERS, NON_ADMINISTRATIVE, OWN, UNIT_MANAGE_MEMBERS, Level
from orgs.policies import EffectivePermissions, Grant
from orgs.querysets import member_of, units_of


class MemberBase(OrganizationPage):
    """A page about one member. The person who reads it may see the member."""

    view = "organization-people"
    member: Membership

    def find(self, **kwargs: Any) -> None:
        """Load the member. Raises MemberNotFound."""
        member_id: UUID = kwargs["member_id"]
        self.member = member_of(self.by, self.organization, member_id)

    @property
    def name(self) -> str:
        """The name of the member, as the reader may see it."""
        return str(displayed_address(self.member.shown_name))

    @property
    def is_own(self) -> bool:
        """Whether the member is the reader."""
        return bool(self.by.user and self.member.user_id == self.by.user.pk)

    def address_of_member(self, view: str = "organization-member") -> str:
        """Return the address of a page about this member."""
        return self.address_of(view, member_id=self.member.pk)

    def get_back_address(self) -> str:
        """Return the address of the member's page."""
        return self.address_of_member()


class MemberPage(MemberBase):
    """The member's roles and permissions, with links to what the reader may change."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the member."""
        may_remove = can_remove(self.permissions, self.member) and not self.is_own
        links = {
            "organization-member-role": can_change(self.permissions, self.member),
            "organization-member-unit-role": self._can_have_unit_role(),
            "organization-member-transfer": self._can_become_owner(),
        }
        return self.show(
            "organizations/member.html",
            member=self.member,
            name=self.name,
            is_own=self.is_own,
            may_see_address=bool(self.member.shown_email),
            links={view.removeprefix("organization-member-").replace("-", "_"): link for view, link in links.items()},
            may_remove=may_remove,
        )

    def _can_have_unit_role(self) -> bool:
        return manages_members(self.permissions) and units_of(self.by, self.organization).exists()

    def _can_become_owner(self) -> bool:
        user = self.member.user
        return self.permissions.permits(OWN) and not self.is_own and user.is_person and user.is_active


def can_change(held: EffectivePermissions, member: Membership) -> bool:
    """Return whether a reader with these permissions may change the member's role and permissions."""
    return held.permits(MANAGE_MEMBERS) and not held.missing_for_member(member)


def can_remove(held: EffectivePermissions, member: Membership) -> bool:
    """Return whether a reader with these permissions may remove the member."""
    return held.permits(MANAGE_MEMBERS) and held.missing_for_member(member) <= NON_ADMINISTRATIVE


class MemberRoleForm(forms.Form):
    """The role in the organization, and permissions in addition to the role."""

    role_id = RoleOfLevel(Role.objects.none(), label=gettext_lazy("Role"), empty_label=None)
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions in addition to the role"), required=False, widget=forms.CheckboxSelectMultiple
    )


class MemberRole(MemberBase, FormPage):
    """Change the role and the direct permissions of a member."""

    def get_form(self, data: Any) -> forms.Form:
        """Return the form. It offers what the reader may give, and what the member has."""
        form = MemberRoleForm(
            data, initial={"role_id": self.member.organization_role.pk, "permissions": self.member.permissions}
        )
        current = self.member.organization_role.pk
        offer_roles(form.fields["role_id"], self.organization.pk, Level.ORGANIZATION, self.permissions, current)
        held = (self.permissions.organization & GRANTABLE_DIRECTLY) | set(self.member.permissions)
        form.fields["permissions"].choices = permission_choices(held)  # type: ignore[attr-defined]
        return form

    def get_context(self) -> dict[str, Any]:
        """Return the texts of the page."""
        return {
            "title": _("Role of %(name)s") % {"name": self.name},
            "button": _("Save"),
            "back_address": self.get_back_address(),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Change the role and the permissions."""
        members.change_member_roles(
            by=self.by,
            organization_id=self.organization.pk,
            membership_id=self.member.pk,
            role_id=given["role_id"].pk,
            permissions=frozenset(given["permissions"]),
        )
        messages.success(self.request, _("The role of %(name)s has been changed.") % {"name": self.name})
        return HttpResponseRedirect(self.get_back_address())


class MemberUnitRoleForm(forms.Form):
    """The role in one workspace or application."""

    unit_id = UnitChoice(Unit.objects.none(), label=gettext_lazy("Workspace or application"), empty_label=None)
    role_id = RoleOfLevel(
        Role.objects.none(),
        label=gettext_lazy("Role there"),
        required=False,
        empty_label=gettext_lazy("No role"),
        help_text=gettext_lazy("It replaces the current role there."),
    )


class MemberUnitRole(MemberBase, FormPage):
    """Give a member a role in a workspace or application, replace it, or take it away."""

    def get_form(self, data: Any) -> forms.Form:
        """Return the form. It offers the units whose members the reader manages."""
        form = MemberUnitRoleForm(data, initial={"unit_id": self.request.GET.get("unit", "")})
        shown = units_of(self.by, self.organization)
        if not self.permissions.permits(MANAGE_MEMBERS):
            shown = shown.filter(pk__in=self.permissions.units_permitting(UNIT_MANAGE_MEMBERS))
        form.fields["unit_id"].queryset = shown.order_by("name", "pk")  # type: ignore[attr-defined]
        offer_roles(form.fields["role_id"], self.organization.pk, Level.UNIT)
        return form

    def get_context(self) -> dict[str, Any]:
        """Return the texts of the page."""
        return {
            "title": _("Access of %(name)s to a workspace or application") % {"name": self.name},
            "button": _("Save"),
            "back_address": self.get_back_address(),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Set or remove the role in the unit."""
        place = {"organization_id": self.organization.pk, "unit_id": given["unit_id"].pk}
        if given["role_id"]:
            role_id = given["role_id"].pk
            units.assign_unit_role(by=self.by, **place, membership_id=self.member.pk, role_id=role_id)
        elif self.member.role_id_in(given["unit_id"].pk) is None:
            raise ValidationError({"role_id": _("This member has no role there.")})
        else:
            units.remove_unit_role(by=self.by, **place, membership_id=self.member.pk)
        messages.success(self.request, _("The access of %(name)s has been changed.") % {"name": self.name})
        return HttpResponseRedirect(self.get_back_address())


def offer_roles(
    field: Any, organization_id: UUID, level: Level, held: EffectivePermissions | None = None, current: Any = None
) -> None:
    """Let a field offer the roles of this level. With ``held``, only those that can be given, and the current one."""
    roles = Role.objects.usable_in(organization_id).filter(level=level).order_by("organization_id", "created_at", "id")
    if held is not None:
        given = [role.pk for role in roles if not held.missing_for(Grant(role))]
        roles = roles.filter(pk__in={*given, current} - {None})
    field.queryset = roles


class RemoveMember(MemberBase, ConfirmPage):
    """Remove a member."""

    def get_question(self) -> str:
        """Return the question."""
        names = {"name": self.name, "organization": self.organization.name}
        return _("Remove %(name)s from %(organization)s?") % names

    def get_effects(self) -> Sequence[str]:
        """Return what ends."""
        return of_removing(self.member)

    def get_button(self) -> str:
        """Return the label of the button."""
        return _("Remove")

    def press(self) -> str:
        """Remove the member."""
        members.remove_member(by=self.by, organization_id=self.organization.pk, membership_id=self.member.pk)
        return _("%(name)s has been removed.") % {"name": self.name}

    def get_next_address(self) -> str:
        """Return the address of the list, because the member no longer exists."""
        return self.address_of("organization-people")


class TransferOwnership(MemberBase, ConfirmPage):
    """Make another member the owner instead of the reader."""

    needs_recent_sign_in = True

    def get_question(self) -> str:
        """Return the question."""
        names = {"name": self.name, "organization": self.organization.name}
        return _("Make %(name)s the owner of %(organization)s?") % names

    def get_effects(self) -> Sequence[str]:
        """Return what changes."""
        return [
            _("%(name)s can then do everything, and can also delete the organization.") % {"name": self.name},
            _("You become an admin. Only %(name)s can make you an owner again.") % {"name": self.name},
        ]

    def get_button(self) -> str:
        """Return the label of the button."""
        return _("Transfer ownership")

    def press(self) -> str:
        """Transfer the ownership."""
        members.transfer_ownership(by=self.by, organization_id=self.organization.pk, membership_id=self.member.pk)
        return _("%(name)s is now the owner.") % {"name": self.name}


class LeaveOrganization(ConfirmPage):
    """End the reader's own membership."""

    view = "organization-people"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Ask. Tell the only owner what to do first."""
        membership = policies.find_membership(self.by.user, self.organization) if self.by.user else None
        if membership and members.owns_alone(self.organization, membership):
            people = self.organization.memberships.filter(user__is_active=True, user__kind=User.Kind.CLIENT)
            has_others = people.exclude(pk=membership.pk).exists()
            return self.show("organizations/owner_cannot_leave.html", has_others=has_others)
        return super().get(request, **kwargs)

    def get_question(self) -> str:
        """Return the question."""
        return _("Leave %(name)s?") % {"name": self.organization.name}

    def get_effects(self) -> Sequence[str]:
        """Return what ends."""
        return [
            _("You can no longer open this organization. To join again, you need a new invitation."),
            _("All your roles and permissions in it end, and your API keys for it are deleted."),
            _("Nobody can accept the invitations that you sent, until a manager sends them again."),
        ]

    def get_button(self) -> str:
        """Return the label of the button."""
        return _("Leave")

    def press(self) -> str:
        """Leave the organization."""
        members.leave_organization(by=self.by, organization_id=self.organization.pk)
        return _("You have left %(name)s.") % {"name": self.organization.name}

    def get_back_address(self) -> str:
        """Return the address of the list of people."""
        return self.address_of("organization-people")

    def get_next_address(self) -> str:
        """Return the address of the home page, because the reader can no longer open the organization."""
        return reverse("home")
