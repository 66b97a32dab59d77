"""Scenes: every page in every state. Each scene is a function that sets up the state and opens the page."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.utils import timezone
from playwright.sync_api import Response

from core.addresses import normalize_address
from invitations.actions import answering, inviting
from invitations.tokens import Purpose
from orgs.actions.organizations import create_organization
from orgs.models import Organization
from orgs.permissions import UNIT_EDITOR_ROLE
from tests.browser.stage import ADDRESS, Stage, scene, write_personally
from tests.factories import EmailAddressFactory
from tests.support.people import session_of

# Invitation pages


@scene(200)
def signed_out(stage: Stage) -> Response:
    return stage.show()


@scene(200)
def signed_out_with_the_listed_link(stage: Stage) -> Response:
    return stage.visitor.open_email(stage.invitation, Purpose.LISTED)


@scene(200)
def right_account(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.invitee)
    return stage.show()


@scene(200)
def right_account_with_a_message(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.invitee)
    write_personally(stage)
    return stage.show()


@scene(200)
def decline_asked(stage: Stage) -> Response:
    stage.show()
    return stage.visitor.go(f"/invitations/{stage.invitation.pk}/decline")


@scene(400)
def reason_refused(stage: Stage) -> Response:
    decline_asked(stage)
    stage.visitor.page.get_by_text(stage.visitor.translated("Add a reason or unsubscribe (optional)")).click()
    return stage.visitor.submit({"Reason (optional)": "No\u202eeY"}, "Decline")


@scene(403)
def wrong_account(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.stranger)
    return stage.show()


@scene(403)
def right_but_unverified_address(stage: Stage) -> Response:
    EmailAddress.objects.filter(email=ADDRESS).delete()
    EmailAddressFactory.create(user=stage.stranger, email=ADDRESS, verified=False)
    stage.visitor.sign_in(stage.stranger)
    return stage.show()


@scene(200)
def already_a_member(stage: Stage) -> Response:
    invitation = inviting.invite(
        by=session_of(stage.owner), organization_id=stage.organization.pk, email=normalize_address(ADDRESS)
    )
    answering.accept(by=session_of(stage.invitee), invitation_id=invitation.pk)
    stage.visitor.sign_in(stage.invitee)
    return stage.show()


@scene(200)
def accepted_by_you(stage: Stage) -> Response:
    answering.accept(by=session_of(stage.invitee), invitation_id=stage.invitation.pk)
    stage.visitor.sign_in(stage.invitee)
    return stage.show()


@scene(200)
def just_accepted(stage: Stage) -> Response:
    right_account(stage)
    return stage.visitor.submit({}, "Accept")


@scene(200)
def accepted_with_a_website(stage: Stage) -> Response:
    Organization.objects.update(website="https://riverside.example.com/")
    return accepted_by_you(stage)


@scene(200)
def already_a_member_with_a_website(stage: Stage) -> Response:
    Organization.objects.update(website="https://riverside.example.com/")
    return already_a_member(stage)


@scene(410)
def accepted(stage: Stage) -> Response:
    answering.accept(by=session_of(stage.invitee), invitation_id=stage.invitation.pk)
    return stage.show()


@scene(200)
def waiting_for_a_seat(stage: Stage) -> Response:
    Organization.objects.update(seat_limit=1)
    answering.accept(by=session_of(stage.invitee), invitation_id=stage.invitation.pk)
    stage.visitor.sign_in(stage.invitee)
    return stage.show()


@scene(409)
def somebody_waits_for_a_seat(stage: Stage) -> Response:
    Organization.objects.update(seat_limit=1)
    answering.accept(by=session_of(stage.invitee), invitation_id=stage.invitation.pk)
    return stage.show()


@scene(410)
def declined(stage: Stage) -> Response:
    answering.decline(by=session_of(stage.invitee), invitation_id=stage.invitation.pk)
    return stage.show()


@scene(410)
def withdrawn(stage: Stage) -> Response:
    inviting.cancel(
        by=session_of(stage.owner), organization_id=stage.organization.pk, invitation_id=stage.invitation.pk
    )
    return stage.show()


@scene(410)
def expired(stage: Stage) -> Response:
    stage.change(expires_at=timezone.now() - timedelta(days=1))
    return stage.show()


@scene(410)
def expired_and_asked_again(stage: Stage) -> Response:
    stage.change(expires_at=timezone.now() - timedelta(days=1))
    stage.show()
    return stage.visitor.submit({}, "Ask for a new invitation")


@scene(410)
def expired_with_nobody_to_ask(stage: Stage) -> Response:
    stage.change(expires_at=timezone.now() - timedelta(days=1), inviter=None)
    return stage.show()


@scene(410)
def superseded(stage: Stage) -> Response:
    inviting.invite(
        by=session_of(stage.owner),
        organization_id=stage.organization.pk,
        email=normalize_address(ADDRESS),
        unit_id=stage.invitation.unit_id,
        unit_role_id=UNIT_EDITOR_ROLE,
        force=True,
    )
    return stage.show()


@scene(410)
def newer_email_sent(stage: Stage) -> Response:
    inviting.resend(
        by=session_of(stage.owner), organization_id=stage.organization.pk, invitation_id=stage.invitation.pk
    )
    return stage.show()


@scene(410)
def undeliverable(stage: Stage) -> Response:
    stage.finish("error")
    return stage.show()


@scene(409)
def inviter_can_no_longer_grant(stage: Stage) -> Response:
    stage.change(inviter=stage.stranger)
    return stage.show()


@scene(404)
def unknown(stage: Stage) -> Response:
    return stage.visitor.go("/i/" + "A" * 59)


# Sign-in and sign-up


@scene(200)
def sign_in_from_the_invitation(stage: Stage) -> Response:
    stage.show()
    return stage.visitor.go(f"/invitations/{stage.invitation.pk}/sign-in")


@scene(200)
def sign_in_failed(stage: Stage) -> Response:
    sign_in_from_the_invitation(stage)
    return stage.visitor.submit({"Password": "not the right one"}, "Sign in")


@scene(200)
def sign_up_from_the_invitation(stage: Stage) -> Response:
    stage.show()
    return stage.visitor.go(f"/invitations/{stage.invitation.pk}/sign-up")


@scene(200)
def sign_up_refused(stage: Stage) -> Response:
    sign_up_from_the_invitation(stage)
    return stage.visitor.submit({"Password": "12345"}, "Create an account")


# Home


@scene(200)
def start_page(stage: Stage) -> Response:
    return stage.visitor.go("/")


@scene(200)
def my_invitations(stage: Stage) -> Response:
    other = create_organization(
        by=session_of(stage.stranger),
        name="Extraordinarily Long-Named Hillside Association",
        slug="hillside",
    )
    inviting.invite(by=session_of(stage.stranger), organization_id=other.pk, email=normalize_address(ADDRESS))
    create_organization(by=session_of(stage.invitee), name="Workshop", slug="workshop", website="https://example.com/")
    stage.visitor.sign_in(stage.invitee)
    return stage.visitor.go("/invitations")


@scene(200)
def my_invitations_without_any(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.stranger)
    return stage.visitor.go("/invitations")
