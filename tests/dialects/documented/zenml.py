"""Facts from ZenML Pro's API documentation."""

from tests.dialects.documented import MOMENT, TEXT, UUID, Documented

DOCUMENTED = Documented(
    titles={
        "list_pending_invitations": "List Pending Invitations Endpoint",
        "get_invitation": "Get Invitation Endpoint",
        "respond_to_invitation": "Respond To Invitation Endpoint",
    },
    parameters={
        "list_pending_invitations": {},
        "get_invitation": {"invitation_id": UUID},
        "respond_to_invitation": {"invitation_id": UUID, "accept": {"type": "boolean"}},
    },
    required=["accept"],
    fields={
        "id": UUID,
        "organization_name": TEXT,
        "organization_logo_url": TEXT,
        "organization_member_count": {"type": "integer"},
        "inviting_user_name": TEXT,
        "inviting_user_avatar_url": TEXT,
        "expiration_date": MOMENT,
    },
    may_be_null=["organization_logo_url", "inviting_user_avatar_url"],
    credentials=["jwt", "oauth2", "oauth2Client"],
    says=["Invitations", "client credentials", "UUIDs", "Pages: none", "422"],
)
