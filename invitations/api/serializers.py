"""Request and response bodies of the invitation endpoints. Responses never contain a token."""

from types import MappingProxyType
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.serializers import (
    AddressSerializerField,
    HouseSerializer,
    PlainMultilineTextField,
    PlainTextField,
    StrictBooleanField,
    StrictIntegerField,
    StrictTextField,
    StrictUuidField,
    TimeField,
)
from core.metadata import MAX_BYTES, validate_metadata
from invitations.actions.granting import MAX_LIFETIME_DAYS
from invitations.actions.inviting_together import MAX_UNITS
from invitations.email.models import TO_INVITEE, Email
from invitations.explaining import TO_STAFF_ONLY, Entry, Reason
from invitations.models import MAX_MESSAGE, MAX_NAME, Invitation
from orgs.api.fields import BlankAsNullField, LanguageField, PermissionsField
from orgs.api.role_choices import RoleChoiceSerializer, UnitRoleChoiceSerializer
from orgs.api.serializers import ActorSerializer, ChangesSerializer, RoleReferenceSerializer, UnitReferenceSerializer
from orgs.policies import GrantPart

MAX_TOKEN_LENGTH = 256

METADATA = "Your own values, in a JSON object. Only callers who manage the invitation get it, and no email contains it."

# Fields


class LifetimeField(StrictIntegerField):
    """The number of days until the invitation expires. In the actions, this is the argument `lifetime_days`."""

    def __init__(self) -> None:
        super().__init__(source="lifetime_days", min_value=1, max_value=MAX_LIFETIME_DAYS, required=False)


@extend_schema_field({"type": "object", "additionalProperties": True})
class MetadataField(serializers.JSONField):
    """A JSON object of the client's own values. The parser of the body has refused what cannot be stored."""

    default_validators = [validate_metadata]


class GivenField(serializers.ListField):
    """The parts of the invitation that its acceptance gave."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            child=serializers.ChoiceField(choices=[part.value for part in GrantPart]),
            allow_null=True,
            help_text="What the acceptance gave: the parts that the person did not have yet. Null until then.",
            **kwargs,
        )


# Responses


class InviterSerializer(HouseSerializer):
    """The inviter at the time of the invitation.

    `name` is null if the account has been erased, or if staff of this service sent the invitation. Both fields are null
    if the service sent the invitation.
    """

    id = serializers.UUIDField(source="inviter_user_id", allow_null=True)
    name = BlankAsNullField(source="inviter_name")


class DeliverySerializer(HouseSerializer):
    """The delivery of the newest email to the invitee."""

    kind = serializers.ChoiceField(choices=TO_INVITEE)
    state = serializers.ChoiceField(
        choices=Email.State.choices,
        help_text="`scheduled` means that a daily sending limit is reached, and that the email is sent at "
        "`nextAttemptAt`. `sent` means that this service has nothing left to do, not that the recipient got the email.",
    )
    attempts = serializers.IntegerField(help_text="The number of delivery attempts to which a mail server responded.")
    response = BlankAsNullField(help_text="The mail server's last response. Null if it accepted the email.")
    sent_at = TimeField(allow_null=True)
    next_attempt_at = TimeField(allow_null=True)
    updated_at = TimeField()


# Requires rows loaded `with_details`. Lists should also use `with_delivery`, to avoid a query per row.
class InvitationSerializer(HouseSerializer):
    """An invitation, for the organization that sent it."""

    id = serializers.UUIDField()
    organization_id = serializers.UUIDField()
    email = serializers.CharField()
    state = serializers.ChoiceField(choices=Invitation.Status.choices)
    role = RoleReferenceSerializer(allow_null=True)
    permissions = PermissionsField(help_text="Permissions granted directly, in addition to the role.")
    unit = UnitReferenceSerializer(allow_null=True)
    unit_role = RoleReferenceSerializer(allow_null=True)
    name = BlankAsNullField(source="invitee_name", help_text="The name of the invitee.")
    message = BlankAsNullField(help_text="A personal message of the inviter, in the email and on its page.")
    metadata = MetadataField(help_text=METADATA)
    language = LanguageField(source="effective_language", help_text="The language of the emails and pages.")
    invited_by = InviterSerializer(source="*")
    decline_reason = BlankAsNullField()
    given = GivenField()
    superseded_by = serializers.UUIDField(source="superseded_by_id", allow_null=True)
    generation = serializers.IntegerField(help_text="How often it was sent. Only the link of the newest email works.")
    created_at = TimeField()
    updated_at = TimeField()
    expires_at = TimeField()
    finished_at = TimeField(source="ended_at", allow_null=True)
    delivery = DeliverySerializer(allow_null=True)


class CreatedInvitationSerializer(InvitationSerializer):
    """A new invitation. `others` are those to the other `units` of the request."""

    others = InvitationSerializer(
        many=True, required=False, help_text="The invitations to the other units, if the request has `units`."
    )


class ReasonSerializer(HouseSerializer):
    """Why the invitee has not joined. `code` is stable. The wording of `message` may change."""

    code = serializers.ChoiceField(
        source="value", choices=[reason.value for reason in Reason if reason not in TO_STAFF_ONLY]
    )
    message = serializers.CharField(source="label")


class EntryEmailSerializer(HouseSerializer):
    """The email of an entry."""

    id = serializers.UUIDField(source="email_id")
    kind = serializers.ChoiceField(source="email_kind", choices=Email.Kind.choices)


class EntrySerializer(HouseSerializer):
    """An entry of the timeline: an event with its actor, or a state change of an email."""

    at = TimeField()
    what = serializers.CharField(help_text="The event kind, or `email.` followed by the new state of an email.")
    actor = ActorSerializer(source="*", allow_null=True)
    mail = EntryEmailSerializer(source="*", allow_null=True)
    response = BlankAsNullField(source="words", help_text="The mail server's response, or why none was contacted.")

    def to_representation(self, instance: Entry) -> dict[str, Any]:
        """Set `mail` or `actor` to null, because an entry has only one of them."""
        data = super().to_representation(instance)
        return data | {"actor" if instance.email_id else "mail": None}


class ExplanationSerializer(HouseSerializer):
    """Why the invitee has not joined, and a timeline, oldest entry first."""

    invitation_id = serializers.UUIDField(source="invitation.id")
    state = serializers.ChoiceField(source="invitation.state", choices=Invitation.Status.choices)
    reason = ReasonSerializer()
    timeline = EntrySerializer(many=True)


class OrganizationReferenceSerializer(HouseSerializer):
    """The organization of an invitation."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    logo_url = BlankAsNullField()


class OfferedUnitSerializer(HouseSerializer):
    """The workspace or application that the invitation grants access to."""

    kind = serializers.CharField()
    name = serializers.CharField()


# This serializer and the following ones require rows loaded `with_details` and `with_member_count`.
class ReceivedInvitationSerializer(HouseSerializer):
    """An invitation, for the invitee."""

    id = serializers.UUIDField()
    organization = OrganizationReferenceSerializer()
    member_count = serializers.IntegerField()
    email = serializers.CharField()
    role = serializers.CharField(source="role.name", allow_null=True)
    permissions = PermissionsField()
    unit = OfferedUnitSerializer(allow_null=True)
    unit_role = serializers.CharField(source="unit_role.name", allow_null=True)
    message = BlankAsNullField(help_text="A personal message of the inviter.")
    invited_by = InviterSerializer(source="*")
    invited_at = TimeField(source="created_at")
    expires_at = TimeField()
    status = serializers.ChoiceField(source="state", choices=Invitation.Status.choices)


class InvitingOrganizationSerializer(HouseSerializer):
    """An organization that invited the caller, with its newest open invitation."""

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
    """The public data of the inviting organization, for anyone who has the invitation link."""

    name = serializers.CharField()
    slug = serializers.CharField()
    logo_url = BlankAsNullField()


class InviterNameSerializer(HouseSerializer):
    """The public data of the inviter, for anyone who has the invitation link."""

    name = BlankAsNullField(source="inviter_name")


class LinkedInvitationSerializer(HouseSerializer):
    """An invitation, for anyone who has its link."""

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
    """The result of an acceptance.

    `accepted`: the caller is a member. `processing`: the caller waits for a free seat, and `memberId` is null.
    """

    organization = OrganizationReferenceSerializer(source="invitation.organization")
    invitation_id = serializers.UUIDField(source="invitation.id")
    status = serializers.ChoiceField(source="invitation.state", choices=["accepted", "processing"])
    member_id = serializers.UUIDField(source="membership.id", allow_null=True)
    was_member = serializers.BooleanField(help_text="True if the caller was already a member. They lose no permission.")
    given = GivenField(source="invitation.given")


# Request bodies


class PersonalSerializer(HouseSerializer):
    """What an invitation says about and to the invitee, and the client's own values."""

    name = PlainTextField(
        source="invitee_name",
        max_length=MAX_NAME,
        required=False,
        allow_blank=True,
        help_text="The name of the invitee, for the greeting in the email and on its page.",
    )
    message = PlainMultilineTextField(
        max_length=MAX_MESSAGE,
        required=False,
        allow_blank=True,
        help_text="A personal message, in plain text, for the email and its page. Links in it cannot be clicked.",
    )
    metadata = MetadataField(
        required=False, help_text=f"{METADATA} At most {MAX_BYTES} bytes. It replaces all earlier values."
    )


class InviteSerializer(PersonalSerializer, RoleChoiceSerializer, UnitRoleChoiceSerializer):
    """A new invitation. `force` replaces an open invitation to the same address.

    Without `role` and `roleId`, it grants the organization's default role. If there is none, it grants `unassigned`.
    """

    email = AddressSerializerField()
    permissions = PermissionsField(required=False)
    unit_id = StrictUuidField(required=False)
    expires_in_days = LifetimeField()
    language = LanguageField(
        required=False, help_text="The language of the emails and pages. The default is the organization's language."
    )
    force = StrictBooleanField(required=False)


class UnitOfferSerializer(UnitRoleChoiceSerializer):
    """A workspace or application, and the role in it."""

    role_is_required = True

    unit_id = StrictUuidField()


class InviteToOrganizationSerializer(InviteSerializer):
    """A new invitation, or one to each of several `units`. These share one email and one link."""

    units = serializers.ListField(
        child=UnitOfferSerializer(),
        required=False,
        min_length=1,
        max_length=MAX_UNITS,
        help_text="Several workspaces and applications, in place of `unitId` and its role. Each unit gets an "
        "invitation of its own. They are sent in one email, and its link leads to a page that answers all of them.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError if the body also has a single unit."""
        attrs = super().validate(attrs)
        if "units" in attrs and not attrs.keys().isdisjoint({"unit_id", "unit_role_id"}):
            raise serializers.ValidationError({"units": ["Give either units, or unitId and its role."]})
        return attrs


class InvitationChangesSerializer(
    PersonalSerializer, RoleChoiceSerializer, UnitRoleChoiceSerializer, ChangesSerializer
):
    """Changes to an open invitation. `expiresInDays` counts from now."""

    permissions = PermissionsField(required=False)
    expires_in_days = LifetimeField()


class ResendSerializer(HouseSerializer):
    """The number of days until the invitation expires, counted from now."""

    expires_in_days = LifetimeField()


class InvitationLinkSerializer(HouseSerializer):
    """The link of an invitation."""

    link = serializers.URLField(help_text="The link. Everybody who has it sees the invitation.")


class CorrectionSerializer(HouseSerializer):
    """The correct address, and the number of days until the new invitation expires."""

    email = AddressSerializerField()
    expires_in_days = LifetimeField()


class DeclineSerializer(HouseSerializer):
    """An optional reason for declining."""

    reason = PlainMultilineTextField(max_length=500, required=False, allow_blank=True)


class LookupSerializer(HouseSerializer):
    """The token of an invitation link."""

    token = StrictTextField(max_length=MAX_TOKEN_LENGTH)


class JoinSerializer(HouseSerializer):
    """What to join: exactly one of an organization, an invitation, or the token of an invitation link."""

    accepted = MappingProxyType({"minProperties": 1, "maxProperties": 1})

    organization_id = StrictUuidField(required=False)
    invitation_id = StrictUuidField(required=False)
    token = StrictTextField(max_length=MAX_TOKEN_LENGTH, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError unless exactly one field is given."""
        if len(attrs) != 1:
            raise serializers.ValidationError("Give exactly one of organizationId, invitationId and token.")
        return attrs
