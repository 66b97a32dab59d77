"""Scenes of the home page of members, and of an organization's pages."""

from django.utils import timezone
from playwright.sync_api import Response

from accounts.models import User
from orgs.actions.organizations import create_organization
from orgs.models import Membership, Organization
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, UNIT_EDITOR_ROLE
from tests.browser.stage import ADDRESS, Stage, open_as, scene
from tests.factories import EmailFactory, InvitationFactory, MembershipFactory, UserFactory
from tests.support.people import session_of


def add_people(stage: Stage) -> None:
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
    add_people(stage)
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
    add_people(stage)
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
