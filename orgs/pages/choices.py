"""Form fields for roles, workspaces and applications, with the labels that people know."""

from collections.abc import Collection

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.labels import role_label
from orgs.models import Role, Unit
from orgs.permissions import PERMISSIONS, Level

KIND_LABELS = {Unit.Kind.WORKSPACE: gettext_lazy("Workspace"), Unit.Kind.APPLICATION: gettext_lazy("Application")}


class RoleChoiceField(forms.ModelChoiceField):
    """A role. Roles of units say so, because both levels have roles of the same name."""

    def label_from_instance(self, role: Role) -> str:
        """Return the label of the role."""
        label = role_label(role)
        return label if role.level == Level.ORGANIZATION else _("%(role)s (workspace or application)") % {"role": label}


class UnitChoice(forms.ModelChoiceField):
    """A workspace or an application."""

    def label_from_instance(self, unit: Unit) -> str:
        """Return the name and the kind."""
        return f"{unit.name} ({kind_label(unit)})"


def kind_label(unit: Unit) -> str:
    """Return what the unit is, in the reader's language."""
    return _("workspace") if unit.kind == Unit.Kind.WORKSPACE else _("application")


class RoleOfLevel(RoleChoiceField):
    """A role, where only roles of one level are offered."""

    def label_from_instance(self, role: Role) -> str:
        """Return the label of the role without its level."""
        return role_label(role)


def permission_choices(names: Collection[str]) -> list[tuple[str, str]]:
    """Return these permissions as choices, in the order in which pages show them. Each begins with a capital letter."""
    shown = [(name, str(permission.label)) for name, permission in PERMISSIONS.items() if name in names]
    return [(name, label[:1].upper() + label[1:]) for name, label in shown]
