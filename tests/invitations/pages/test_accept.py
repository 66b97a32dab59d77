"""Test accepting on the invitation page."""

import pytest

from invitations.actions.transitions import leave_pending
from invitations.models import Invitation
from invitations.tokens import Purpose
from orgs.models import Membership
from orgs.permissions import EDITOR_ROLE, UNIT_VIEWER_ROLE
from tests.factories import InvitationFactory, UnitFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text
from tests.support.people import role_id_of

BELONGS = [
    "You're a member of Riverside",
    "You accepted this invitation. You're all set.",
    "My invitations",
]


@pytest.fixture(autouse=True)
def _signed_in(client, invitee):
    client.force_login(invitee)


def accept(client, invitation):
    return client.post(f"/invitations/{invitation.pk}/accept")


@pytest.mark.parametrize("purpose", [None, *Purpose])
def test_yes_makes_the_membership_with_any_link_or_none(client, invitation, invitee, purpose, open_link, page_of):
    if purpose:
        open_link(invitation, purpose)

    with track_changes() as changes:
        response = accept(client, invitation)

    assert (response.status_code, response["Location"]) == (302, "/invitations")
    assert role_id_of(invitee, invitation.organization) == EDITOR_ROLE
    assert [event.kind for event in changes.events] == ["membership.created", "invitation.accepted"]
    assert {(event.by, event.method) for event in changes.events} == {(invitee.pk, "session")}
    assert (page_of(invitation).status_code, visible_text(page_of(invitation))) == (200, BELONGS)


@pytest.mark.parametrize("next_page", ["/invitations", "/invitations/{}"])
def test_the_next_page_brings_a_new_session_key_because_rights_have_grown(client, invitation, next_page):
    before = client.session.session_key
    accept(client, invitation)

    client.get(next_page.format(invitation.pk))

    renewed = client.session.session_key
    assert renewed != before
    assert not client.session.exists(before)
    assert client.get("/invitations").status_code == 200
    assert client.session.session_key == renewed


def test_a_second_click_whose_first_answer_was_dropped_is_still_signed_in(client, invitation):
    cookie = client.cookies["session_id"].value
    accept(client, invitation)
    client.cookies["session_id"] = cookie
    del client.cookies["messages"]

    response = accept(client, invitation)

    assert (response.status_code, visible_text(response)) == (410, BELONGS)


def test_a_second_click_changes_nothing_and_shows_what_happened(client, invitation):
    accept(client, invitation)

    with track_changes() as changes:
        response = accept(client, invitation)

    assert (response.status_code, visible_text(response)) == (
        410,
        ["You're now a member of Riverside, as Editor.", *BELONGS],
    )
    assert changes.nothing


def test_signed_out_nobody_can_accept(client, invitation, open_link):
    client.logout()
    open_link(invitation)

    with track_changes() as changes:
        response = accept(client, invitation)

    assert response.status_code == 403
    assert visible_text(response)[0] == "Join Riverside"
    assert changes.nothing


def test_without_a_free_seat_the_acceptance_waits(client, invitation, organization, page_of):
    organization.seat_limit = 3
    organization.save()

    accept(client, invitation)

    assert (page_of(invitation).status_code, visible_text(page_of(invitation))) == (
        200,
        [
            "You accepted, and you're waiting for a seat",
            "Riverside has no free seat right now. You'll join automatically as soon as there is one."
            " You don't need to do anything else.",
            "My invitations",
        ],
    )
    assert not Membership.objects.filter(user__email="invitee@example.com").exists()


def test_an_inviter_who_may_no_longer_offer_it_stops_the_answer(client, invitation):
    Invitation.objects.filter(pk=invitation.pk).update(inviter=None)

    with track_changes() as changes:
        response = accept(client, invitation)

    assert response.status_code == 409
    assert visible_text(response)[0] == "You can't accept this invitation anymore"
    assert changes.nothing


def test_an_invitation_withdrawn_since_the_page_was_opened_shows_that(client, invitation, page_of):
    page_of(invitation)
    leave_pending(invitation.pk, "cancelled")

    response = accept(client, invitation)

    assert response.status_code == 410
    assert visible_text(response)[0] == "This invitation has been withdrawn"


def test_a_get_does_not_accept_and_leads_back(client, invitation):
    with track_changes() as changes:
        response = client.get(f"/invitations/{invitation.pk}/accept")

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert changes.nothing


def what_was_gained(client, invitation):
    page = client.post(f"/invitations/{invitation.pk}/accept", follow=True)
    assert page.redirect_chain == [("/invitations", 302)]
    return visible_text(page)[0]


def test_my_invitations_say_what_was_gained(client, organization, owner):
    invitation = InvitationFactory.create(
        organization=organization,
        email="invitee@example.com",
        inviter=owner,
        role_id=EDITOR_ROLE,
        permissions=["organization:manage_members", "organization:manage_billing"],
        unit=UnitFactory.create(organization=organization, name="Red Room"),
        unit_role_id=UNIT_VIEWER_ROLE,
    )

    assert what_was_gained(client, invitation) == (
        "You're now a member of Riverside, as Editor. You can also manage members, manage billing."
        " You now have access to Red Room, as Viewer."
    )


def test_a_member_reads_only_what_is_new(client, invitation, member):
    Invitation.objects.filter(pk=invitation.pk).update(email="member@example.com")
    client.force_login(member)

    assert what_was_gained(client, invitation) == "You accepted the invitation to Riverside. Your role is now Editor."


def test_a_member_who_gained_nothing_reads_that(client, invitation, admin):
    Invitation.objects.filter(pk=invitation.pk).update(email="admin@example.com")
    client.force_login(admin)

    assert what_was_gained(client, invitation) == (
        "You accepted the invitation to Riverside. You already had everything that it offered."
    )


def test_it_is_said_once(client, invitation):
    what_was_gained(client, invitation)

    assert visible_text(client.get("/invitations"))[0] == "My invitations"
