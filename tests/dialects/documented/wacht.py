"""Facts from Wacht's API documentation."""

from tests.dialects.documented import ADDRESS, MOMENT, TEXT, TEXTS, Documented

DECIMAL = {"type": "string", "pattern": "^(0|[1-9][0-9]{0,38})$"}
ROLE = {
    "id": DECIMAL,
    "organization_id": DECIMAL,
    "name": TEXT,
    "permissions": TEXTS,
    "is_system_role": {"type": "boolean"},
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
DOCUMENTED = Documented(
    titles={
        "getOrganizationInvitations": "Retrieve all pending invitations for an organization",
        "inviteOrganizationMember": "Invite a member to an organization",
        "discardOrganizationInvitation": "Discard an invitation",
        "resendOrganizationInvitation": "Send an invitation again",
        "acceptInvitation": "Accept an invitation by its token",
    },
    parameters={"getOrganizationInvitations": {"organization_id": DECIMAL}},
    fields={
        "id": DECIMAL,
        "organization_id": DECIMAL,
        "email": ADDRESS,
        "token": TEXT,
        "status": {"type": "string", "enum": ["pending", "accepted", "discarded"]},
        "expires_at": MOMENT,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "initial_organization_role": ROLE,
        "initial_workspace_role": {"id": DECIMAL, "name": TEXT, "permissions": TEXTS},
        "workspace": {"id": DECIMAL, "name": TEXT},
        "inviter": {"id": DECIMAL, "first_name": TEXT, "last_name": TEXT, "email": ADDRESS},
        "inviter_roles": [ROLE],
    },
    may_be_null=["initial_organization_role", "initial_workspace_role", "workspace", "inviter", "inviter.email"],
    credentials=["session"],
    says=[
        "Retrieve all pending invitations for an organization",
        "`session_id`",
        "decimal digits",
        "Pages: none",
        "403",
    ],
)
