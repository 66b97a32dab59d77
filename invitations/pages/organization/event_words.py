"""The words of the audit log: one for every kind of event, by group. A test compares them with ``events.kinds``."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

#: The groups of the filter: their labels, and the words of their kinds of events.
GROUPS: "dict[str, tuple[StrPromise, dict[str, StrPromise]]]" = {
    "invitations": (
        _("Invitations"),
        {
            "invitation.created": _("Invited"),
            "invitation.updated": _("Invitation changed"),
            "invitation.resent": _("Invitation sent again"),
            "invitation.link_copied": _("Link of an invitation shown"),
            "invitation.reminded": _("Reminder sent"),
            "invitation.emailed": _("Scheduled email of an invitation sent"),
            "invitation.delivered": _("Email of an invitation delivered"),
            "invitation.bounced": _("Email of an invitation bounced"),
            "invitation.postponed": _("Email of an invitation postponed"),
            "invitation.rescheduled": _("Email of an invitation scheduled for another time"),
            "invitation.address_corrected": _("Address of an invitation corrected"),
            "invitation.asked_again": _("New invitation requested"),
            "invitation.waits_for_seat": _("Invitation accepted, waiting for a seat"),
            "invitation.accepted": _("Invitation accepted"),
            "invitation.declined": _("Invitation declined"),
            "invitation.cancelled": _("Invitation withdrawn"),
            "invitation.superseded": _("Invitation replaced by a newer one"),
            "invitation.expired": _("Invitation expired"),
            "invitation.failed": _("Invitation undeliverable"),
        },
    ),
    "emails": (
        _("Emails"),
        {
            "email.sent": _("Email sent"),
            "email.delivered": _("Email delivered"),
            "email.deferred": _("Email delayed"),
            "email.bounced": _("Email bounced"),
            "email.complained": _("Email marked as spam"),
            "email.failed": _("Email could not be sent"),
            "suppression.created": _("Unsubscribed from emails"),
            "suppression.deleted": _("Emails allowed again"),
        },
    ),
    "members": (
        _("Members"),
        {
            "membership.created": _("Member added"),
            "membership.left": _("Member left"),
            "membership.removed": _("Member removed"),
            "membership.roles_changed": _("Role or permissions of a member changed"),
            "membership.unit_role_assigned": _("Role in a workspace or application given"),
            "membership.unit_role_removed": _("Role in a workspace or application taken away"),
        },
    ),
    "roles": (
        _("Roles"),
        {
            "role.created": _("Role created"),
            "role.updated": _("Role changed"),
            "role.deleted": _("Role deleted"),
        },
    ),
    "units": (
        _("Workspaces and applications"),
        {
            "unit.created": _("Workspace or application created"),
            "unit.updated": _("Workspace or application changed"),
            "unit.deleted": _("Workspace or application deleted"),
        },
    ),
    "keys": (
        _("API keys and OAuth applications"),
        {
            "api_key.created": _("API key created"),
            "api_key.described": _("API key renamed"),
            "api_key.deleted": _("API key revoked"),
            "oauth_application.registered": _("OAuth application registered"),
            "oauth_application.updated": _("OAuth application changed"),
            "oauth_application.deleted": _("OAuth application deleted"),
            "oauth_application.secret_renewed": _("Secret of an OAuth application renewed"),
            "oauth_application.tokens_ended": _("Tokens of an OAuth application revoked"),
            "oauth_application.authorized": _("OAuth application allowed to act for somebody"),
            "oauth_application.access_withdrawn": _("Access of an OAuth application taken back"),
            "oauth_application.acting_for_owner_set": _("OAuth application no longer acts for its owner"),
        },
    ),
    "webhooks": (
        _("Webhooks"),
        {
            "webhook_endpoint.created": _("Webhook endpoint added"),
            "webhook_endpoint.updated": _("Webhook endpoint changed"),
            "webhook_endpoint.secret_rotated": _("Secret of a webhook endpoint rotated"),
            "webhook_endpoint.enabled": _("Webhook endpoint enabled"),
            "webhook_endpoint.disabled": _("Webhook endpoint disabled"),
            "webhook_endpoint.tested": _("Test sent to a webhook endpoint"),
            "webhook_endpoint.replayed": _("Webhooks sent again"),
            "webhook_endpoint.deleted": _("Webhook endpoint deleted"),
        },
    ),
    "organization": (
        _("Organization"),
        {
            "organization.created": _("Organization created"),
            "organization.updated": _("Settings changed"),
            "organization.archived": _("Organization archived"),
            "organization.restored": _("Organization restored"),
            "organization.purged": _("Organization deleted for good"),
            "organization.ownership_transferred": _("Ownership transferred"),
            "organization.left_without_owner": _("Organization left without an active owner"),
            "organization.owner_returned": _("An owner is active again"),
            "organization.exported": _("Organization exported"),
            "organization.imported": _("Organization imported"),
            "organization.legal_hold_set": _("Legal hold changed"),
            "organization.seat_limit_set": _("Number of seats changed"),
            "organization.open_invitation_limit_set": _("Limit on open invitations changed"),
            "organization.daily_email_limit_set": _("Daily limit on emails changed"),
        },
    ),
    "accounts": (
        _("Accounts"),
        {
            "user.registered": _("Account created"),
            "user.profile_updated": _("Profile changed"),
            "user.organization_switched": _("Switched to this organization"),
            "user.signed_in": _("Signed in"),
            "user.sign_in_failed": _("Sign-in failed"),
            "user.signed_out": _("Signed out of a device"),
            "user.sessions_ended": _("Signed out everywhere"),
            "user.secured": _("Account secured"),
            "user.deactivated": _("Account deactivated"),
            "user.reactivated": _("Account reactivated"),
            "user.deleted": _("Account deleted"),
            "user.purged": _("Account deleted for good"),
            "user.password_changed": _("Password changed"),
            "user.password_reset_sent": _("Email to set a new password sent"),
            "user.address_added": _("Email address added"),
            "user.address_proven": _("Email address verified"),
            "user.address_removed": _("Email address removed"),
            "user.address_lost": _("Email address verified by somebody else"),
            "user.main_address_changed": _("Main email address changed"),
            "user.two_factor_added": _("Two-factor authentication set up"),
            "user.two_factor_removed": _("Two-factor authentication removed"),
            "user.two_factor_renewed": _("Recovery codes renewed"),
            "user.staff_role_changed": _("Staff role changed"),
            "identity.linked": _("External sign-in connected"),
            "identity.unlinked": _("External sign-in disconnected"),
            "identity.address_counts": _("Email address of an external sign-in accepted"),
            "identity.address_ignored": _("Email address of an external sign-in ignored"),
        },
    ),
}
WORDS = {kind: words for _label, kinds in GROUPS.values() for kind, words in kinds.items()}
GROUP_CHOICES: list[tuple[str, Any]] = [("", _("All events")), *((name, one[0]) for name, one in GROUPS.items())]

METHODS: "dict[str, StrPromise]" = {
    "api_key": _("with an API key"),
    "oauth2": _("through an OAuth application"),
    "oauth2_client": _("through an OAuth application"),
}


def words_of(kind: str) -> str:
    """Return the words of a kind of event. An event of a version that no longer exists is shown by its kind."""
    return str(WORDS.get(kind, kind))
