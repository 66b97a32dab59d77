"""Request and response bodies of resending, cancelling and extending many invitations."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from rest_framework import serializers

from core.api.filter_objects import FiltersField
from core.api.serializers import HouseSerializer, StrictUuidField, TimeField
from invitations.api.filters import SentInvitationFilter
from invitations.api.serializers import LifetimeField
from invitations.bulk.selection import MAX_RESENT, MAX_SELECTED, SelectedResult, SelectedVerdict
from invitations.models import Invitation
from orgs.api.fields import BlankAsNullField

EITHER = "Give either ids or filter."


def _ids(most: int) -> serializers.ListField:
    return serializers.ListField(
        child=StrictUuidField(),
        min_length=1,
        max_length=most,
        required=False,
        help_text="The IDs of the invitations. An ID that is repeated counts once.",
    )


class SelectionSerializer(HouseSerializer):
    """Which invitations: exactly one of `ids` and `filter`."""

    accepted = MappingProxyType({"oneOf": [{"required": ["ids"]}, {"required": ["filter"]}]})

    ids = _ids(MAX_SELECTED)
    filter = FiltersField(
        SentInvitationFilter,
        required=False,
        help_text="The filters of the list of invitations. Without `state` and `delivery`, they select open ones. "
        "They may match at most as many invitations as `ids` can have, which are taken in the order of `sort`.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError unless either the ids or the filter is given."""
        if ("ids" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError(EITHER)
        return attrs


class SelectionWithLifetimeSerializer(SelectionSerializer):
    """Which invitations, and the number of days until they expire, counted from now."""

    expires_in_days = LifetimeField()


class ResendSelectionSerializer(SelectionWithLifetimeSerializer):
    """Which invitations to resend, and the number of days until they expire, counted from now."""

    ids = _ids(MAX_RESENT)


class SelectedResultSerializer(HouseSerializer):
    """What became of an invitation."""

    invitation_id = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=SelectedVerdict.choices, help_text="What became of the invitation.")
    reason = BlankAsNullField(help_text="The code of the error that the operation for this invitation alone returns.")
    state = serializers.ChoiceField(
        choices=Invitation.Status.choices,
        allow_null=True,
        help_text="The state of the invitation, or of the one in `supersededBy`. Null if it was not found.",
    )
    superseded_by = serializers.UUIDField(
        allow_null=True, help_text="The new invitation that was sent in place of an expired or undeliverable one."
    )
    expires_at = TimeField(allow_null=True, help_text="When the invitation expires or expired.")
    scheduled_for = TimeField(
        allow_null=True,
        help_text="When a scheduled email is due. Null if it waits for room among open invitations.",
    )


class SelectionResultSerializer(HouseSerializer):
    """What became of each invitation, in the order of the request, and how many got each verdict."""

    counts = serializers.DictField(child=serializers.IntegerField(), help_text="The number of invitations by verdict.")
    invitations = SelectedResultSerializer(many=True, help_text="What became of each, in their order.")


@dataclass(frozen=True)
class SelectionResult:
    """The results of an action on many invitations."""

    results: Sequence[SelectedResult]

    @property
    def counts(self) -> dict[str, int]:
        """The number of invitations by verdict. Verdicts of no invitation are missing."""
        return dict(Counter(str(result.verdict) for result in self.results))

    @property
    def invitations(self) -> list[dict[str, Any]]:
        """The results with what is now true of the invitations."""
        return [_facts_of(result) for result in self.results]


def _facts_of(result: SelectedResult) -> dict[str, Any]:
    now = result.invitation
    superseded_by: UUID | None = now.pk if now and now.pk != result.invitation_id else None
    return {
        "invitation_id": result.invitation_id,
        "verdict": result.verdict,
        "reason": result.reason,
        "state": now and now.state,
        "superseded_by": superseded_by,
        "expires_at": now and now.expires_at,
        "scheduled_for": result.scheduled_for,
    }
