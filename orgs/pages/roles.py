"""The pages of roles: list, create, change, delete with reassignment."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.forms import PlainTextFormField
from core.text import IN_PLAIN_WORDS, validate_plain_text
from orgs.actions.roles import create_role, delete_role, update_role
from orgs.labels import role_label
from orgs.lookups import RoleNotFound
from orgs.models import Role
from orgs.pages.choices import RoleOfLevel, permission_choices
from orgs.pages.organization_page import FormPage, OrganizationPage
from orgs.permissions import GRANTABLE_DIRECTLY, MANAGE_MEMBERS, OWNER_ROLE, UNIT_PERMISSIONS, Level
from orgs.querysets import RoleUsage, one, roles_of, usage_of_role

VIEW = "organization-roles"
NAME_LENGTH = Role._meta.get_field("name").max_length
PERMISSIONS_OF_LEVEL = {Level.ORGANIZATION: GRANTABLE_DIRECTLY, Level.UNIT: UNIT_PERMISSIONS}


class RolePageForm(forms.Form):
    """The name of a role, and its permissions in words."""

    name = PlainTextFormField(
        label=gettext_lazy("Name"),
        max_length=NAME_LENGTH,
        validators=[validate_plain_text],
        error_messages=IN_PLAIN_WORDS,
    )
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("People with this role may"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, level: Level, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = PERMISSIONS_OF_LEVEL[level]
        self.fields["permissions"].choices = permission_choices(offered)  # type: ignore[attr-defined]

    def clean_permissions(self) -> frozenset[str]:
        """Return the permissions as the actions take them."""
        return frozenset(self.cleaned_data["permissions"])


class RolesPage(OrganizationPage):
    """The built-in roles and the organization's own roles, with their permissions."""

    view = VIEW

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the roles by level: built-in roles first, in their usual order."""
        roles = list(roles_of(self.organization))
        roles.sort(key=lambda role: (not role.is_built_in, role.pk if role.is_built_in else role.folded_name))
        levels = [
            (_("In the organization"), [role for role in roles if role.level == Level.ORGANIZATION]),
            (_("In a workspace or application"), [role for role in roles if role.level == Level.UNIT]),
        ]
        may_manage = self.permissions.permits(MANAGE_MEMBERS)
        return self.show("organizations/roles.html", levels=levels, may_manage=may_manage)


class NewRolePage(FormPage):
    """Create a role. Its level is part of the path, because it decides which permissions there are."""

    view = VIEW
    level: Level

    def find(self, **kwargs: Any) -> None:
        """Take the level from the path. Raises RoleNotFound for another word."""
        if kwargs["level"] not in Level.values:
            raise RoleNotFound
        self.level = Level(kwargs["level"])

    def get_form(self, data: Any) -> forms.Form:
        """Return the form."""
        return RolePageForm(self.level, data)

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        in_unit = self.level == Level.UNIT
        title = _("Create a role in workspaces and applications") if in_unit else _("Create a role")
        return {
            "title": title,
            "intro": _("A role can only have permissions that you have yourself."),
            "button": _("Create"),
            "back_address": self.address_of(VIEW),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Create the role."""
        role = create_role(by=self.by, organization_id=self.organization.pk, level=self.level, **given)
        messages.success(self.request, _("The role %(name)s has been created.") % {"name": role.name})
        return redirect(self.address_of(VIEW))


class OfRole(FormPage):
    """A page about one of the organization's own roles."""

    view = VIEW
    role: Role

    def find(self, **kwargs: Any) -> None:
        """Find the role. Raises RoleNotFound, also for a built-in role, which nobody can change."""
        self.role = one(roles_of(self.organization).filter(organization__isnull=False), kwargs["role_id"], RoleNotFound)


class ChangeRolePage(OfRole):
    """Change the name and the permissions."""

    def get_form(self, data: Any) -> forms.Form:
        """Return the form with the current values."""
        initial = {"name": self.role.name, "permissions": self.role.permissions}
        return RolePageForm(Level(self.role.level), data, initial=initial)

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        return {
            "title": _("Change the role %(name)s") % {"name": self.role.name},
            "intro": _("A change applies to all people who have this role, at once."),
            "button": _("Save"),
            "back_address": self.address_of(VIEW),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Save the changes."""
        update_role(by=self.by, organization_id=self.organization.pk, role_id=self.role.pk, **given)
        messages.success(self.request, _("Your changes have been saved."))
        return redirect(self.address_of(VIEW))


class DeleteRoleForm(forms.Form):
    """The role that takes the place of a deleted one."""

    reassign_to = RoleOfLevel(
        Role.objects.none(),
        label=gettext_lazy("The role that takes its place"),
        empty_label=gettext_lazy("Choose a role"),
    )


class DeleteRolePage(OfRole):
    """Say who has the role and ask which one takes its place, then delete it."""

    template = "organizations/delete_role.html"
    usage: RoleUsage

    def find(self, **kwargs: Any) -> None:
        """Find the role, and count where it is used."""
        super().find(**kwargs)
        self.usage = usage_of_role(self.organization, self.role)

    def get_form(self, data: Any) -> forms.Form:
        """Return the form, which offers the other roles of the level if the role is used."""
        form = DeleteRoleForm(data)
        if not self.usage.is_used:
            del form.fields["reassign_to"]
            return form
        others = roles_of(self.organization).filter(level=self.role.level).exclude(pk__in=[self.role.pk, OWNER_ROLE])
        form.fields["reassign_to"].queryset = others.order_by("name", "id")  # type: ignore[attr-defined]
        return form

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        return {
            "title": _("Delete the role %(name)s?") % {"name": role_label(self.role)},
            "usage": self.usage,
            "button": _("Delete"),
            "back_address": self.address_of(VIEW),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Delete the role."""
        successor = given["reassign_to"].pk if given else None
        delete_role(by=self.by, organization_id=self.organization.pk, role_id=self.role.pk, reassign_to=successor)
        messages.success(self.request, _("The role %(name)s has been deleted.") % {"name": self.role.name})
        return redirect(self.address_of(VIEW))
