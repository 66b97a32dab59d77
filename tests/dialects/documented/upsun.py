"""Facts from Upsun's API documentation."""

from tests.dialects.documented import ADDRESS, MOMENT, TEXT, UUID, Documented

ULID = {"type": "string", "format": "ulid", "pattern": "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$"}
STATES = ["pending", "error"]
CURSOR = {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[A-Za-z0-9_-]+:[A-Za-z0-9_-]+$"}
DOCUMENTED = Documented(
    titles={
        "list-org-invites": "List invitations to an organization",
        "create-org-invite": "Invite user to an organization by email",
        "get-org-invite": "Get an invitation to an organization",
        "cancel-org-invite": "Cancel a pending invitation to an organization",
        "get-access-token": "Get an access token",
    },
    parameters={
        "list-org-invites": {
            "organization_id": ULID,
            "filter[state]": {"type": "string", "enum": STATES},
            "filter[state][eq]": {"type": "string", "enum": STATES},
            "filter[state][in]": {"type": "string", "pattern": "^(pending|error)(,(pending|error))*$"},
            "page[size]": {"type": "integer", "minimum": 1, "maximum": 100, "default": 100},
            "page[before]": CURSOR,
            "page[after]": CURSOR,
            "sort": {"type": "string", "enum": ["updated_at", "-updated_at"], "default": "-updated_at"},
        },
    },
    fields={
        "id": UUID,
        "state": {"type": "string", "enum": ["pending", "processing", "accepted", "cancelled", "error"]},
        "organization_id": ULID,
        "email": ADDRESS,
        "owner": {"id": UUID, "display_name": TEXT},
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "finished_at": MOMENT,
        "permissions": {
            "type": "array",
            "items": {
                "type": "string",
                "enum": ["admin", "billing", "plans", "members", "project:create", "projects:list"],
            },
        },
    },
    may_be_null=["finished_at"],
    credentials=["apiToken", "jwt", "oauth2", "oauth2Client"],
    says=["List invitations", "bearer token", "ULIDs", "`page[after]`", "403"],
)
