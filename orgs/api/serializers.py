"""How the house API spells organizations and what belongs to them, and the bodies it takes.

The docstrings of the classes are public: the API's schema quotes them.
"""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from core.api.serializers import (
    ChoiceField,
    HouseSerializer,
    PlainMultilineTextField,
    PlainTextField,
    StrictUuidField,
    TimeField,
)
from orgs.api.fields import (
    BlankAsNullField,
    FactsField,
    LanguageField,
    PermissionsField,
    SlugSerializerField,
    WebAddressSerializerField,
)
from orgs.models import Unit
from orgs.permissions import Level


class ChangesSerializer(HouseSerializer):
    """A body whose fields are changes: PATCH may leave any of them out, and not all."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError where nothing is to change."""
        if self.partial and not attrs:
            raise serializers.ValidationError("Name at least one field to change.")
        return attrs


# Organizations


class PublicOrganizationSerializer(HouseSerializer):
    """What everybody may know of an organization."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    logo_url = BlankAsNullField()
    website = BlankAsNullField()


class OwnRoleSerializer(HouseSerializer):
    """The role that the caller has in an organization."""

    id = serializers.UUIDField(source="role_id")
    name = serializers.CharField(source="role_name")


class OrganizationSerializer(PublicOrganizationSerializer):
    """An organization as its member sees it."""

    # Of rows of `visibility.organizations_of`.

    language = LanguageField(help_text="What its mails and pages speak; null: what each reader's browser asks for.")
    seat_limit = serializers.IntegerField(allow_null=True)
    member_count = serializers.IntegerField()
    role = OwnRoleSerializer(source="*")
    created_at = TimeField()
    updated_at = TimeField()
    archived_at = TimeField(source="deleted_at", allow_null=True)


class OrganizationProfileSerializer(ChangesSerializer):
    """What an organization says of itself. Without a slug a new one gets one, and an old one keeps its own."""

    name = PlainTextField(max_length=256)
    slug = SlugSerializerField(required=False)
    description = PlainMultilineTextField(max_length=2000, allow_blank=True, default="")
    logo_url = WebAddressSerializerField(default="")
    website = WebAddressSerializerField(default="")
    language = LanguageField(default="", help_text="What its mails and pages speak.")


class StatisticsSerializer(HouseSerializer):
    """An organization in numbers."""

    members = serializers.IntegerField()
    people = serializers.IntegerField()
    system_users = serializers.IntegerField()
    owners = serializers.IntegerField()
    units = serializers.IntegerField()
    open_invitations = serializers.IntegerField()
    waiting = serializers.IntegerField()
    invitations = serializers.DictField(child=serializers.IntegerField(), help_text="How many are in each state.")
    seat_limit = serializers.IntegerField(allow_null=True)
    seats_taken = serializers.IntegerField()


class TransferSerializer(HouseSerializer):
    """Who becomes the owner."""

    member_id = StrictUuidField()


class ActorSerializer(HouseSerializer):
    """Who did it, and by which kind of credential; no id means the service itself."""

    id = serializers.UUIDField(source="actor_id", allow_null=True)
    method = serializers.CharField(source="actor_method")


class SubjectSerializer(HouseSerializer):
    """What it was done to."""

    type = serializers.CharField(source="subject_type")
    id = serializers.UUIDField(source="subject_id")


class EventSerializer(HouseSerializer):
    """Something that happened. Names and addresses are never part of it."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    at = TimeField(source="created_at")
    actor = ActorSerializer(source="*")
    subject = SubjectSerializer(source="*")
    data = FactsField()  # type: ignore[assignment]  # Serializer.data is reached by no name of ours


# Roles


class RoleReferenceSerializer(HouseSerializer):
    """A role where it is only mentioned."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class RoleSerializer(RoleReferenceSerializer):
    """A named set of permissions."""

    scope = serializers.ChoiceField(source="level", choices=Level.choices)
    permissions = PermissionsField()
    built_in = serializers.BooleanField(source="is_built_in")
    created_at = TimeField()
    updated_at = TimeField()


class RoleChangesSerializer(ChangesSerializer):
    """A role's name and what it permits."""

    name = PlainTextField(max_length=64)
    permissions = PermissionsField()


class NewRoleSerializer(RoleChangesSerializer):
    """A role to be; where it can be held never changes."""

    scope = ChoiceField(source="level", choices=Level.choices, default=Level.ORGANIZATION)


# Workspaces and applications


class UnitReferenceSerializer(HouseSerializer):
    """A workspace or an application where it is only mentioned."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Unit.Kind.choices)
    slug = serializers.CharField()
    name = serializers.CharField()


class UnitSerializer(UnitReferenceSerializer):
    """A workspace or an application."""

    picture_url = BlankAsNullField()
    created_at = TimeField()
    updated_at = TimeField()


class UnitProfileSerializer(ChangesSerializer):
    """What a workspace or an application says of itself; without a slug a new one gets one."""

    name = PlainTextField(max_length=256)
    slug = SlugSerializerField(required=False)
    picture_url = WebAddressSerializerField(default="")


class CollaboratorSerializer(HouseSerializer):
    """A member with a role in a workspace or an application."""

    # Of a RoleAssignment.

    member_id = serializers.UUIDField(source="membership_id")
    user_id = serializers.UUIDField(source="membership.user_id")
    name = serializers.CharField(source="membership.user.display_name")
    email = serializers.CharField(source="membership.user.email", allow_null=True)
    role = RoleReferenceSerializer()


class CollaboratorRoleSerializer(HouseSerializer):
    """The role to hold there."""

    role_id = StrictUuidField()


# Members


class UnitRoleSerializer(UnitReferenceSerializer):
    """A workspace or an application with the role held there."""

    # Of a RoleAssignment.

    id = serializers.UUIDField(source="unit.id")
    kind = serializers.ChoiceField(source="unit.kind", choices=Unit.Kind.choices)
    slug = serializers.CharField(source="unit.slug")
    name = serializers.CharField(source="unit.name")
    role = RoleReferenceSerializer()


class MemberSerializer(HouseSerializer):
    """A member with all it may do."""

    # Of a Membership loaded `with_people_and_roles`.

    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    kind = serializers.ChoiceField(source="user.kind", choices=User.Kind.choices)
    first_name = serializers.CharField(source="user.first_name")
    last_name = serializers.CharField(source="user.last_name")
    name = serializers.CharField(source="user.display_name")
    email = serializers.CharField(source="user.email", allow_null=True)
    avatar_url = BlankAsNullField(source="user.avatar_url")
    role = RoleReferenceSerializer(source="organization_role")
    permissions = PermissionsField(help_text="Given directly, beside the role.")
    effective_permissions = PermissionsField(help_text="What role and direct permissions amount to.")
    units = UnitRoleSerializer(source="unit_assignments", many=True)
    joined_at = TimeField(source="created_at")


class MemberChangesSerializer(ChangesSerializer):
    """Another organization role, other direct permissions, or both."""

    role_id = StrictUuidField()
    permissions = PermissionsField()
