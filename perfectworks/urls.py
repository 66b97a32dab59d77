"""All URLs of the service. API paths do not end in a slash."""

from functools import partial

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView
from django.views.i18n import set_language
from oauth2_provider.views import OAuthServerMetadataView

from accounts.credentials import admit
from accounts.oauth.consent import Consent
from accounts.oauth.token_endpoint import Revoke, Token, oauth_error_body
from accounts.pages.applications import Applications, Withdraw
from accounts.pages.own_changes import EndTwoFactor, NewRecoveryCodes, OwnAddresses, SetUpTwoFactor
from accounts.pages.profile import Notices, Profile
from accounts.pages.sessions import EndOtherSessions, EndSession, Sessions
from accounts.pages.sign_up import SignUp
from core.api.docs import Document, documentation
from core.api.envelope import house_error_body
from core.branding import get_branding
from invitations import credentials as invitations_credentials
from invitations.api.viewsets.many import ManyInvitationsViewSet
from invitations.api.viewsets.members import MemberInvitationViewSet
from invitations.api.viewsets.mine import MyInvitationViewSet
from invitations.api.viewsets.organization import OrganizationInvitationViewSet
from invitations.api.viewsets.selected import SelectedInvitationsViewSet
from invitations.dialects import applivery, upsun, wacht, zenml
from invitations.pages import sign_in, unsubscribe, views
from invitations.pages.home import Home
from invitations.pages.organization import files, selected_invitations, sent_invitation
from invitations.pages.organization.activity import ActivityFile, ActivityListPage
from invitations.pages.organization.invite import InvitePage
from invitations.pages.organization.invite_many import InviteManyPage
from invitations.pages.organization.people import PeoplePage
from invitations.pages.organization.usage import UsagePage
from orgs import credentials as orgs_credentials
from orgs.api.viewsets.api_keys import ApiKeyViewSet
from orgs.api.viewsets.collaborators import ApplicationCollaboratorViewSet, WorkspaceCollaboratorViewSet
from orgs.api.viewsets.events import OrganizationEventViewSet
from orgs.api.viewsets.members import MemberViewSet
from orgs.api.viewsets.oauth_applications import OAuthApplicationViewSet
from orgs.api.viewsets.organizations import (
    CurrentOrganizationViewSet,
    OrganizationViewSet,
    PublicOrganizationViewSet,
)
from orgs.api.viewsets.roles import RoleViewSet
from orgs.api.viewsets.units import ApplicationViewSet, WorkspaceViewSet
from orgs.api.viewsets.users import SystemUserViewSet, UserViewSet
from orgs.pages import api_keys, oauth_applications, roles, units
from orgs.pages import members as member_pages
from orgs.pages import settings as settings_pages
from orgs.pages.archived import DeleteOrganization, RestoreOrganization
from orgs.pages.new_organization import NewOrganization
from orgs.pages.service_accounts import DeleteServiceAccount
from orgs.pages.your_account import DeleteYourAccount, DownloadYourData, Goodbye, YourData
from outbox.provider_webhook import email_webhook
from perfectworks.error_codes import error_table
from perfectworks.well_known import SECURITY_TXT, security_txt
from webhooks import credentials as webhooks_credentials
from webhooks.api.viewsets import WebhookDeliveryViewSet, WebhookEndpointViewSet
from webhooks.documenting import add_webhooks
from webhooks.pages import endpoints as webhook_pages

ORGANIZATION = "organizations/<uuid:organization_id>"
ROLE = f"{ORGANIZATION}/roles/<uuid:role_id>"
WEBHOOK = f"{ORGANIZATION}/webhooks/<uuid:webhook_id>"
WORKSPACE = f"{ORGANIZATION}/workspaces/<uuid:unit_id>"
APPLICATION = f"{ORGANIZATION}/applications/<uuid:unit_id>"
SENT_INVITATION = f"{ORGANIZATION}/invitations/<uuid:invitation_id>"
OAUTH_APPLICATION = "oauth-applications/<uuid:application_id>"
MY_INVITATION = "invitations/<uuid:invitation_id>"
COLLABORATOR = "collaborators/<uuid:member_id>"

house = [
    # Organizations
    path("organizations", OrganizationViewSet.as_view({"get": "list", "post": "create"})),
    path("organizations/current", CurrentOrganizationViewSet.as_view({"get": "current"})),
    path("organizations/slug/<slug:slug>", PublicOrganizationViewSet.as_view({"get": "by_slug"})),
    path(
        ORGANIZATION,
        OrganizationViewSet.as_view(
            {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
        ),
    ),
    path(f"{ORGANIZATION}/permanent", OrganizationViewSet.as_view({"delete": "purge"})),
    path(f"{ORGANIZATION}/restore", OrganizationViewSet.as_view({"post": "restore"})),
    path(f"{ORGANIZATION}/statistics", OrganizationViewSet.as_view({"get": "statistics"})),
    path(f"{ORGANIZATION}/leave", OrganizationViewSet.as_view({"post": "leave"})),
    path(f"{ORGANIZATION}/transfer-ownership", OrganizationViewSet.as_view({"post": "transfer_ownership"})),
    path(f"{ORGANIZATION}/events", OrganizationEventViewSet.as_view({"get": "list"})),
    # Webhooks
    path(f"{ORGANIZATION}/webhooks", WebhookEndpointViewSet.as_view({"get": "list", "post": "create"})),
    path(
        WEBHOOK,
        WebhookEndpointViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path(f"{WEBHOOK}/enable", WebhookEndpointViewSet.as_view({"post": "enable"})),
    path(f"{WEBHOOK}/disable", WebhookEndpointViewSet.as_view({"post": "disable"})),
    path(f"{WEBHOOK}/rotate-secret", WebhookEndpointViewSet.as_view({"post": "rotate_secret"})),
    path(f"{WEBHOOK}/test", WebhookEndpointViewSet.as_view({"post": "test"})),
    path(f"{WEBHOOK}/replay", WebhookEndpointViewSet.as_view({"post": "replay"})),
    path(f"{WEBHOOK}/deliveries", WebhookDeliveryViewSet.as_view({"get": "list"})),
    path(f"{WEBHOOK}/deliveries/<uuid:delivery_id>", WebhookDeliveryViewSet.as_view({"get": "retrieve"})),
    path(f"{WEBHOOK}/deliveries/<uuid:delivery_id>/replay", WebhookDeliveryViewSet.as_view({"post": "replay"})),
    # Roles
    path(f"{ORGANIZATION}/roles", RoleViewSet.as_view({"get": "list", "post": "create"})),
    path(ROLE, RoleViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})),
    # Workspaces and applications
    path(f"{ORGANIZATION}/workspaces", WorkspaceViewSet.as_view({"get": "list", "post": "create"})),
    path(WORKSPACE, WorkspaceViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})),
    path(f"{WORKSPACE}/collaborators", WorkspaceCollaboratorViewSet.as_view({"get": "list"})),
    path(f"{WORKSPACE}/{COLLABORATOR}", WorkspaceCollaboratorViewSet.as_view({"put": "update", "delete": "destroy"})),
    path(f"{ORGANIZATION}/applications", ApplicationViewSet.as_view({"get": "list", "post": "create"})),
    path(APPLICATION, ApplicationViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})),
    path(f"{APPLICATION}/collaborators", ApplicationCollaboratorViewSet.as_view({"get": "list"})),
    path(
        f"{APPLICATION}/{COLLABORATOR}",
        ApplicationCollaboratorViewSet.as_view({"put": "update", "delete": "destroy"}),
    ),
    # Organization Members
    path("organization-members", MemberViewSet.as_view({"get": "list"})),
    path("organization-members/export", MemberViewSet.as_view({"get": "export"})),
    path(
        "organization-members/<uuid:member_id>",
        MemberViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path("organization-members/invite", MemberInvitationViewSet.as_view({"post": "invite"})),
    path("organization-members/invites", MemberInvitationViewSet.as_view({"get": "invites"})),
    path("organization-members/join", MemberInvitationViewSet.as_view({"put": "join"})),
    # Users
    path("users/register", UserViewSet.as_view({"post": "register"})),
    path("users/system", SystemUserViewSet.as_view({"post": "register_system"})),
    path(
        "users/profile",
        UserViewSet.as_view(
            {"get": "profile", "put": "replace_profile", "patch": "update_profile", "delete": "delete_profile"}
        ),
    ),
    path("users/profile/export", UserViewSet.as_view({"get": "export_profile"})),
    path("users/profile/permanent", UserViewSet.as_view({"delete": "purge_profile"})),
    path(
        "users/active-organization",
        UserViewSet.as_view({"get": "active_organization", "put": "switch_organization"}),
    ),
    # API Keys
    path("api-keys", ApiKeyViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "api-keys/<uuid:key_id>",
        ApiKeyViewSet.as_view({"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}),
    ),
    # OAuth applications
    path("oauth-applications", OAuthApplicationViewSet.as_view({"get": "list", "post": "create"})),
    path(
        OAUTH_APPLICATION,
        OAuthApplicationViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path(f"{OAUTH_APPLICATION}/secret", OAuthApplicationViewSet.as_view({"post": "renew_secret"})),
    # Invitations: sent by an organization, and received by the caller
    path(f"{ORGANIZATION}/invitations", OrganizationInvitationViewSet.as_view({"get": "list", "post": "create"})),
    path(f"{ORGANIZATION}/invitations/bulk", ManyInvitationsViewSet.as_view({"post": "invite"})),
    path(f"{ORGANIZATION}/invitations/export", OrganizationInvitationViewSet.as_view({"get": "export"})),
    *(
        path(f"{ORGANIZATION}/invitations/bulk/{name}", SelectedInvitationsViewSet.as_view({"post": name}))
        for name in ("resend", "cancel", "extend")
    ),
    path(
        SENT_INVITATION,
        OrganizationInvitationViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path(f"{SENT_INVITATION}/explain", OrganizationInvitationViewSet.as_view({"get": "explain"})),
    path(f"{SENT_INVITATION}/resend", OrganizationInvitationViewSet.as_view({"post": "resend"})),
    path(f"{SENT_INVITATION}/correct-address", OrganizationInvitationViewSet.as_view({"post": "correct_address"})),
    path(f"{SENT_INVITATION}/link", OrganizationInvitationViewSet.as_view({"post": "link"})),
    path(f"{SENT_INVITATION}/cancel", OrganizationInvitationViewSet.as_view({"post": "cancel"})),
    path("invitations", MyInvitationViewSet.as_view({"get": "list"})),
    path("invitations/lookup", MyInvitationViewSet.as_view({"post": "lookup"})),
    path(MY_INVITATION, MyInvitationViewSet.as_view({"get": "retrieve"})),
    path(f"{MY_INVITATION}/accept", MyInvitationViewSet.as_view({"post": "accept"})),
    path(f"{MY_INVITATION}/decline", MyInvitationViewSet.as_view({"post": "decline"})),
]

# Vendors whose API clients also work with this service. Only the base URL of the client must be changed.
DIALECTS = {
    "wacht": wacht,
    "zenml": zenml,
    "upsun": upsun,
    "applivery": applivery,
}

# The credential table: which credentials each operation accepts.
for module in (orgs_credentials, invitations_credentials, webhooks_credentials, *DIALECTS.values()):
    admit(module.credentials)

DOCUMENTS = {"house": Document("/api/v0", error_table=error_table, extend=add_webhooks)} | {
    prefix: Document(
        f"/{prefix}",
        {"TITLE": dialect.title, "DESCRIPTION": dialect.__doc__},
        getattr(dialect, "other_paths", {}),
        partial(error_table, dialect.error_code) if hasattr(dialect, "error_code") else None,
    )
    for prefix, dialect in DIALECTS.items()
}

authorization = [
    path("authorize", Consent.as_view(), name="authorize"),
    path("token", Token.as_view(), name="token"),
    path("revoke", Revoke.as_view(), name="revoke-token"),
]

# The pages of one organization, for its members. The base of the views is `orgs.pages.organization_page`.
PAGES_OF_ORGANIZATION = "organizations/<slug:slug>"
MEMBER_PAGE = f"{PAGES_OF_ORGANIZATION}/members/<uuid:member_id>"
INVITATION_PAGE = f"{PAGES_OF_ORGANIZATION}/invitations/<uuid:invitation_id>"
UNIT_PAGES = f"{PAGES_OF_ORGANIZATION}/workspaces/<uuid:unit_id>"
ROLE_PAGES = f"{PAGES_OF_ORGANIZATION}/roles/<uuid:role_id>"
KEY_PAGES = f"{PAGES_OF_ORGANIZATION}/api-keys/<uuid:key_id>"
WEBHOOK_PAGES = f"{PAGES_OF_ORGANIZATION}/webhooks/<uuid:endpoint_id>"
OAUTH_APPLICATION_PAGES = f"{PAGES_OF_ORGANIZATION}/oauth-applications/<uuid:application_id>"
organization_pages = [
    path(PAGES_OF_ORGANIZATION, RedirectView.as_view(pattern_name="organization-people"), name="organization"),
    path(f"{PAGES_OF_ORGANIZATION}/restore", RestoreOrganization.as_view(), name="organization-restore"),
    # People
    path(f"{PAGES_OF_ORGANIZATION}/people", PeoplePage.as_view(), name="organization-people"),
    path(f"{PAGES_OF_ORGANIZATION}/leave", member_pages.LeaveOrganization.as_view(), name="organization-leave"),
    path(f"{PAGES_OF_ORGANIZATION}/invite", InvitePage.as_view(), name="organization-invite"),
    path(f"{PAGES_OF_ORGANIZATION}/invite/many", InviteManyPage.as_view(), name="organization-invite-many"),
    path(INVITATION_PAGE, sent_invitation.SentInvitationPage.as_view(), name="organization-invitation"),
    path(
        f"{INVITATION_PAGE}/resend",
        sent_invitation.ResendInvitation.as_view(),
        name="organization-invitation-resend",
    ),
    path(f"{INVITATION_PAGE}/link", sent_invitation.CopyLink.as_view(), name="organization-invitation-link"),
    path(
        f"{INVITATION_PAGE}/correct",
        sent_invitation.CorrectAddress.as_view(),
        name="organization-invitation-correct",
    ),
    path(
        f"{INVITATION_PAGE}/change",
        sent_invitation.ChangeInvitation.as_view(),
        name="organization-invitation-change",
    ),
    path(
        f"{INVITATION_PAGE}/withdraw",
        sent_invitation.WithdrawInvitation.as_view(),
        name="organization-invitation-withdraw",
    ),
    path(
        f"{PAGES_OF_ORGANIZATION}/invitations/resend",
        selected_invitations.ResendSelected.as_view(),
        name="organization-resend-many",
    ),
    path(
        f"{PAGES_OF_ORGANIZATION}/invitations/extend",
        selected_invitations.ExtendSelected.as_view(),
        name="organization-extend-many",
    ),
    path(
        f"{PAGES_OF_ORGANIZATION}/invitations/withdraw",
        selected_invitations.WithdrawSelected.as_view(),
        name="organization-withdraw-many",
    ),
    path(MEMBER_PAGE, member_pages.MemberPage.as_view(), name="organization-member"),
    path(f"{MEMBER_PAGE}/role", member_pages.MemberRole.as_view(), name="organization-member-role"),
    path(f"{MEMBER_PAGE}/access", member_pages.MemberUnitRole.as_view(), name="organization-member-unit-role"),
    path(f"{MEMBER_PAGE}/remove", member_pages.RemoveMember.as_view(), name="organization-member-remove"),
    path(f"{MEMBER_PAGE}/transfer", member_pages.TransferOwnership.as_view(), name="organization-member-transfer"),
    path(f"{PAGES_OF_ORGANIZATION}/people.csv", files.MembersFile.as_view(), name="organization-members-file"),
    path(
        f"{PAGES_OF_ORGANIZATION}/invitations.csv",
        files.InvitationsFile.as_view(),
        name="organization-invitations-file",
    ),
    # Activity
    path(f"{PAGES_OF_ORGANIZATION}/activity", ActivityListPage.as_view(), name="organization-activity"),
    path(f"{PAGES_OF_ORGANIZATION}/activity.csv", ActivityFile.as_view(), name="organization-activity-file"),
    # Workspaces and applications
    path(f"{PAGES_OF_ORGANIZATION}/workspaces", units.UnitsPage.as_view(), name="organization-units"),
    path(f"{PAGES_OF_ORGANIZATION}/workspaces/new", units.NewUnitPage.as_view(), name="organization-new-unit"),
    path(UNIT_PAGES, units.UnitPage.as_view(), name="organization-unit"),
    path(f"{UNIT_PAGES}/change", units.ChangeUnitPage.as_view(), name="organization-change-unit"),
    path(f"{UNIT_PAGES}/delete", units.DeleteUnitPage.as_view(), name="organization-delete-unit"),
    # Roles
    path(f"{PAGES_OF_ORGANIZATION}/roles", roles.RolesPage.as_view(), name="organization-roles"),
    path(f"{PAGES_OF_ORGANIZATION}/roles/new/<slug:level>", roles.NewRolePage.as_view(), name="organization-new-role"),
    path(f"{ROLE_PAGES}/change", roles.ChangeRolePage.as_view(), name="organization-change-role"),
    path(f"{ROLE_PAGES}/delete", roles.DeleteRolePage.as_view(), name="organization-delete-role"),
    # API keys
    path(f"{PAGES_OF_ORGANIZATION}/api-keys", api_keys.ApiKeysPage.as_view(), name="organization-api-keys"),
    path(f"{PAGES_OF_ORGANIZATION}/api-keys/new", api_keys.NewApiKeyPage.as_view(), name="organization-new-api-key"),
    path(f"{KEY_PAGES}/change", api_keys.ChangeApiKeyPage.as_view(), name="organization-change-api-key"),
    path(f"{KEY_PAGES}/revoke", api_keys.RevokeApiKeyPage.as_view(), name="organization-revoke-api-key"),
    # Webhooks
    path(f"{PAGES_OF_ORGANIZATION}/webhooks", webhook_pages.WebhooksPage.as_view(), name="organization-webhooks"),
    path(
        f"{PAGES_OF_ORGANIZATION}/webhooks/new",
        webhook_pages.NewWebhookPage.as_view(),
        name="organization-new-webhook",
    ),
    path(WEBHOOK_PAGES, webhook_pages.WebhookEndpointPage.as_view(), name="organization-webhook"),
    *(
        path(f"{WEBHOOK_PAGES}/{ending}", page.as_view(), name=name)
        for ending, page, name in (
            ("change", webhook_pages.ChangeWebhookPage, "organization-change-webhook"),
            ("secret", webhook_pages.RotateWebhookSecretPage, "organization-rotate-webhook-secret"),
            ("test", webhook_pages.TestWebhookPage, "organization-test-webhook"),
            ("replay", webhook_pages.ReplayWebhooksPage, "organization-replay-webhooks"),
            ("deliveries/<uuid:delivery_id>/replay", webhook_pages.ReplayWebhookPage, "organization-replay-webhook"),
            ("enable", webhook_pages.EnableWebhookPage, "organization-enable-webhook"),
            ("disable", webhook_pages.DisableWebhookPage, "organization-disable-webhook"),
            ("delete", webhook_pages.DeleteWebhookPage, "organization-delete-webhook"),
        )
    ),
    # OAuth applications
    path(
        f"{PAGES_OF_ORGANIZATION}/oauth-applications",
        oauth_applications.OAuthApplicationsPage.as_view(),
        name="organization-oauth-applications",
    ),
    path(
        f"{PAGES_OF_ORGANIZATION}/oauth-applications/new/<slug:kind>",
        oauth_applications.NewOAuthApplicationPage.as_view(),
        name="organization-new-oauth-application",
    ),
    path(
        f"{OAUTH_APPLICATION_PAGES}/change",
        oauth_applications.ChangeOAuthApplicationPage.as_view(),
        name="organization-change-oauth-application",
    ),
    path(
        f"{OAUTH_APPLICATION_PAGES}/secret",
        oauth_applications.RenewSecretPage.as_view(),
        name="organization-renew-secret",
    ),
    path(
        f"{OAUTH_APPLICATION_PAGES}/delete",
        oauth_applications.DeleteOAuthApplicationPage.as_view(),
        name="organization-delete-oauth-application",
    ),
    # Settings
    path(f"{PAGES_OF_ORGANIZATION}/usage", UsagePage.as_view(), name="organization-usage"),
    path(f"{PAGES_OF_ORGANIZATION}/settings", settings_pages.SettingsPage.as_view(), name="organization-settings"),
    path(f"{PAGES_OF_ORGANIZATION}/archive", settings_pages.ArchivePage.as_view(), name="organization-archive"),
    path(f"{PAGES_OF_ORGANIZATION}/delete", DeleteOrganization.as_view(), name="organization-delete"),
]

urlpatterns = [
    path("api/v0/", include([*house, *documentation(DOCUMENTS["house"])])),
    # Pages for invitees and members
    path("", Home.as_view(), name="home"),
    path("i/<str:token>", views.OpenLink.as_view(), name="open-link"),
    path("i/<str:token>/no-mail", unsubscribe.Unsubscribe.as_view(), name="unsubscribe"),
    path("mails", unsubscribe.EmailPreferences.as_view(), name="email-preferences"),
    path("mails/<uuid:suppression_id>/allow", unsubscribe.AllowEmails.as_view(), name="allow-emails"),
    # Only a cookie is set, so nobody gains anything by sending this form from another site.
    path("language", csrf_exempt(set_language), name="set-language"),
    path("invitations", views.MyInvitations.as_view(), name="my-invitations"),
    path("invitations/<uuid:invitation_id>", views.InvitationPage.as_view(), name="invitation"),
    path("invitations/<uuid:invitation_id>/accept", views.Accept.as_view(), name="accept"),
    path("invitations/<uuid:invitation_id>/decline", views.Decline.as_view(), name="decline"),
    path("invitations/<uuid:invitation_id>/ask-again", views.AskAgain.as_view(), name="ask-again"),
    path("invitations/<uuid:invitation_id>/switch", views.SwitchAccount.as_view(), name="switch-account"),
    path("invitations/<uuid:invitation_id>/add-address", views.AddAddress.as_view(), name="add-address"),
    path("invitations/<uuid:invitation_id>/verify", views.SendVerification.as_view(), name="send-verification"),
    path("invitations/<uuid:invitation_id>/sign-in", sign_in.InvitedSignIn.as_view(), name="invitation-sign-in"),
    path("invitations/<uuid:invitation_id>/sign-up", sign_in.InvitedSignUp.as_view(), name="invitation-sign-up"),
    path(
        "invitations/<uuid:invitation_id>/set-password",
        sign_in.InvitedFirstPassword.as_view(),
        name="invitation-set-password",
    ),
    # Pages for members of an organization
    path("new-organization", NewOrganization.as_view(), name="new-organization"),
    *organization_pages,
    path("accounts/profile/", Profile.as_view(), name="profile"),
    path("accounts/profile/emails/", Notices.as_view(), name="notices"),
    path("accounts/sessions/", Sessions.as_view(), name="sessions"),
    path("accounts/sessions/end/", EndSession.as_view(), name="end-session"),
    path("accounts/sessions/end-others/", EndOtherSessions.as_view(), name="end-other-sessions"),
    path("accounts/data/", YourData.as_view(), name="your-data"),
    path("accounts/data/download/", DownloadYourData.as_view(), name="download-your-data"),
    path("accounts/delete/", DeleteYourAccount.as_view(), name="delete-your-account"),
    path("accounts/goodbye/", Goodbye.as_view(), name="goodbye"),
    path("accounts/applications/", Applications.as_view(), name="applications"),
    path("accounts/applications/<uuid:access_id>/withdraw/", Withdraw.as_view(), name="withdraw-access"),
    path(
        "accounts/programs/<uuid:application_id>/delete/", DeleteServiceAccount.as_view(), name="delete-service-account"
    ),
    path("accounts/signup/", SignUp.as_view(), name="account_signup"),
    path("accounts/email/", OwnAddresses.as_view(), name="account_email"),
    path("accounts/2fa/totp/activate/", SetUpTwoFactor.as_view(), name="mfa_activate_totp"),
    path("accounts/2fa/totp/deactivate/", EndTwoFactor.as_view(), name="mfa_deactivate_totp"),
    path("accounts/2fa/recovery-codes/generate/", NewRecoveryCodes.as_view(), name="mfa_generate_recovery_codes"),
    path("accounts/", include("allauth.urls")),
    # Dialects, each with its documentation
    *(
        path(f"{prefix}/", include(dialect.urlpatterns + documentation(DOCUMENTS[prefix])))
        for prefix, dialect in DIALECTS.items()
    ),
    # Our authorization server (OAuth 2.0)
    path("oauth2/", include((authorization, "oauth2_provider"))),
    path(".well-known/oauth-authorization-server", OAuthServerMetadataView.as_view()),
    # For password managers, and for people who report a vulnerability
    path(".well-known/change-password", RedirectView.as_view(pattern_name="account_change_password")),
    path(SECURITY_TXT, security_txt),
    # Delivery reports from the configured email provider
    path("webhooks/mail/<slug:provider>", email_webhook, name="mail-webhook"),
    # Browsers request this path on pages that declare no icon
    path("favicon.ico", RedirectView.as_view(url=get_branding().logo_url)),
    # The admin. For the health checks, see perfectworks.health.HealthMiddleware.
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
]

if settings.DEBUG:
    urlpatterns += [path("development/", include("perfectworks.development"))]

# The JSON error bodies below each prefix, see core.api.middleware.
error_bodies = (
    {"/api": house_error_body, "/webhooks": house_error_body}
    | {f"/{prefix}": dialect.error_body for prefix, dialect in DIALECTS.items()}
    | dict.fromkeys(("/oauth2/token", "/oauth2/revoke", "/upsun/oauth2/token"), oauth_error_body)
)  # fmt: skip
# Other names of the session cookie that a dialect documents, see accounts.sessions.
session_cookies = {
    f"/{prefix}/": dialect.session_cookie for prefix, dialect in DIALECTS.items() if hasattr(dialect, "session_cookie")
}

handler400 = "core.api.middleware.bad_request"
handler404 = "core.api.middleware.not_found"
handler429 = "accounts.pages.rate_limits.too_many_requests"
handler500 = "core.api.middleware.server_error"
