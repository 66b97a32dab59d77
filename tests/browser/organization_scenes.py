"""Scenes of the home page of members, and of an organization's pages."""

from django.utils import timezone
from playwright.sync_api import Response

from accounts.models import User
from orgs.actions.organizations import create_organization
from orgs.models import Membership, Organization
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, UNIT_EDITOR_ROLE
from tests.browser.scenes import ADDRESS, Stage, scene
from tests.factories import AttemptFactory, EmailFactory, InvitationFactory, MembershipFactory, UnitFactory, UserFactory
from tests.support.people import membership_of, session_of


def fill(stage: Stage) -> None:
    """Add members and invitations in each state that the list *People* shows."""
    unit = stage.invitation.unit
    for number, (first, last) in enumerate((("Ada", "Lovelace"), ("Grace", "Hopper"), ("", ""))):
        user = UserFactory.create(email=f"person-{number}@example.com", first_name=first, last_name=last)
        MembershipFactory.create(organization=stage.organization, user=user, role_id=EDITOR_ROLE)
    MembershipFactory.create(
        organization=stage.organization, user=stage.stranger, role_id=ADMIN_ROLE, unit_roles={unit: UNIT_EDITOR_ROLE}
    )
    InvitationFactory.create(
        organization=stage.organization,
        email="gone-away@example.com",
        inviter=stage.owner,
        undeliverable=True,
    )
    waits = UserFactory.create(email="waits@example.com")
    InvitationFactory.create(organization=stage.organization, invitee=waits, inviter=stage.owner, waiting=True)
    former = UserFactory.create(email="former@example.com", first_name="Olga", last_name="Gartner")
    InvitationFactory.create(
        organization=stage.organization, email="again@example.com", inviter=former, inviter_name="Olga Gartner"
    )
    slow = InvitationFactory.create(organization=stage.organization, email="slow@example.com", inviter=stage.owner)
    EmailFactory.create(invitation=slow, state="deferred", response="451 4.7.1 Greylisted")


def open_as(stage: Stage, user: User, path: str) -> Response:
    stage.visitor.sign_in(user)
    return stage.visitor.go(f"/organizations/riverside{path}")


@scene(200)
def home_signed_in(stage: Stage) -> Response:
    create_organization(by=session_of(stage.invitee), name="Workshop", slug="workshop")
    create_organization(by=session_of(stage.invitee), name="Old Mill", slug="old-mill")
    Organization.objects.filter(slug="old-mill").update(deleted_at=timezone.now())
    stage.visitor.sign_in(stage.invitee)
    return stage.visitor.go("/")


@scene(200)
def home_without_an_organization(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.stranger)
    return stage.visitor.go("/")


@scene(200)
def new_organization(stage: Stage) -> Response:
    stage.visitor.sign_in(stage.stranger)
    return stage.visitor.go("/new-organization")


@scene(400)
def new_organization_refused(stage: Stage) -> Response:
    new_organization(stage)
    return stage.visitor.submit({"Name": "No\u202eeY"}, "Create")


@scene(200)
def organization_created(stage: Stage) -> Response:
    new_organization(stage)
    return stage.visitor.submit({"Name": "Hillside Choir"}, "Create")


@scene(200)
def people(stage: Stage) -> Response:
    fill(stage)
    return open_as(stage, stage.owner, "/people")


def select(stage: Stage, button: str, *addresses: str) -> Response:
    """Select the invitations to these addresses, or all of them, and press the button."""
    people(stage)
    page, translated = stage.visitor.page, stage.visitor.translated
    for address in addresses:
        page.get_by_label(translated("Select %(address)s") % {"address": address}).check()
    if not addresses:
        page.get_by_label(translated("All invitations in this list, also on other pages")).check()
    return stage.visitor.submit({}, button)


@scene(200)
def selected_invitations_to_resend(stage: Stage) -> Response:
    return select(stage, "Send again")


@scene(200)
def selected_invitations_resent(stage: Stage) -> Response:
    selected_invitations_to_resend(stage)
    return stage.visitor.submit({}, "Send again")


@scene(200)
def selected_invitations_to_withdraw(stage: Stage) -> Response:
    return select(stage, "Withdraw", ADDRESS, "slow@example.com")


@scene(200)
def selected_invitations_withdrawn(stage: Stage) -> Response:
    select(stage, "Withdraw", ADDRESS, "gone-away@example.com")
    return stage.visitor.submit({}, "Withdraw")


@scene(400)
def no_invitation_selected(stage: Stage) -> Response:
    people(stage)
    return stage.visitor.submit({}, "Withdraw")


@scene(200)
def people_without_permissions(stage: Stage) -> Response:
    fill(stage)
    return open_as(stage, User.objects.get(email="person-0@example.com"), "/people")


@scene(200)
def people_that_no_search_finds(stage: Stage) -> Response:
    return open_as(stage, stage.owner, "/people?search=nobody")


@scene(200)
def people_on_a_further_page(stage: Stage) -> Response:
    for number in range(110):
        InvitationFactory.create(
            organization=stage.organization, email=f"number-{number}@example.com", inviter=stage.owner
        )
    return open_as(stage, stage.owner, "/people?page=2")


@scene(200)
def member_page(stage: Stage) -> Response:
    fill(stage)
    return open_as(stage, stage.owner, f"/members/{membership_of(stage.stranger, stage.organization).pk}")


@scene(200)
def own_member_page(stage: Stage) -> Response:
    fill(stage)
    return open_as(stage, stage.stranger, f"/members/{membership_of(stage.stranger, stage.organization).pk}")


@scene(200)
def member_role(stage: Stage) -> Response:
    fill(stage)
    return open_as(stage, stage.owner, f"/members/{membership_of(stage.stranger, stage.organization).pk}/role")


@scene(409)
def member_role_refused(stage: Stage) -> Response:
    open_as(stage, stage.owner, f"/members/{membership_of(stage.owner, stage.organization).pk}/role")
    stage.visitor.page.get_by_label(stage.visitor.translated("Role"), exact=True).select_option(str(ADMIN_ROLE))
    return stage.visitor.submit({}, "Save")


@scene(200)
def member_access(stage: Stage) -> Response:
    fill(stage)
    return open_as(stage, stage.owner, f"/members/{membership_of(stage.stranger, stage.organization).pk}/access")


@scene(200)
def member_removal_asked(stage: Stage) -> Response:
    fill(stage)
    return open_as(stage, stage.owner, f"/members/{membership_of(stage.stranger, stage.organization).pk}/remove")


@scene(200)
def leaving_refused(stage: Stage) -> Response:
    fill(stage)
    return open_as(stage, stage.owner, "/leave")


@scene(200)
def invite_page(stage: Stage) -> Response:
    return open_as(stage, stage.owner, "/invite")


@scene(409)
def invite_page_refused(stage: Stage) -> Response:
    fill(stage)
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
    assert page.evaluate("document.activeElement.name") == "unit_id_2"
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
    fill(stage)
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


@scene(200)
def archived_organization(stage: Stage) -> Response:
    Organization.objects.update(deleted_at=timezone.now())
    return open_as(stage, stage.owner, "/people")


@scene(403)
def organization_that_requires_two_factor_authentication(stage: Stage) -> Response:
    Organization.objects.update(second_factor_required=True)
    return open_as(stage, stage.owner, "/people")


@scene(404)
def organization_of_others(stage: Stage) -> Response:
    assert not Membership.objects.filter(user=stage.stranger).exists()
    return open_as(stage, stage.stranger, "/people")
