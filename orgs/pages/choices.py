"""Form fields for roles, workspaces and applications, with the labels that people know."""

from collections.abc import Collection, Iterator
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.labels import permission_labels, role_label
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


class RolesReadOnce(ModelChoiceIterator):
    """The choices of a field for roles. The roles are read once, for the choices and for what they may do."""

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        yield from map(self.choice, self.queryset)


class RoleOfLevel(RoleChoiceField):
    """A role, where only roles of one level are offered."""

    iterator = RolesReadOnce

    @property
    def roles_in_words(self) -> list[tuple[str, str]]:
        """The label of each offered role and what it may do, for the template."""
        shown = [(role_label(role), permission_labels(role.permissions)) for role in self.queryset or ()]
        return [(label, ", ".join(labels) or _("No permissions")) for label, labels in shown]

    def label_from_instance(self, role: Role) -> str:
        """Return the label of the role without its level."""
        return role_label(role)


def permission_choices(names: Collection[str]) -> list[tuple[str, str]]:
    """Return these permissions as choices, in the order in which pages show them. Each begins with a capital letter."""
    shown = [(name, str(permission.label)) for name, permission in PERMISSIONS.items() if name in names]
    return [(name, label[:1].upper() + label[1:]) for name, label in shown]
