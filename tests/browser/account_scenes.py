"""Scenes of the account pages and of the error pages."""

from collections.abc import Callable
from datetime import timedelta

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailConfirmationHMAC
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import Response

from accounts.browser_sessions import Session
from accounts.models import User
from accounts.oauth.tokens import issue_token, oauth_principal
from accounts.session_store import DEVICE, stored_session_key
from invitations.actions import answering
from orgs.oauth.applications import register_personal_client
from tests.browser.consent_scenes import EVERYTHING, client_of
from tests.browser.scenes import sign_in_from_the_invitation
from tests.browser.stage import SCENES, Stage, confirm_password, scene
from tests.factories import AccountEmailFactory, EmailAddressFactory
from tests.support.people import PASSWORD, session_of


def at(path: str, *, signed_in: bool = False) -> Callable[[Stage], Response]:
    def play(stage: Stage) -> Response:
        if signed_in:
            stage.visitor.sign_in(stage.invitee)
        return stage.visitor.go(path)

    return play


for name, path, needs_sign_in in (
    ("sign-in", "/accounts/login/", False),
    ("sign-up", "/accounts/signup/", False),
    ("forgotten-password", "/accounts/password/reset/", False),
    ("forgotten-password-sent", "/accounts/password/reset/done/", False),
    ("password-link-invalid", "/accounts/password/reset/key/1-nothing/", False),
    ("new-password-set", "/accounts/password/reset/key/done/", False),
    ("verification-sent", "/accounts/confirm-email/", False),
    ("verification-link-invalid", "/accounts/confirm-email/nothing/", False),
    ("account-inactive", "/accounts/inactive/", False),
    ("sign-out", "/accounts/logout/", True),
    ("profile", "/accounts/profile/", True),
    ("addresses", "/accounts/email/", True),
    ("change-password", "/accounts/password/change/", True),
    ("two-factor", "/accounts/2fa/", True),
    ("no-applications", "/accounts/applications/", True),
    ("sessions-alone", "/accounts/sessions/", True),
    ("goodbye", "/accounts/goodbye/", False),
):
    SCENES[name] = (200, at(path, signed_in=needs_sign_in))


@scene(200)
def addresses_of_every_kind(stage: Stage) -> Response:
    EmailAddressFactory.create(user=stage.invitee, email="proven@example.com")
    EmailAddressFactory.create(user=stage.invitee, email="unproven@example.com", verified=False)
    return at("/accounts/email/", signed_in=True)(stage)


@scene(200)
def profile_saved(stage: Stage) -> Response:
    at("/accounts/profile/", signed_in=True)(stage)
    return stage.visitor.submit({"First name (optional)": "Mia"}, "Save")


@scene(200)
def profile_with_chosen_emails(stage: Stage) -> Response:
    at("/accounts/profile/", signed_in=True)(stage)
    stage.visitor.page.get_by_label(stage.visitor.translated("my role in an organization changes")).uncheck()
    return stage.visitor.submit({}, "Save what I get")


@scene(400)
def profile_refused(stage: Stage) -> Response:
    at("/accounts/profile/", signed_in=True)(stage)
    return stage.visitor.submit({"Last name (optional)": "Cast\u202e"}, "Save")


@scene(200)
def confirm_access(stage: Stage) -> Response:
    return at("/accounts/2fa/totp/activate/", signed_in=True)(stage)


@scene(200)
def new_password(stage: Stage) -> Response:
    key = default_token_generator.make_token(stage.invitee)
    return stage.visitor.go(f"/accounts/password/reset/key/{stage.invitee.pk.hex}-{key}/")


@scene(200)
def verification_link(stage: Stage) -> Response:
    address = EmailAddressFactory.create(user=stage.invitee, email="second@example.com", verified=False)
    return stage.visitor.go(f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/")


@scene(200)
def two_factor_activation(stage: Stage) -> Response:
    confirm_access(stage)
    return confirm_password(stage)


@scene(200)
def two_factor_activation_refused(stage: Stage) -> Response:
    two_factor_activation(stage)
    return stage.visitor.submit({"Authenticator code": "000000"}, "Activate")


@scene(200)
def recovery_codes(stage: Stage) -> Response:
    protect(stage.invitee)
    at("/accounts/2fa/recovery-codes/", signed_in=True)(stage)
    return confirm_password(stage)


@scene(200)
def two_factor_with_codes(stage: Stage) -> Response:
    protect(stage.invitee)
    return at("/accounts/2fa/", signed_in=True)(stage)


@scene(200)
def second_factor_at_sign_in(stage: Stage) -> Response:
    protect(stage.invitee)
    sign_in_from_the_invitation(stage)
    return stage.visitor.submit({"Password": PASSWORD}, "Sign in")


def protect(user: User) -> None:
    """Give the user an authenticator app and recovery codes."""
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)


@scene(200)
def applications(stage: Stage) -> Response:
    """Show an application that was used, and an unused application with a long name."""
    used = client_of(stage, "https://client.example.com/callback")
    long = client_of(stage, f"https://{'long-' * 11}.example.com/callback", "Calendarcalendar" * 8)
    tomorrow = timezone.now() + timedelta(days=1)
    token = issue_token(used, stage.invitee, EVERYTHING, tomorrow)
    issue_token(long, stage.invitee, "invitations", tomorrow)
    register_personal_client(by=session_of(stage.invitee), name="Script")
    stage.visitor.sign_in(stage.invitee)
    assert oauth_principal(token)
    return stage.visitor.go("/accounts/applications/")


@scene(200)
def application_withdrawn(stage: Stage) -> Response:
    """Revoke the access of the last application, so that the list is empty."""
    client = client_of(stage, "https://client.example.com/callback")
    issue_token(client, stage.invitee, "invitations", timezone.now() + timedelta(days=1))
    stage.visitor.sign_in(stage.invitee)
    stage.visitor.go("/accounts/applications/")
    return stage.visitor.submit({}, f"{stage.visitor.translated('Remove access')} Calendar")


@scene(200)
def sessions(stage: Stage) -> Response:
    """Show this browser, another one, and one that is not known."""
    for device, seen in (("Samsung Internet, Android", timedelta(hours=3)), ("", timedelta(days=20))):
        other = Client()
        other.force_login(stage.invitee)
        session = other.session
        session[DEVICE] = device
        session.save()
        Session.objects.filter(pk=stored_session_key(str(session.session_key))).update(
            last_seen_at=timezone.now() - seen
        )
    return at("/accounts/sessions/", signed_in=True)(stage)


@scene(200)
def signed_out_elsewhere(stage: Stage) -> Response:
    sessions(stage)
    stage.visitor.submit({}, "Sign out everywhere else")
    confirm_password(stage)
    return stage.visitor.submit({}, "Sign out everywhere else")


@scene(200)
def your_data(stage: Stage) -> Response:
    answering.accept(by=session_of(stage.invitee), invitation_id=stage.invitation.pk)
    return at("/accounts/data/", signed_in=True)(stage)


@scene(200)
def account_deletion(stage: Stage) -> Response:
    at("/accounts/delete/", signed_in=True)(stage)
    return confirm_password(stage)


@scene(200)
def account_deletion_of_an_owner(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.owner)
    stage.visitor.go("/accounts/delete/")
    return confirm_password(stage)


@scene(200)
def account_deleted_for_good(stage: Stage) -> Response:
    account_deletion(stage)
    return stage.visitor.submit({}, "Delete my account for good")


# Errors


SCENES["page-not-found"] = (404, at("/nowhere"))


@scene(405)
def method_not_known(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.invitee)
    return stage.visitor.go(f"/accounts/applications/{stage.invitation.pk}/withdraw/")


@scene(503)
def second_factor_not_readable(stage: Stage) -> Response:
    with override_settings(ENCRYPTION_KEYS=["another key that is as long as a key must be"]):
        TOTP.activate(stage.invitee, generate_totp_secret())
    stage.visitor.go("/accounts/login/")
    stage.visitor.submit({"Email": str(stage.invitee.email), "Password": PASSWORD}, "Sign in")
    return stage.visitor.submit({"Code": "123456"}, "Sign in")


@scene(200)
def emails_delayed(stage: Stage) -> Response:
    AccountEmailFactory.create(user=stage.invitee, due_at=timezone.now() - timedelta(minutes=5))
    return at("/accounts/password/reset/done/")(stage)


SCENES["form-expired"] = (403, lambda stage: stage.visitor.post("/accounts/login/"))
