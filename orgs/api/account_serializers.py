"""How the house API spells accounts and API keys, and the bodies it takes."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from accounts.principals import Principal
from core.api.serializers import (
    AddressSerializerField,
    HouseSerializer,
    PlainMultilineTextField,
    PlainTextField,
    StrictTextField,
    StrictUuidField,
    TimeField,
)
from orgs.api.fields import BlankAsNullField, PermissionsField, WebAddressSerializerField
from orgs.api.serializers import ChangesSerializer

IDENTIFYING = frozenset({"email", "password"})

# Users


class UserSerializer(HouseSerializer):
    """The caller's own account."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=User.Kind.choices)
    email = serializers.CharField(allow_null=True)
    email_verified = serializers.BooleanField(source="email_is_verified")
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    avatar_url = BlankAsNullField()
    created_at = TimeField()
    updated_at = TimeField()


class ProfileSerializer(ChangesSerializer):
    """What people say of themselves."""

    first_name = PlainTextField(max_length=128, allow_blank=True, default="")
    last_name = PlainTextField(max_length=128, allow_blank=True, default="")
    avatar_url = WebAddressSerializerField(default="")


class RegistrationSerializer(HouseSerializer):
    """A new account's address and password, or, for somebody whose token or session says who they are, names alone."""

    email = AddressSerializerField(required=False)
    password = StrictTextField(max_length=1024, required=False, help_text="Needed without a credential, as is `email`.")
    first_name = PlainTextField(max_length=128, allow_blank=True, required=False)
    last_name = PlainTextField(max_length=128, allow_blank=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError unless exactly the anonymous bring an address and a password."""
        given = attrs.keys() & IDENTIFYING
        if isinstance(self.context["request"].auth, Principal):
            faults = dict.fromkeys(given, "Your credential says who you are: leave this out.")
        else:
            faults = dict.fromkeys(IDENTIFYING - given, "This field is required.")
        if faults:
            raise serializers.ValidationError(faults)
        return attrs


class SystemUserSerializer(HouseSerializer):
    """A program that is to act in the organization."""

    name = PlainTextField(max_length=128)
    role_id = StrictUuidField()
    permissions = PermissionsField(default=frozenset())


class ActiveOrganizationSerializer(HouseSerializer):
    """Where to act from now on."""

    organization_id = StrictUuidField()


# API keys


class ApiKeySerializer(HouseSerializer):
    """A key without its secret, which nobody can see again."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    prefix = serializers.CharField(help_text="How the secret begins, to tell keys apart.")
    permissions = PermissionsField(allow_null=True, help_text="The most it may use; null: all that its member holds.")
    member_id = serializers.UUIDField(source="membership_id")
    expires_at = TimeField(allow_null=True)
    last_used_at = TimeField(allow_null=True, help_text="To the minute.")
    created_at = TimeField()
    updated_at = TimeField()


class CreatedApiKeySerializer(ApiKeySerializer):
    """A key with its secret, which is shown this once."""

    secret = serializers.CharField()


class ApiKeyDescriptionSerializer(ChangesSerializer):
    """What a key is called and for; what it may do never changes."""

    name = PlainTextField(max_length=128)
    description = PlainMultilineTextField(max_length=1000, allow_blank=True, default="")


class NewApiKeySerializer(ApiKeyDescriptionSerializer):
    """A key to be, for the caller or for a system user of the organization."""

    permissions = PermissionsField(allow_null=True, default=None)
    expires_at = TimeField(allow_null=True, default=None)
    member_id = StrictUuidField(source="membership_id", default=None)
