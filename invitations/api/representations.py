"""How rows of the house lists become JSON values. The rows are named tuples (``invitations.compiled_lists``).

A plain function takes half the time of a serializer. The documents come from the serializer, and
``tests/invitations/test_representations.py`` requires both to return the same for an invitation in every state.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.api.serializers import format_time
from invitations.email.models import next_attempt_at, shown_to_organization
from invitations.row_properties import ended_at, state_of
from orgs.models import Organization


def represent_sent(organization: Organization, row: Any) -> dict[str, Any]:
    """Return what ``InvitationSerializer`` returns."""
    finished_at = ended_at(row)
    return {
        "id": str(row.pk),
        "organizationId": str(row.organization_id),
        "email": row.email,
        "state": state_of(row),
        "role": reference(row.role_id, row.role__name),
        "permissions": sorted(row.permissions),
        "unit": unit_reference(row),
        "unitRole": reference(row.unit_role_id, row.unit_role__name),
        "name": row.invitee_name or None,
        "message": row.message or None,
        "metadata": row.metadata,
        "language": row.language or organization.language or None,
        "invitedBy": inviter(row),
        "declineReason": row.decline_reason or None,
        "given": row.given,
        "supersededBy": row.superseded_by_id and str(row.superseded_by_id),
        "generation": row.generation,
        "createdAt": format_time(row.created_at),
        "updatedAt": format_time(row.updated_at),
        "expiresAt": format_time(row.expires_at),
        "finishedAt": finished_at and format_time(finished_at),
        "delivery": row.newest_email_columns and delivery(row.newest_email_columns),
    }


def represent_received(row: Any) -> dict[str, Any]:
    """Return what ``ReceivedInvitationSerializer`` returns."""
    return {
        "id": str(row.pk),
        "organization": {
            "id": str(row.organization_id),
            "slug": row.organization__slug,
            "name": row.organization__name,
            "logoUrl": row.organization__logo_url or None,
        },
        "memberCount": row.member_count,
        "email": row.email,
        "role": row.role__name,
        "permissions": sorted(row.permissions),
        "unit": row.unit__kind and {"kind": row.unit__kind, "name": row.unit__name},
        "unitRole": row.unit_role__name,
        "message": row.message or None,
        "invitedBy": inviter(row),
        "invitedAt": format_time(row.created_at),
        "expiresAt": format_time(row.expires_at),
        "status": state_of(row),
    }


def reference(key: Any, name: str) -> dict[str, str] | None:
    """Return the ID and the name of a role."""
    return {"id": str(key), "name": name} if key else None


def unit_reference(row: Any) -> dict[str, str] | None:
    """Return the reference to the workspace or application."""
    if row.unit_id is None:
        return None
    return {"id": str(row.unit_id), "kind": row.unit__kind, "slug": row.unit__slug, "name": row.unit__name}


def inviter(row: Any) -> dict[str, str | None]:
    """Return the ID and the name of the inviter at the time of the invitation."""
    return {"id": row.inviter_user_id and str(row.inviter_user_id), "name": row.inviter_name or None}


def delivery(newest_email: Mapping[str, Any]) -> dict[str, Any]:
    """Return the delivery of the newest email to the invitee, as the organization may see it."""
    shown = shown_to_organization(newest_email)
    return {
        "kind": shown["kind"],
        "state": shown["state"],
        "attempts": shown["attempts"],
        "response": shown["response"] or None,
        "sentAt": time_in_json(shown["sent_at"]),
        "nextAttemptAt": time_in_json(next_attempt_at(shown["state"], shown["due_at"])),
        "updatedAt": time_in_json(shown["updated_at"]),
    }


def time_in_json(text: str | None) -> str | None:
    """Return a time from JSON that the database has made. On SQLite, such a time is in UTC but does not say so."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return format_time(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
