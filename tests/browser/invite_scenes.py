"""Scenes of the pages that invite people, and of the page of an invitation."""

from playwright.sync_api import Response, expect

from accounts.models import User
from tests.browser.organization_scenes import add_people
from tests.browser.stage import Stage, open_as, scene
from tests.factories import AttemptFactory, EmailFactory, UnitFactory


@scene(200)
def invite_page(stage: Stage) -> Response:
    return open_as(stage, stage.owner, "/invite")


@scene(409)
def invite_page_refused(stage: Stage) -> Response:
    add_people(stage)
    invite_page(stage)
    return stage.visitor.submit({"Email address": "person-0@example.com"}, "Invite")


@scene(200)
def person_invited(stage: Stage) -> Response:
    invite_page(stage)
    return stage.visitor.submit({"Email address": "newcomer@example.com"}, "Invite")


def choose_units(stage: Stage) -> None:
    """Choose two workspaces on the page that is open."""
    page, name = stage.visitor.page, stage.visitor.translated
    units, roles = name("Workspace or application"), name("Role there")
    page.get_by_label(units, exact=True).select_option(index=1)
    page.get_by_label(roles, exact=True).select_option(index=1)
    stage.visitor.submit({}, "Add another one")
    expect(page.locator("[name=unit_id_2]")).to_be_focused()
    page.get_by_label(units, exact=True).nth(1).select_option(index=2)
    page.get_by_label(roles, exact=True).nth(1).select_option(index=2)


@scene(200)
def invite_page_with_several_units(stage: Stage) -> Response:
    UnitFactory.create_batch(2, organization=stage.organization)
    response = invite_page(stage)
    choose_units(stage)
    return response


@scene(200)
def person_invited_to_several_units(stage: Stage) -> Response:
    invite_page_with_several_units(stage)
    page = stage.visitor.page
    page.get_by_label("Email address", exact=True).fill("newcomer@example.com")
    with page.expect_navigation() as navigation:  # the Enter key sends the form, and adds no row
        page.keyboard.press("Enter")
    return navigation.value


@scene(403)
def invite_page_without_permission(stage: Stage) -> Response:
    add_people(stage)
    return open_as(stage, User.objects.get(email="person-0@example.com"), "/invite")


def paste(stage: Stage, people: str) -> Response:
    open_as(stage, stage.owner, "/invite/many")
    return stage.visitor.submit({"Email addresses": people}, "Preview")


LIST = "email,name,role\nann@example.com,Ann Lee,Chief\nowner@example.com,,\nzoe@example,,\n"


@scene(200)
def invite_many_page(stage: Stage) -> Response:
    return open_as(stage, stage.owner, "/invite/many")


@scene(400)
def invite_many_refused(stage: Stage) -> Response:
    return paste(stage, "nobody")


@scene(200)
def invite_preview(stage: Stage) -> Response:
    return paste(stage, LIST)


@scene(200)
def invite_preview_with_several_units(stage: Stage) -> Response:
    UnitFactory.create_batch(2, organization=stage.organization)
    open_as(stage, stage.owner, "/invite/many")
    choose_units(stage)
    return stage.visitor.submit({"Email addresses": "Ann Lee <ann@example.com>, owner@example.com"}, "Preview")


@scene(200)
def invite_result(stage: Stage) -> Response:
    paste(stage, "Ann Lee <ann@example.com>, owner@example.com")
    return stage.visitor.submit({}, "Invite 1 person")


@scene(200)
def sent_invitation(stage: Stage) -> Response:
    return open_as(stage, stage.owner, f"/invitations/{stage.invitation.pk}")


@scene(200)
def link_of_an_invitation(stage: Stage) -> Response:
    sent_invitation(stage)
    return stage.visitor.submit({}, "Show the link")


@scene(200)
def sent_invitation_that_bounced(stage: Stage) -> Response:
    email = stage.invitation.emails.get()
    email.delete()
    bounced = EmailFactory.create(invitation=stage.invitation, state="bounced", response="550 5.1.1 User unknown")
    AttemptFactory.create(email=bounced, state="bounced", response=bounced.response)
    stage.finish("error")
    return open_as(stage, stage.owner, f"/invitations/{stage.invitation.pk}")


@scene(200)
def sent_invitation_to_correct(stage: Stage) -> Response:
    return open_as(stage, stage.owner, f"/invitations/{stage.invitation.pk}/correct")


@scene(200)
def sent_invitation_to_change(stage: Stage) -> Response:
    return open_as(stage, stage.owner, f"/invitations/{stage.invitation.pk}/change")


@scene(200)
def sent_invitation_to_withdraw(stage: Stage) -> Response:
    return open_as(stage, stage.owner, f"/invitations/{stage.invitation.pk}/withdraw")


@scene(410)
def resending_refused(stage: Stage) -> Response:
    sent_invitation(stage)
    stage.finish("declined")
    return stage.visitor.submit({}, "Send again")
