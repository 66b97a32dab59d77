"""Scenes of the pages for visitors without the link, and of the pages where the link proves access to the mailbox."""

from playwright.sync_api import Response

from accounts.principals import staff
from invitations.tokens import Purpose
from orgs.actions.accounts import delete_account
from tests.browser.scenes import right_but_unverified_address
from tests.browser.stage import Stage, scene
from tests.factories import UserFactory
from tests.support.people import PASSWORD, session_of


def address_bar(stage: Stage) -> Response:
    """Open the page of the invitation without its link, as from a copied address."""
    return stage.visitor.go(f"/invitations/{stage.invitation.pk}")


def without_a_password(stage: Stage) -> None:
    stage.invitee.set_unusable_password()
    stage.invitee.save()
    stage.show()


@scene(200)
def how_to_open(stage: Stage) -> Response:
    return address_bar(stage)


@scene(200)
def how_to_open_from_another_account(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.stranger)
    return address_bar(stage)


@scene(200)
def sign_in_without_a_password(stage: Stage) -> Response:
    without_a_password(stage)
    return stage.visitor.go(f"/invitations/{stage.invitation.pk}/sign-in")


@scene(200)
def first_password(stage: Stage) -> Response:
    without_a_password(stage)
    return stage.visitor.go(f"/invitations/{stage.invitation.pk}/set-password")


@scene(200)
def first_password_refused(stage: Stage) -> Response:
    first_password(stage)
    return stage.visitor.submit({"Password": "12345"}, "Set password and sign in")


@scene(200)
def first_password_set(stage: Stage) -> Response:
    first_password(stage)
    return stage.visitor.submit({"Password": PASSWORD}, "Set password and sign in")


@scene(403)
def wrong_account_whose_address_is_free(stage: Stage) -> Response:
    delete_account(by=session_of(stage.invitee), user=stage.invitee)
    stage.visitor.sign_in(stage.stranger)
    return stage.show()


@scene(200)
def address_added(stage: Stage) -> Response:
    wrong_account_whose_address_is_free(stage)
    return stage.visitor.submit({}, "Add to this account")


@scene(403)
def wrong_account_with_the_listed_link(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.stranger)
    return stage.visitor.open_email(stage.invitation, Purpose.LISTED)


@scene(403)
def unverified_address_with_the_listed_link(stage: Stage) -> Response:
    right_but_unverified_address(stage)
    stage.visitor.page.context.clear_cookies()
    stage.visitor.sign_in(stage.stranger)
    return stage.visitor.open_email(stage.invitation, Purpose.LISTED)


@scene(200)
def sign_up_for_a_closed_account(stage: Stage) -> Response:
    operator = UserFactory.create(email="staff@example.com", superuser=True)
    delete_account(by=staff(operator, "accounts.delete_user"), user=stage.invitee)
    stage.show()
    stage.visitor.go(f"/invitations/{stage.invitation.pk}/sign-up")
    return stage.visitor.submit({"Password": PASSWORD}, "Create an account")
