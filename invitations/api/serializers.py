"""How the house API spells invitations, and the bodies it takes. No token is ever among them."""

from typing import Any

from rest_framework import serializers

from core.api.serializers import (
    AddressSerializerField,
    ChoiceField,
    HouseSerializer,
    PlainMultilineTextField,
    StrictBooleanField,
    StrictIntegerField,
    StrictTextField,
    StrictUuidField,
    TimeField,
)
from invitations.actions.granting import MAX_LIFETIME_DAYS
from invitations.email.models import TO_INVITEE, Email
from invitations.explaining import TO_STAFF_ONLY, Entry, Reason
from invitations.models import Invitation
from orgs.api.fields import BlankAsNullField, LanguageField, PermissionsField
from orgs.api.filters import BUILT_IN_NAMES
from orgs.api.serializers import ActorSerializer, ChangesSerializer, RoleReferenceSerializer, UnitReferenceSerializer

MAX_TOKEN_LENGTH = 256

# Fields


class LifetimeField(StrictIntegerField):
    """How many days an invitation lives from now; the action calls it ``lifetime_days``."""

    def __init__(self) -> None:
        super().__init__(source="lifetime_days", min_value=1, max_value=MAX_LIFETIME_DAYS, required=False)


# Rows


class InviterSerializer(HouseSerializer):
    """Who invited, as it was then; the name is null once the account is erased, both for the service itself."""

    id = serializers.UUIDField(source="inviter_user_id", allow_null=True)
    name = BlankAsNullField(source="inviter_name")


class DeliverySerializer(HouseSerializer):
    """How the newest mail to the invitee fares."""

    kind = serializers.ChoiceField(choices=TO_INVITEE)
    state = serializers.ChoiceField(
        choices=Email.State.choices,
        help_text="`sent`: nothing is left to be done here. Whether it was wanted is for its recipient to say.",
    )
    attempts = serializers.IntegerField(help_text="How often a mail server was asked and answered.")
    response = BlankAsNullField(
        help_text="The mail server's own words when it was asked last; null when it took the mail."
    )
    sent_at = TimeField(allow_null=True)
    next_attempt_at = TimeField(allow_null=True)
    updated_at = TimeField()


# For rows loaded ``with_details``; many of them also ``with_delivery``.
class InvitationSerializer(HouseSerializer):
    """An invitation as its organization sees it."""

    id = serializers.UUIDField()
    organization_id = serializers.UUIDField()
    email = serializers.CharField()
    state = serializers.ChoiceField(choices=Invitation.Status.choices)
    role = RoleReferenceSerializer(allow_null=True)
    permissions = PermissionsField(help_text="Given directly, beside the role.")
    unit = UnitReferenceSerializer(allow_null=True)
    unit_role = RoleReferenceSerializer(allow_null=True)
    language = LanguageField(source="effective_language", help_text="What its mails and pages speak.")
    invited_by = InviterSerializer(source="*")
    decline_reason = BlankAsNullField()
    superseded_by = serializers.UUIDField(source="superseded_by_id", allow_null=True)
    generation = serializers.IntegerField(help_text="How often it was mailed; only the newest link works.")
    created_at = TimeField()
    updated_at = TimeField()
    expires_at = TimeField()
    finished_at = TimeField(source="ended_at", allow_null=True)
    delivery = DeliverySerializer(allow_null=True)


class ReasonSerializer(HouseSerializer):
    """Why somebody has not joined; the code stays as it is, the sentence may be said better one day."""

    code = serializers.ChoiceField(
        source="value", choices=[reason.value for reason in Reason if reason not in TO_STAFF_ONLY]
    )
    message = serializers.CharField(source="label")


class EntryEmailSerializer(HouseSerializer):
    """Which mail an entry is about."""

    id = serializers.UUIDField(source="email_id")
    kind = serializers.ChoiceField(source="email_kind", choices=Email.Kind.choices)


class EntrySerializer(HouseSerializer):
    """One moment: an event with its actor, or what became of a mail."""

    at = TimeField()
    what = serializers.CharField(help_text="The kind of an event, or `email.` and the state that a mail came to.")
    actor = ActorSerializer(source="*", allow_null=True)
    mail = EntryEmailSerializer(source="*", allow_null=True)
    response = BlankAsNullField(source="words", help_text="The mail server's own words, or why none was asked.")

    def to_representation(self, instance: Entry) -> dict[str, Any]:
        """An entry has an actor or a mail, not both."""
        told = super().to_representation(instance)
        return told | {"actor" if instance.email_id else "mail": None}


class ExplanationSerializer(HouseSerializer):
    """Why somebody has not joined, and what happened so far, oldest first."""

    invitation_id = serializers.UUIDField(source="invitation.id")
    state = serializers.ChoiceField(source="invitation.state", choices=Invitation.Status.choices)
    reason = ReasonSerializer()
    timeline = EntrySerializer(many=True)


class OrganizationReferenceSerializer(HouseSerializer):
    """What an invitation tells of the organization."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    logo_url = BlankAsNullField()


class OfferedUnitSerializer(HouseSerializer):
    """What an invitation tells of the workspace or application it leads to."""

    kind = serializers.CharField()
    name = serializers.CharField()


# This and what follows: for rows loaded ``with_details`` and ``with_member_count``.
class ReceivedInvitationSerializer(HouseSerializer):
    """An invitation as the invitee sees it."""

    id = serializers.UUIDField()
    organization = OrganizationReferenceSerializer()
    member_count = serializers.IntegerField()
    email = serializers.CharField()
    role = serializers.CharField(source="role.name", allow_null=True)
    permissions = PermissionsField()
    unit = OfferedUnitSerializer(allow_null=True)
    unit_role = serializers.CharField(source="unit_role.name", allow_null=True)
    invited_by = InviterSerializer(source="*")
    invited_at = TimeField(source="created_at")
    expires_at = TimeField()
    status = serializers.ChoiceField(source="state", choices=Invitation.Status.choices)


class InvitingOrganizationSerializer(HouseSerializer):
    """An organization that has invited the caller, with the invitation that speaks for it."""

    id = serializers.UUIDField(source="organization.id")
    name = serializers.CharField(source="organization.name")
    slug = serializers.CharField(source="organization.slug")
    logo_url = BlankAsNullField(source="organization.logo_url")
    member_count = serializers.IntegerField()
    invitation_id = serializers.UUIDField(source="id")
    role = serializers.CharField(source="role.name")
    invited_by = InviterSerializer(source="*")
    invited_at = TimeField(source="created_at")
    expires_at = TimeField()
    status = serializers.ChoiceField(source="state", choices=[Invitation.Status.PENDING.value])


class InvitingOrganizationPublicSerializer(HouseSerializer):
    """What a link tells of the organization to whoever has it."""

    name = serializers.CharField()
    slug = serializers.CharField()
    logo_url = BlankAsNullField()


class InviterNameSerializer(HouseSerializer):
    """What a link tells of the inviter to whoever has it."""

    name = BlankAsNullField(source="inviter_name")


class LinkedInvitationSerializer(HouseSerializer):
    """What the page behind a link shows before anything is asked."""

    state = serializers.ChoiceField(choices=Invitation.Status.choices)
    organization = InvitingOrganizationPublicSerializer()
    member_count = serializers.IntegerField()
    invited_by = InviterNameSerializer(source="*")
    email = serializers.CharField()
    role = serializers.CharField(source="role.name", allow_null=True)
    unit = OfferedUnitSerializer(allow_null=True)
    unit_role = serializers.CharField(source="unit_role.name", allow_null=True)
    expires_at = TimeField()


class AcceptanceSerializer(HouseSerializer):
    """What saying yes led to: a membership, or a place in the queue for a seat (`processing`, no member yet)."""

    organization = OrganizationReferenceSerializer(source="invitation.organization")
    invitation_id = serializers.UUIDField(source="invitation.id")
    status = serializers.ChoiceField(source="invitation.state", choices=["accepted", "processing"])
    member_id = serializers.UUIDField(source="membership.id", allow_null=True)
    was_member = serializers.BooleanField(help_text="Whether the caller belonged already, and keeps the same rights.")


# Bodies


class NamedRoleSerializer(HouseSerializer):
    """A role by its id, or a built-in one by its name."""

    role_id = StrictUuidField(required=False)
    role = ChoiceField(choices=list(BUILT_IN_NAMES), required=False, help_text="A built-in role by its name.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The named role by its id. Raises ValidationError where the role is said twice."""
        attrs = super().validate(attrs)
        if "role" not in attrs:
            return attrs
        if "role_id" in attrs:
            raise serializers.ValidationError({"role": ["Give either role or roleId."]})
        attrs["role_id"] = BUILT_IN_NAMES[attrs.pop("role")]
        return attrs


class InviteSerializer(NamedRoleSerializer):
    """Who is invited, and to what. Without a role it is `unassigned`; `force` supersedes an open invitation."""

    email = AddressSerializerField()
    permissions = PermissionsField(required=False)
    unit_id = StrictUuidField(required=False)
    unit_role_id = StrictUuidField(required=False)
    expires_in_days = LifetimeField()
    language = LanguageField(
        required=False, help_text="What its mails and pages speak; without it what the organization speaks."
    )
    force = StrictBooleanField(required=False)


class InvitationChangesSerializer(NamedRoleSerializer, ChangesSerializer):
    """What an open invitation grants, and how long it lives from now."""

    permissions = PermissionsField(required=False)
    unit_role_id = StrictUuidField(required=False)
    expires_in_days = LifetimeField()


class ResendSerializer(HouseSerializer):
    """How long the invitation lives from now."""

    expires_in_days = LifetimeField()


class CorrectionSerializer(HouseSerializer):
    """The right address, and how long the new invitation lives."""

    email = AddressSerializerField()
    expires_in_days = LifetimeField()


class DeclineSerializer(HouseSerializer):
    """Why not, if the invitee cares to say."""

    reason = PlainMultilineTextField(max_length=500, required=False, allow_blank=True)


class LookupSerializer(HouseSerializer):
    """The token of a link."""

    token = StrictTextField(max_length=MAX_TOKEN_LENGTH)


class JoinSerializer(HouseSerializer):
    """Which organization to join, or by which invitation or link: exactly one of the three."""

    organization_id = StrictUuidField(required=False)
    invitation_id = StrictUuidField(required=False)
    token = StrictTextField(max_length=MAX_TOKEN_LENGTH, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError unless exactly one is given."""
        if len(attrs) != 1:
            raise serializers.ValidationError("Give exactly one of organizationId, invitationId and token.")
        return attrs
