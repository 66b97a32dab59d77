"""An example of each webhook, for the documents. A test compares the examples with the OpenAPI document."""

from typing import Any

from invitations.api.representations import reference
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, VIEWER_ROLE
from webhooks.payloads import OBJECTS, VERSION

ORGANIZATION = "01936b2a-5c00-7000-8000-000000000001"
PERSON = "01936b2a-5c00-7000-8000-000000000002"
SUBJECT = "01936b2a-5c00-7000-8000-000000000003"
EVENT = "01936b2a-5c00-7000-8000-000000000004"
BEFORE, MOMENT, LATER = "2026-01-01T09:00:00.000Z", "2026-01-02T03:04:05.678Z", "2026-01-11T09:00:00.000Z"

EXAMPLE_OBJECTS: dict[str, dict[str, Any]] = {
    "invitation": {
        "id": SUBJECT, "organizationId": ORGANIZATION, "email": "ann.lee@example.com", "state": "pending",
        "role": reference(EDITOR_ROLE, "editor"), "permissions": [], "unit": None, "unitRole": None, "name": "Ann Lee",
        "message": None, "metadata": {"employee": "4711"}, "language": None,
        "invitedBy": {"id": PERSON, "name": "Robin Hill"}, "declineReason": None, "given": None, "supersededBy": None,
        "generation": 1, "createdAt": BEFORE, "updatedAt": MOMENT, "expiresAt": LATER, "finishedAt": None,
        "delivery": {
            "kind": "invitation", "state": "sent", "attempts": 1, "response": None, "sentAt": BEFORE,
            "nextAttemptAt": None, "updatedAt": BEFORE,
        },
    },
    "membership": {
        "id": SUBJECT, "userId": PERSON, "kind": "client", "firstName": "Ann", "lastName": "Lee", "name": "Ann Lee",
        "email": "ann.lee@example.com", "avatarUrl": None, "role": reference(EDITOR_ROLE, "editor"), "permissions": [],
        "effectivePermissions": ["organization:create_projects", "organization:list_projects"], "units": [],
        "joinedAt": BEFORE,
    },
    "role": {
        "id": SUBJECT, "name": "Planner", "scope": "organization", "permissions": ["organization:list_projects"],
        "builtIn": False, "createdAt": BEFORE, "updatedAt": MOMENT,
    },
    "unit": {
        "id": SUBJECT, "kind": "workspace", "slug": "office", "name": "Office", "pictureUrl": None, "createdAt": BEFORE,
        "updatedAt": MOMENT,
    },
    "organization": {
        "id": ORGANIZATION, "slug": "riverside", "name": "Riverside", "description": "", "logoUrl": None,
        "website": None, "language": None, "continueUrl": None, "repliesGoToInviter": True, "replyTo": None,
        "emailFooter": "", "secondFactorRequired": False, "defaultRole": None, "seatLimit": 20, "memberCount": 12,
        "createdAt": BEFORE, "updatedAt": MOMENT, "archivedAt": None,
    },
}  # fmt: skip
DELIVERED = EXAMPLE_OBJECTS["invitation"]["delivery"] | {"state": "delivered", "updatedAt": MOMENT}
BOUNCED = DELIVERED | {"state": "bounced", "response": "550 5.1.1 No such mailbox"}
# What differs from the objects above after these events.
STATES: dict[str, dict[str, Any]] = {
    "invitation.accepted": {"state": "accepted", "given": ["role"], "finishedAt": MOMENT},
    "invitation.bounced": {"delivery": BOUNCED},
    "invitation.cancelled": {"state": "cancelled", "finishedAt": MOMENT},
    "invitation.delivered": {"delivery": DELIVERED},
    "invitation.declined": {"state": "declined", "declineReason": "I have another account.", "finishedAt": MOMENT},
    "invitation.expired": {"state": "expired", "finishedAt": MOMENT},
    "invitation.failed": {"state": "error", "finishedAt": MOMENT},
    "invitation.waits_for_seat": {"state": "processing"},
    "membership.roles_changed": {"role": reference(ADMIN_ROLE, "admin")},
    "organization.archived": {"archivedAt": MOMENT},
}
ROLES_CHANGED = {
    "changed": ["roleId"], "old": {"roleId": str(VIEWER_ROLE)}, "new": {"roleId": str(ADMIN_ROLE)},
    "userId": PERSON, "roleId": str(ADMIN_ROLE), "permissions": [], "unitId": None, "unitRoleId": None,
}  # fmt: skip
FACTS: dict[str, dict[str, Any]] = {
    "invitation.bounced": {"reason": "550 5.1.1"},
    "invitation.failed": {"reason": "550 5.1.1"},
    "membership.created": {"userId": PERSON},
    "membership.left": {"userId": PERSON},
    "membership.removed": {"userId": PERSON},
    "membership.roles_changed": ROLES_CHANGED,
    "organization.updated": {"changed": ["name"], "old": {}, "new": {}},
    "role.updated": {"changed": ["name"], "old": {}, "new": {}, "permissions": ["organization:list_projects"]},
    "unit.updated": {"changed": ["name"], "old": {}, "new": {}},
}


def example_of(event_type: str) -> dict[str, Any]:
    """Return the body of a webhook of this type."""
    topic = event_type.partition(".")[0]
    about = EXAMPLE_OBJECTS[topic]
    event = {
        "id": EVENT,
        "number": 17,
        "kind": event_type,
        "at": MOMENT,
        "actor": {"id": PERSON, "method": "session"},
        "subject": {"type": topic, "id": about["id"]},
        "data": FACTS.get(event_type, {}),
    }
    data = {"version": VERSION, "organizationId": ORGANIZATION, "event": event}
    shown = {OBJECTS[topic][0]: about | STATES.get(event_type, {})}
    return {"type": event_type, "timestamp": MOMENT, "sequence": 5, "data": data | shown}
