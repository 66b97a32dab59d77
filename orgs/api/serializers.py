"""Serializers of the house API for organizations, events, roles, units and members.

The docstrings of the classes are public, because they appear in the OpenAPI schema.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from accounts.models import User
from core.api.serializers import (
    AddressSerializerField,
    ChoiceField,
    HouseSerializer,
    PlainMultilineTextField,
    PlainTextField,
    StrictBooleanField,
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
from orgs.api.role_choices import (
    BY_NAME,
    RequiredRoleChoiceSerializer,
    RoleChoiceSerializer,
    RoleChoicesSerializer,
    RoleNameField,
)
from orgs.models import Unit
from orgs.permissions import Level

REPLIES = "Whether replies to invitation emails go to the inviter. The emails then contain the inviter's address."
REPLY_TO = "The address for replies to invitation emails. Null: they go to the inviter if `repliesGoToInviter` is true."
EMAIL_FOOTER = "A text at the end of invitation emails. Links in it are not clickable."
CONTINUE = "The page that people are led to after they have joined."
SECOND_FACTOR = (
    "Whether members need two-factor authentication to use the organization in a session or through an OAuth"
    " application. It does not apply to JWTs, whose issuer decides how people sign in, and to API keys."
)

SHOWN_EMAIL = "The address. Null for system users. Without any permission in the organization, you see only your own."
DEFAULT_ROLE = "The role that invitations of this API grant if they name none. Without it, they grant `unassigned`."


class ChangesSerializer(HouseSerializer):
    """Changes of an object. PATCH needs at least one field."""

    @property
    def accepted(self) -> Mapping[str, Any]:  # type: ignore[override]
        """The minimum number of fields."""
        return {"minProperties": 1} if self.partial else {}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError for a PATCH without fields."""
        if self.partial and not attrs:
            raise serializers.ValidationError("Name at least one field to change.")
        return attrs


# Organizations


class RoleReferenceSerializer(HouseSerializer):
    """A reference to a role."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class PublicOrganizationSerializer(HouseSerializer):
    """The public profile of an organization."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    logo_url = BlankAsNullField()
    website = BlankAsNullField()


class OwnRoleSerializer(HouseSerializer):
    """Your role in an organization."""

    id = serializers.UUIDField(source="role_id")
    name = serializers.CharField(source="role_name")


class OrganizationDetailsSerializer(PublicOrganizationSerializer):
    """An organization with the fields that its members see."""

    # Serializes rows of `with_member_count`.

    language = LanguageField(
        help_text="The language of its emails and pages. Null: the language of each reader's browser."
    )
    continue_url = BlankAsNullField(help_text=CONTINUE)
    replies_go_to_inviter = serializers.BooleanField(help_text=REPLIES)
    reply_to = serializers.CharField(allow_null=True, help_text=REPLY_TO)
    email_footer = serializers.CharField(help_text=EMAIL_FOOTER)
    second_factor_required = serializers.BooleanField(help_text=SECOND_FACTOR)
    default_role = RoleReferenceSerializer(allow_null=True, help_text=DEFAULT_ROLE)
    seat_limit = serializers.IntegerField(allow_null=True)
    member_count = serializers.IntegerField()
    created_at = TimeField()
    updated_at = TimeField()
    archived_at = TimeField(source="deleted_at", allow_null=True)


class OrganizationSerializer(OrganizationDetailsSerializer):
    """An organization with the fields that its members see, and the caller's role."""

    # Serializes rows of `querysets.organizations_of`.

    role = OwnRoleSerializer(source="*")


class OrganizationProfileSerializer(RoleChoicesSerializer, ChangesSerializer):
    """The profile of an organization.

    Without a slug, a new organization gets a slug made from its name, and an existing organization keeps its slug.
    """

    name = PlainTextField(max_length=256)
    slug = SlugSerializerField(required=False)
    description = PlainMultilineTextField(max_length=2000, allow_blank=True, default="")
    logo_url = WebAddressSerializerField(default="")
    website = WebAddressSerializerField(default="")
    language = LanguageField(default="", help_text="The language of its emails and pages.")
    continue_url = WebAddressSerializerField(default="", help_text=CONTINUE)
    replies_go_to_inviter = StrictBooleanField(default=True, help_text=REPLIES)
    reply_to = AddressSerializerField(default=None, allow_null=True, help_text=REPLY_TO)
    email_footer = PlainMultilineTextField(max_length=500, allow_blank=True, default="", help_text=EMAIL_FOOTER)
    second_factor_required = StrictBooleanField(required=False, help_text=f"{SECOND_FACTOR} If missing: unchanged.")
    default_role_id = StrictUuidField(
        required=False,
        allow_null=True,
        help_text=f"{DEFAULT_ROLE} Null: none. If both fields are missing: unchanged.",
    )
    default_role = RoleNameField(help_text=BY_NAME)


class StatisticsSerializer(HouseSerializer):
    """Statistics of an organization."""

    members = serializers.IntegerField()
    people = serializers.IntegerField()
    system_users = serializers.IntegerField()
    owners = serializers.IntegerField()
    units = serializers.IntegerField()
    open_invitations = serializers.IntegerField()
    waiting = serializers.IntegerField()
    invitations = serializers.DictField(
        child=serializers.IntegerField(), help_text="The number of invitations in each state."
    )
    seat_limit = serializers.IntegerField(allow_null=True)
    seats_taken = serializers.IntegerField()


class TransferSerializer(HouseSerializer):
    """The member who becomes the owner."""

    member_id = StrictUuidField()


class ActorSerializer(HouseSerializer):
    """The user who caused an event, and the kind of credential. The id is null if the service caused the event."""

    id = serializers.UUIDField(source="actor_id", allow_null=True)
    method = serializers.CharField(source="actor_method")


class SubjectSerializer(HouseSerializer):
    """The object that an event is about."""

    type = serializers.CharField(source="subject_type")
    id = serializers.UUIDField(source="subject_id")


class EventSerializer(HouseSerializer):
    """An event of the organization. Events contain no names and no email addresses."""

    id = serializers.UUIDField()
    number = serializers.IntegerField(min_value=1)
    kind = serializers.CharField()
    at = TimeField(source="created_at")
    actor = ActorSerializer(source="*")
    subject = SubjectSerializer(source="*")
    data = FactsField()  # type: ignore[assignment]  # the field shadows Serializer.data, which we do not use


# Roles


class RoleSerializer(RoleReferenceSerializer):
    """A named set of permissions."""

    scope = serializers.ChoiceField(source="level", choices=Level.choices)
    permissions = PermissionsField()
    built_in = serializers.BooleanField(source="is_built_in")
    created_at = TimeField()
    updated_at = TimeField()


class RoleChangesSerializer(ChangesSerializer):
    """The name and the permissions of a role."""

    name = PlainTextField(max_length=64)
    permissions = PermissionsField()


class NewRoleSerializer(RoleChangesSerializer):
    """A new role. Its scope cannot be changed later."""

    scope = ChoiceField(source="level", choices=Level.choices, default=Level.ORGANIZATION)


# Workspaces and applications


class UnitReferenceSerializer(HouseSerializer):
    """A reference to a workspace or an application."""

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
    """The profile of a workspace or an application. Without a slug, a new unit gets a slug made from its name."""

    name = PlainTextField(max_length=256)
    slug = SlugSerializerField(required=False)
    picture_url = WebAddressSerializerField(default="")


class CollaboratorSerializer(HouseSerializer):
    """A member with a role in a workspace or an application."""

    # Serializes a RoleAssignment.

    member_id = serializers.UUIDField(source="membership_id")
    user_id = serializers.UUIDField(source="membership.user_id")
    name = serializers.CharField(source="membership.user.display_name")
    email = serializers.CharField(source="membership.user.email", allow_null=True)
    role = RoleReferenceSerializer()


class CollaboratorRoleSerializer(RequiredRoleChoiceSerializer):
    """The role to assign in the workspace or application, by its ID or by its name."""


# Members


class UnitRoleSerializer(UnitReferenceSerializer):
    """A workspace or an application, and the member's role in it."""

    # Serializes a RoleAssignment.

    id = serializers.UUIDField(source="unit.id")
    kind = serializers.ChoiceField(source="unit.kind", choices=Unit.Kind.choices)
    slug = serializers.CharField(source="unit.slug")
    name = serializers.CharField(source="unit.name")
    role = RoleReferenceSerializer()


class MemberSerializer(HouseSerializer):
    """A member with roles and permissions."""

    # Serializes a Membership loaded by `with_people_and_roles` and `with_shown_email`.

    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    kind = serializers.ChoiceField(source="user.kind", choices=User.Kind.choices)
    first_name = serializers.CharField(source="user.first_name")
    last_name = serializers.CharField(source="user.last_name")
    name = serializers.CharField(source="shown_name")
    email = serializers.CharField(source="shown_email", allow_null=True, help_text=SHOWN_EMAIL)
    avatar_url = BlankAsNullField(source="user.avatar_url")
    role = RoleReferenceSerializer(source="organization_role")
    permissions = PermissionsField(help_text="Permissions granted directly, in addition to the role.")
    effective_permissions = PermissionsField(
        help_text="All permissions: those of the role, the direct ones, and those they imply."
    )
    units = UnitRoleSerializer(source="unit_assignments", many=True)
    joined_at = TimeField(source="created_at")


class MemberChangesSerializer(RoleChoiceSerializer, ChangesSerializer):
    """A member's new organization role (by its ID or by its name), new direct permissions, or both."""

    permissions = PermissionsField()
