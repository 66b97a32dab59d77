"""Facts from Applivery's API documentation."""

from tests.dialects.documented import ADDRESS, MOMENT, TEXT, Documented

OID = {"type": "string", "pattern": "^[a-fA-F0-9]{24}$"}
ID_OR_SLUG = {"type": "string", "pattern": r"^(([a-fA-F0-9]{24})|([a-zA-Z0-9\-]{3,}))$"}
EMAIL = r"(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}"
DOCUMENTED = Documented(
    titles={"getInvitations": "Get list of collaborator invitations pending"},
    parameters={
        "getInvitations": {
            "organization_id": ID_OR_SLUG,
            "application_id": ID_OR_SLUG,
            "page": {"type": "integer", "minimum": 1, "maximum": 2147483647, "default": 1},
            "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10},
            "sort": {
                "type": "string",
                "enum": [
                    f"{name}{direction}"
                    for name in ("createdAt", "updatedAt", "email", "role")
                    for direction in ("", ":asc", ":desc")
                ],
                "default": "createdAt:desc",
            },
            "email": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": f"^(?:{EMAIL})$"},
        },
    },
    fields={
        "id": OID,
        "email": {**ADDRESS, "maxLength": 256},  # the documented pattern is left out: docs/clients.md says why
        "target": {"type": "string", "enum": ["organization", "application"]},
        "targetId": OID,
        "targetInfo": {
            "id": OID,
            "name": {**TEXT, "maxLength": 256},
            "slug": {**TEXT, "minLength": 3, "maxLength": 128, "pattern": "^[a-zA-Z0-9][a-zA-Z0-9-]+[a-zA-Z0-9]$"},
            "picture": TEXT,
        },
        "role": {"type": "string", "enum": ["owner", "admin", "editor", "viewer", "unassigned"]},
        "createdBy": OID,
        "updatedAt": MOMENT,
        "createdAt": MOMENT,
    },
    may_be_missing=["targetInfo.picture"],
    credentials=["jwt", "oauth2", "oauth2Client"],
    says=[
        "collaborator invitations pending",
        "bearer token",
        "24 hexadecimal digits",
        "Pages: numbered",
        "3001",
    ],
)
