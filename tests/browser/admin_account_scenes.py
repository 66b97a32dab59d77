"""Scenes of the admin pages with which staff help people who cannot sign in, and make staff."""

from playwright.sync_api import Response

from tests.browser.admin_scenes import as_staff
from tests.browser.stage import Stage, scene
from tests.factories import AuthenticatorFactory, EmailAddressFactory


def help_invitee(stage: Stage, button: str) -> Response:
    """Open a page about the invitee, who has two-factor authentication and three addresses."""
    AuthenticatorFactory.create(user=stage.invitee)
    EmailAddressFactory.create(user=stage.invitee, email="second@example.com")
    EmailAddressFactory.create(user=stage.invitee, email="unverified-address@subdomain.example.com", verified=False)
    return as_staff(stage, f"accounts/user/{stage.invitee.pk}/{button}")


@scene(200)
def admin_user_with_every_button(stage: Stage) -> Response:
    return help_invitee(stage, "change/")


@scene(200)
def admin_asks_before_removing_two_factor_authentication(stage: Stage) -> Response:
    return help_invitee(stage, "do/two-factor")


@scene(200)
def admin_password_reset(stage: Stage) -> Response:
    return help_invitee(stage, "do/reset")


@scene(200)
def admin_asks_before_verifying_an_address(stage: Stage) -> Response:
    return help_invitee(stage, "do/verify")


@scene(200)
def admin_asks_before_securing_an_account(stage: Stage) -> Response:
    return help_invitee(stage, "do/secure")


@scene(200)
def admin_staff_role(stage: Stage) -> Response:
    return help_invitee(stage, "do/staff-role")


@scene(200)
def admin_staff_role_changed(stage: Stage) -> Response:
    admin_staff_role(stage)
    stage.visitor.page.get_by_label("Staff role").select_option("support")
    return stage.visitor.submit({}, "Change staff role")
