"""The values of events that filters offer. Tests compare them with the code that records events."""

KINDS = (
    "api_key.created", "api_key.deleted", "api_key.described", "email.bounced", "email.complained", "email.deferred",
    "email.delivered", "email.failed", "email.sent", "identity.address_counts", "identity.address_ignored",
    "identity.linked", "identity.unlinked", "invitation.accepted", "invitation.address_corrected",
    "invitation.asked_again", "invitation.bounced", "invitation.cancelled", "invitation.created", "invitation.declined",
    "invitation.delivered", "invitation.emailed",
    "invitation.expired", "invitation.failed",
    "invitation.link_copied", "invitation.postponed", "invitation.reminded", "invitation.rescheduled",
    "invitation.resent", "invitation.superseded", "invitation.updated", "invitation.waits_for_seat",
    "membership.created", "membership.left", "membership.removed", "membership.roles_changed",
    "membership.unit_role_assigned", "membership.unit_role_removed", "oauth_application.access_withdrawn",
    "oauth_application.acting_for_owner_set", "oauth_application.authorized", "oauth_application.deleted",
    "oauth_application.registered", "oauth_application.secret_renewed", "oauth_application.tokens_ended",
    "oauth_application.updated", "organization.archived", "organization.created", "organization.daily_email_limit_set",
    "organization.exported", "organization.imported",
    "organization.left_without_owner", "organization.legal_hold_set",
    "organization.open_invitation_limit_set", "organization.owner_returned",
    "organization.ownership_transferred", "organization.purged", "organization.restored", "organization.seat_limit_set",
    "organization.updated", "role.created", "role.deleted", "role.updated", "suppression.created",
    "suppression.deleted", "unit.created", "unit.deleted", "unit.updated", "user.address_added", "user.address_lost",
    "user.address_proven", "user.address_removed", "user.deactivated", "user.deleted", "user.main_address_changed",
    "user.organization_switched", "user.password_changed", "user.password_reset_sent", "user.profile_updated",
    "user.purged", "user.reactivated", "user.registered", "user.secured", "user.sessions_ended", "user.sign_in_failed",
    "user.signed_in", "user.signed_out", "user.staff_role_changed", "user.two_factor_added", "user.two_factor_removed",
    "user.two_factor_renewed", "webhook_endpoint.created", "webhook_endpoint.deleted", "webhook_endpoint.disabled",
    "webhook_endpoint.enabled", "webhook_endpoint.replayed", "webhook_endpoint.secret_rotated",
    "webhook_endpoint.tested", "webhook_endpoint.updated",
)  # fmt: skip
METHODS = ("api_key", "jwt", "link", "oauth2", "oauth2_client", "service", "session", "staff")
SUBJECTS = (
    "apikey", "email", "externalidentity", "invitation", "membership", "oauthapplication", "organization", "role",
    "suppression", "unit", "user", "webhookendpoint",
)  # fmt: skip
