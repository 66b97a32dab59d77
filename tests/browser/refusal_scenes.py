"""Scenes of the unsubscribe pages."""

from playwright.sync_api import Response

from invitations.email.address_hashes import SuppressionScope
from invitations.email.suppressions import unsubscribe
from invitations.tokens import Purpose, token_for
from tests.browser.scenes import decline_asked
from tests.browser.stage import Stage, scene
from tests.support.people import session_of


def no_email_page(stage: Stage) -> Response:
    return stage.visitor.go(f"/i/{token_for(stage.invitation, Purpose.UNSUBSCRIBE)}/no-mail")


@scene(200)
def no_more_emails(stage: Stage) -> Response:
    return no_email_page(stage)


@scene(200)
def no_more_emails_from_one(stage: Stage) -> Response:
    no_email_page(stage)
    return stage.visitor.submit({}, "Only Riverside Cooperative")


@scene(200)
def no_more_emails_from_any(stage: Stage) -> Response:
    no_email_page(stage)
    return stage.visitor.submit({}, "All organizations")


@scene(410)
def declined_and_no_more_emails(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.invitee)
    decline_asked(stage)
    stage.visitor.page.get_by_text(stage.visitor.translated("Add a reason or unsubscribe (optional)")).click()
    stage.visitor.page.get_by_label(stage.visitor.translated("Unsubscribe from all organizations")).check()
    return stage.visitor.submit({}, "Decline")


@scene(404)
def no_more_emails_by_an_unknown_link(stage: Stage) -> Response:
    return stage.visitor.go("/i/" + "A" * 59 + "/no-mail")


@scene(200)
def emails_refused(stage: Stage) -> Response:
    for scope in SuppressionScope:
        unsubscribe(by=session_of(stage.invitee), invitation_id=stage.invitation.pk, scope=scope)
    stage.visitor.sign_in(stage.invitee)
    return stage.visitor.go("/mails")


@scene(200)
def no_emails_refused(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.invitee)
    return stage.visitor.go("/mails")
