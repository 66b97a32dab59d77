"""Form fields for roles, workspaces and applications, with the labels that people know."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.labels import role_label
from orgs.models import Role, Unit
from orgs.permissions import Level

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


def offer(field: Any, rows: Any) -> None:
    """Let a ModelChoiceField offer these rows."""
    field.queryset = rows
