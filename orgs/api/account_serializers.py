"""Serializers of the house API for accounts and API keys.

The docstrings of the classes are public, because they appear in the OpenAPI schema.
"""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from accounts.principals import Principal
from core.api.serializers import (
    AddressSerializerField,
    HouseSerializer,
    PlainMultilineTextField,
    PlainTextField,
    StrictUuidField,
    TimeField,
)
from orgs.api.fields import BlankAsNullField, NewPasswordField, PermissionsField, WebAddressSerializerField
from orgs.api.role_choices import RequiredRoleChoiceSerializer
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
    """Your names and avatar."""

    first_name = PlainTextField(max_length=128, allow_blank=True, default="")
    last_name = PlainTextField(max_length=128, allow_blank=True, default="")
    avatar_url = WebAddressSerializerField(default="")


class RegistrationSerializer(HouseSerializer):
    """A new account. If the request has a credential, send names only: the credential identifies the account."""

    email = AddressSerializerField(required=False)
    password = NewPasswordField(
        max_length=1024, required=False, help_text="Like `email`, required without a credential."
    )
    first_name = PlainTextField(max_length=128, allow_blank=True, required=False)
    last_name = PlainTextField(max_length=128, allow_blank=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require the email address and password if the request is anonymous. Otherwise, reject them."""
        given = attrs.keys() & IDENTIFYING
        if isinstance(self.context["request"].auth, Principal):
            faults = dict.fromkeys(given, "Leave this out: your credential identifies your account.")
        else:
            faults = dict.fromkeys(IDENTIFYING - given, "This field is required.")
        if faults:
            raise serializers.ValidationError(faults)
        return attrs


class SystemUserSerializer(RequiredRoleChoiceSerializer):
    """A new system user of the organization. Its role is given by its ID or by its name."""

    name = PlainTextField(max_length=128)
    permissions = PermissionsField(default=frozenset())


class ActiveOrganizationSerializer(HouseSerializer):
    """The organization to switch to."""

    organization_id = StrictUuidField()


# API keys


class ApiKeySerializer(HouseSerializer):
    """An API key. The secret is only shown when the key is created."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    prefix = serializers.CharField(help_text="The first characters of the secret, to identify the key.")
    permissions = PermissionsField(
        allow_null=True, help_text="The permissions that the key is limited to. Null: all permissions of its member."
    )
    member_id = serializers.UUIDField(source="membership_id")
    expires_at = TimeField(allow_null=True)
    last_used_at = TimeField(allow_null=True, help_text="Accurate to one minute.")
    created_at = TimeField()
    updated_at = TimeField()


class CreatedApiKeySerializer(ApiKeySerializer):
    """A new API key with its secret. Store the secret: it is not shown again."""

    secret = serializers.CharField()


class ApiKeyDescriptionSerializer(ChangesSerializer):
    """The name and description of an API key. A key's permissions cannot be changed."""

    name = PlainTextField(max_length=128)
    description = PlainMultilineTextField(max_length=1000, allow_blank=True, default="")


class NewApiKeySerializer(ApiKeyDescriptionSerializer):
    """A new API key, for you or for a system user of the organization."""

    permissions = PermissionsField(allow_null=True, default=None)
    expires_at = TimeField(allow_null=True, default=None)
    member_id = StrictUuidField(source="membership_id", default=None)
