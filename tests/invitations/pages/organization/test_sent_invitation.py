"""Test the page of an invitation, for people who manage it."""

import pytest
from django.test import Client

from invitations.models import Invitation
from invitations.tokens import listed_link_for
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, UNIT_EDITOR_ROLE, VIEWER_ROLE
from tests.factories import EmailFactory, InvitationFactory, MembershipFactory, UnitFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text
from tests.support.queries import assert_queries

BUTTONS = ["Send again", "Show the link", "Correct the address", "Change", "Withdraw"]
PATHS = ["", "/link", "/resend", "/correct", "/change", "/withdraw"]


def buttons(page):
    return [line for line in visible_text(page) if line in BUTTONS]


def test_a_manager_sees_why_the_person_has_not_joined_and_what_happened(signed_in, page_address, invitation, owner):
    client = signed_in(owner)
    client.post(
        "/organizations/riverside/invite", {"email": "x@example.com", "role_id": str(EDITOR_ROLE), "lifetime_days": 5}
    )
    created = Invitation.objects.get(email="x@example.com")

    page = client.get(f"/organizations/riverside/invitations/{created.pk}")

    text = visible_text(page)
    assert page.status_code == 200
    assert "Invitation to x@example.com" in text
    assert "The newest email is waiting to be sent." in text
    story = text[text.index("What happened") + 1 : -1]
    assert [line.split(" UTC ")[1] for line in story] == ["Invited by Owner Cast", "Email with the link: queued"]


def test_the_mail_servers_words_are_shown(signed_in, page_address, invitation, owner):
    EmailFactory.create(invitation=invitation, state="deferred", response="451 4.7.1 Greylisted")

    text = visible_text(signed_in(owner).get(page_address))

    assert "The email could not be delivered yet. We will try again." in text
    assert text[text.index("The mail server said:") + 1] == "451 4.7.1 Greylisted"


@pytest.mark.parametrize(
    ("values", "offered"),
    [
        ({}, BUTTONS),
        ({"waiting": True}, ["Withdraw"]),
        ({"expired": True}, ["Send again"]),
        ({"undeliverable": True}, ["Send again", "Correct the address"]),
        ({"declined": True}, []),
        ({"cancelled": True}, []),
        ({"accepted": True}, []),
    ],
)
def test_the_page_offers_what_is_possible_in_each_state(signed_in, organization, owner, invitee, values, offered):
    made = InvitationFactory.create(organization=organization, inviter=owner, **{"invitee": invitee, **values})

    assert buttons(signed_in(owner).get(f"/organizations/riverside/invitations/{made.pk}")) == offered


def test_what_nobody_can_accept_has_no_link_to_pass_on(signed_in, page_address, invitation, organization, owner, admin):
    Invitation.objects.update(inviter=admin, inviter_name="Admin Cast")
    admin.memberships.all().delete()

    page = signed_in(owner).get(page_address)

    text = visible_text(page)
    assert "Must be sent again" in text
    assert "Admin Cast is no longer a member. Someone who may invite must send the invitation again." in text
    assert buttons(page) == [one for one in BUTTONS if one != "Show the link"]


def test_a_replaced_invitation_leads_to_the_newer_one(signed_in, organization, owner):
    made = InvitationFactory.create(organization=organization, inviter=owner, superseded=True)

    html = signed_in(owner).get(f"/organizations/riverside/invitations/{made.pk}").content.decode()

    assert f'href="/organizations/riverside/invitations/{made.superseded_by_id}">Newer invitation' in html


@pytest.mark.parametrize("path", PATHS)
def test_a_member_who_manages_nobody_does_not_see_it(signed_in, page_address, member, path):
    client = signed_in(member)
    with track_changes() as changes:
        assert (client.get(page_address + path).status_code, client.post(page_address + path).status_code) == (403, 403)
    assert changes.nothing


@pytest.mark.parametrize("path", PATHS)
def test_an_invitation_of_another_organization_is_not_found(
    signed_in, other_organization, stranger, organization, owner, path
):
    theirs = InvitationFactory.create(organization=other_organization, inviter=stranger)
    address = f"/organizations/riverside/invitations/{theirs.pk}{path}"
    client = signed_in(owner)

    with track_changes() as changes:
        assert (client.get(address).status_code, client.post(address).status_code) == (404, 404)
    assert changes.nothing


def test_sending_again_says_so(signed_in, page_address, invitation, owner):
    client = signed_in(owner)
    assert "If you send it again, the links in earlier emails stop working." in visible_text(client.get(page_address))

    page = client.post(f"{page_address}/resend", follow=True)

    assert page.redirect_chain == [(page_address, 302)]
    assert visible_text(page)[0] == (
        "We'll email invitee@example.com a new link. The links in earlier emails have stopped working."
    )
    assert Invitation.objects.get().generation == 2


def test_sending_an_expired_one_again_leads_to_the_new_invitation(signed_in, organization, owner):
    expired = InvitationFactory.create(organization=organization, inviter=owner, expired=True)

    page = signed_in(owner).post(f"/organizations/riverside/invitations/{expired.pk}/resend", follow=True)

    new = Invitation.objects.exclude(pk=expired.pk).get()
    assert page.redirect_chain == [(f"/organizations/riverside/invitations/{new.pk}", 302)]


def test_what_cannot_be_sent_again_says_why(signed_in, organization, owner):
    declined = InvitationFactory.create(organization=organization, inviter=owner, declined=True)

    page = signed_in(owner).post(f"/organizations/riverside/invitations/{declined.pk}/resend")

    assert page.status_code == 410
    assert visible_text(page)[-4:] == [
        "That didn't work",
        "The invitation was declined.",
        "Nothing was changed.",
        "Back",
    ]


def test_the_limit_of_a_recipient_says_when_to_try_again(signed_in, page_address, invitation, owner, settings):
    settings.RECIPIENT_EMAILS_PER_HOUR = 1
    client = signed_in(owner)
    client.post(f"{page_address}/resend")

    page = client.post(f"{page_address}/resend")

    assert (page.status_code, "Retry-After" in page) == (429, True)
    assert any(line.startswith("This address was sent several emails") for line in visible_text(page))


def test_a_corrected_address_gets_a_new_invitation(signed_in, page_address, invitation, owner):
    client = signed_in(owner)
    assert 'value="invitee@example.com"' in client.get(f"{page_address}/correct").content.decode()

    page = client.post(f"{page_address}/correct", {"email": "right@example.com"}, follow=True)

    new = Invitation.objects.get(email="right@example.com")
    assert page.redirect_chain == [(f"/organizations/riverside/invitations/{new.pk}", 302)]
    invitation.refresh_from_db()
    assert invitation.superseded_by_id == new.pk


def test_the_same_address_is_refused(signed_in, page_address, owner):
    page = signed_in(owner).post(f"{page_address}/correct", {"email": "invitee@example.com"})

    assert page.status_code == 400
    assert "The invitation is to this address already." in visible_text(page)


def test_role_permissions_unit_role_and_expiry_can_be_changed(signed_in, organization, owner):
    unit = UnitFactory.create(organization=organization)
    made = InvitationFactory.create(organization=organization, inviter=owner, unit=unit)
    address = f"/organizations/riverside/invitations/{made.pk}"
    given = {
        "role_id": str(VIEWER_ROLE),
        "permissions": ["organization:create_projects"],
        "unit_role_id": str(UNIT_EDITOR_ROLE),
        "lifetime_days": "30",
    }

    page = signed_in(owner).post(f"{address}/change", given, follow=True)

    assert page.redirect_chain == [(address, 302)]
    assert visible_text(page)[0] == "The invitation has been changed."
    before = made.expires_at
    made.refresh_from_db()
    assert (made.role_id, made.permissions) == (VIEWER_ROLE, ["organization:create_projects"])
    assert made.unit_role_id == UNIT_EDITOR_ROLE
    assert (made.expires_at - before).days in (19, 20)


def test_without_a_number_of_days_the_expiry_date_stays(signed_in, page_address, invitation, owner):
    signed_in(owner).post(f"{page_address}/change", {"role_id": str(VIEWER_ROLE), "lifetime_days": ""})

    before = invitation.expires_at
    invitation.refresh_from_db()
    assert (invitation.role_id, invitation.expires_at) == (VIEWER_ROLE, before)


def test_nobody_offers_more_than_they_may_give(signed_in, page_address, invitation, organization, invitee):
    MembershipFactory.create(organization=organization, user=invitee, permissions=["organization:manage_members"])

    page = signed_in(invitee).post(f"{page_address}/change", {"role_id": str(ADMIN_ROLE)})

    assert page.status_code == 400
    invitation.refresh_from_db()
    assert invitation.role_id == EDITOR_ROLE


def test_withdrawing_asks_first_and_leads_back(signed_in, page_address, invitation, owner):
    client = signed_in(owner)

    asked = client.get(f"{page_address}/withdraw")
    assert visible_text(asked)[-6:] == [
        "Withdraw the invitation to invitee@example.com?",
        "The links in all emails of this invitation stop working.",
        "Nobody can accept it.",
        "Nobody gets an email about it. To undo it, somebody must send a new invitation.",
        "Withdraw",
        "Cancel",
    ]
    assert Invitation.objects.get().status == "pending"
    done = client.post(f"{page_address}/withdraw", follow=True)

    assert visible_text(done)[0] == "The invitation to invitee@example.com has been withdrawn."
    assert Invitation.objects.get().status == "cancelled"


@pytest.mark.parametrize("path", PATHS[1:])
def test_a_form_without_a_csrf_token_changes_nothing(page_address, owner, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    with track_changes() as changes:
        assert client.post(page_address + path).status_code == 403
    assert changes.nothing


def test_the_address_of_a_button_leads_to_the_invitation(signed_in, page_address, owner):
    assert signed_in(owner).get(f"{page_address}/resend")["Location"] == page_address


def test_the_page_takes_a_fixed_number_of_queries(signed_in, page_address, invitation, owner):
    EmailFactory.create(invitation=invitation, state="deferred", response="451 4.7.1 Greylisted")
    client = signed_in(owner)

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        invitation="SELECT invitations_invitation",
        emails="SELECT invitations_email",
        attempts="SELECT invitations_attempt",
        is_member="SELECT orgs_membership",
        is_closed="SELECT accounts_user",
        inviter="SELECT orgs_roleassignment",
        events="SELECT events_event",
    ):
        client.get(page_address)


def test_the_link_is_only_in_the_response_to_the_button(signed_in, page_address, invitation, owner):
    client = signed_in(owner)
    link = listed_link_for(invitation)

    page = client.post(f"{page_address}/link")

    assert page.status_code == 200
    assert f">{link}</textarea>" in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert client.get(f"{page_address}/link")["Location"] == page_address
    assert link not in client.get(page_address).content.decode()


def test_an_invitation_that_ended_has_no_link(signed_in, organization, owner):
    ended = InvitationFactory.create(organization=organization, inviter=owner, declined=True)

    page = signed_in(owner).post(f"/organizations/riverside/invitations/{ended.pk}/link")

    assert page.status_code == 410
    assert "/i/" not in page.content.decode()
