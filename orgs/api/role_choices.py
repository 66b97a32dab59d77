"""Roles in request bodies: each by its ID or by its name."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from core.api.names import camel_case
from core.api.serializers import HouseSerializer, PlainTextField, StrictUuidField
from orgs.lookups import RoleName

BY_NAME = "A role by its name instead of its ID, in any letter case: a built-in role, or one of the organization."


class RoleNameField(PlainTextField):
    """The name of a role. The actions check whether the organization has such a role."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=64, required=False, **options)

    def to_internal_value(self, data: Any) -> RoleName:
        """Return the name as a key for ``orgs.lookups.find_role``."""
        return RoleName(super().to_internal_value(data))


class RoleChoicesSerializer(HouseSerializer):
    """Move the name in each ``RoleNameField`` to the field of the same name with `_id`, unless both are given."""

    role_is_required: ClassVar[bool] = False

    @property
    def accepted(self) -> Mapping[str, Any]:  # type: ignore[override]
        """One of the two fields for each role."""
        refused: list[dict[str, Any]] = [{"required": [name, f"{name}Id"]} for name in map(camel_case, self.role_names)]
        if self.role_is_required:
            given = [{"required": [field]} for both in refused for field in both["required"]]
            refused.append({"not": {"anyOf": given}})
        return {**super().accepted, "not": refused[0] if len(refused) == 1 else {"anyOf": refused}}

    @property
    def role_names(self) -> list[str]:
        """The names of the fields that take a name."""
        return [str(field.source) for field in self.fields.values() if isinstance(field, RoleNameField)]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes with one key for each role. Raises ValidationError unless only one of two is given."""
        attrs = super().validate(attrs)
        for name in self.role_names:
            by_id = f"{name}_id"
            if name in attrs and by_id in attrs:
                shown = camel_case(name)
                raise serializers.ValidationError({shown: [f"Give either {shown} or {shown}Id."]})
            if name in attrs:
                attrs[by_id] = attrs.pop(name)
            elif self.role_is_required and by_id not in attrs:
                raise serializers.ValidationError({camel_case(by_id): ["This field is required."]})
        return attrs


class RoleChoiceSerializer(RoleChoicesSerializer):
    """A role, by its ID or by its name."""

    role_id = StrictUuidField(required=False)
    role = RoleNameField(help_text=BY_NAME)


class RequiredRoleChoiceSerializer(RoleChoiceSerializer):
    """A role, by its ID or by its name. One of the two is required."""

    role_is_required = True


class UnitRoleChoiceSerializer(RoleChoicesSerializer):
    """A role in a workspace or application, by its ID or by its name."""

    unit_role_id = StrictUuidField(required=False)
    unit_role = RoleNameField(help_text=BY_NAME)
