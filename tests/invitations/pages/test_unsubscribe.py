"""Test unsubscribing by link, in the email client and while declining, and test removing a suppression."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.test.client import MULTIPART_CONTENT

from accounts.models import User
from invitations.email.address_hashes import Suppression
from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from orgs.actions.accounts import purge_account
from orgs.actions.organizations import purge_organization
from tests.factories import EmailAddressFactory, InvitationFactory, OrganizationFactory
from tests.support.changes import event, track_changes
from tests.support.pages import visible_text
from tests.support.people import session_of

ASKED = [
    "Unsubscribe from invitation emails?",
    "We emailed invitee@example.com because someone at Riverside invited this address. "
    "Who should stop sending you invitation emails?",
    "We won't tell the people who invite you. You'll still find new invitations here when you sign in.",
    "Only Riverside",
    "All organizations",
]
BACK = [
    "Changed your mind? Sign in with an account that has this address to allow emails again.",
    "Email preferences",
]
HERE = ["You're unsubscribed", "We won't email invitations from Riverside to invitee@example.com anymore.", *BACK]
EVERYWHERE = [
    "You're unsubscribed",
    "We won't email invitations to invitee@example.com anymore.",
    *BACK,
]
UNKNOWN = "We couldn't find this invitation"
URL_ENCODED = "application/x-www-form-urlencoded"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
SCANNERS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
    "BarracudaCentral (http://barracudacentral.org)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0; Pro)",
    "GoogleImageProxy",
]


def address(invitation: Invitation, purpose: Purpose = Purpose.UNSUBSCRIBE) -> str:
    return f"/i/{token_for(invitation, purpose)}/no-mail"


def refused() -> list[tuple[str, str | None]]:
    """Return the scope and organization of every suppression."""
    rows = Suppression.objects.select_related("organization").order_by("created_at")
    return [(str(row.scope), row.organization.slug if row.organization else None) for row in rows]


# The link in the email


def test_the_link_asks_from_whom(client, invitation):
    response = client.get(address(invitation))

    assert (response.status_code, visible_text(response)) == (200, ASKED)
    assert not response.cookies


@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize("agent", SCANNERS)
def test_opening_the_link_does_not_unsubscribe(client, invitation, method, agent):
    with track_changes() as changes:
        for _ in range(10):
            assert getattr(client, method)(address(invitation), headers={"User-Agent": agent}).status_code == 200
    assert changes.nothing


@pytest.mark.parametrize(
    ("scope", "page", "kept"),
    [("organization", HERE, [("organization", "riverside")]), ("all", EVERYWHERE, [("all", None)])],
)
def test_one_click_unsubscribes_without_an_account(client, invitation, scope, page, kept):
    with track_changes() as changes:
        response = client.post(address(invitation), {"scope": scope})

    assert (response.status_code, visible_text(response)) == (200, page)
    assert refused() == kept
    [event] = changes.events
    assert (event.kind, event.by, event.method, event.organization) == ("suppression.created", None, "link", None)
    assert Invitation.objects.get().status == "pending"


def test_pressing_again_changes_nothing(client, invitation):
    client.post(address(invitation), {"scope": "organization"})

    with track_changes() as changes:
        assert visible_text(client.post(address(invitation), {"scope": "organization"})) == HERE
    assert changes.nothing


@pytest.mark.parametrize("body", [{}, {"scope": ""}, {"reach": "everybody"}, {"List-Unsubscribe": "Yes"}])
def test_without_a_choice_it_asks_again(client, invitation, body):
    with track_changes() as changes:
        response = client.post(address(invitation), body)

    assert (response.status_code, visible_text(response)) == (400, ASKED)
    assert changes.nothing


def test_the_link_of_an_older_email_works_too(client, invitation):
    older = address(invitation)
    Invitation.objects.update(generation=3)

    assert client.post(older, {"scope": "all"}).status_code == 200
    assert refused() == [("all", None)]


@pytest.mark.parametrize("status", ["accepted", "declined", "cancelled", "expired", "error"])
def test_it_works_for_an_invitation_in_any_state(client, invitation, status):
    Invitation.objects.update(status=status, finished_at="2025-06-01T14:05:00Z")

    assert visible_text(client.get(address(invitation))) == ASKED
    assert visible_text(client.post(address(invitation), {"scope": "organization"})) == HERE


def test_people_can_unsubscribe_from_an_archived_organization(client, invitation, organization):
    organization.deleted_at = "2025-06-01T14:05:00Z"
    organization.save()

    assert visible_text(client.post(address(invitation), {"scope": "organization"})) == HERE


def test_it_is_about_the_address_of_the_email_and_not_the_signed_in_user(client, invitation, stranger):
    client.force_login(stranger)

    client.post(address(invitation), {"scope": "all"})

    assert Suppression.objects.by_address("invitee@example.com", None).exists()
    assert not Suppression.objects.by_address("stranger@example.com", None).exists()


# Invalid tokens


@pytest.mark.parametrize("purpose", [Purpose.EMAILED, Purpose.LISTED])
def test_a_token_for_something_else_is_none(client, invitation, purpose):
    for response in (client.get(address(invitation, purpose)), client.post(address(invitation, purpose), ONE_CLICK)):
        assert (response.status_code, visible_text(response)[0]) == (404, UNKNOWN)
    assert refused() == []


def test_the_unsubscribe_token_opens_no_invitation(client, invitation):
    response = client.get(f"/i/{token_for(invitation, Purpose.UNSUBSCRIBE)}")

    assert (response.status_code, visible_text(response)[0]) == (404, UNKNOWN)
    assert visible_text(client.get(f"/invitations/{invitation.pk}"))[0] == "Open your invitation"


@pytest.mark.parametrize("token", ["x", "A" * 59, "%00", "é"])
def test_what_is_no_token_is_answered_the_same(client, db, token):
    for response in (client.get(f"/i/{token}/no-mail"), client.post(f"/i/{token}/no-mail", ONE_CLICK)):
        assert response.status_code in (400, 404)
    assert refused() == []


def test_a_token_under_another_key_is_none(client, invitation, settings):
    foreign = address(invitation)
    settings.INVITATION_TOKEN_KEYS = ["another"]

    assert client.post(foreign, ONE_CLICK).status_code == 404
    assert refused() == []


def test_the_link_of_an_erased_person_or_organization_is_unknown(client, invitation, invitee, organization, owner):
    elsewhere = InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner)
    purge_account(by=session_of(invitee), user=invitee)
    assert client.post(address(invitation), ONE_CLICK).status_code == 404
    purge_organization(by=session_of(owner), organization_id=organization.pk)
    assert client.post(address(elsewhere), ONE_CLICK).status_code == 404
    assert refused() == []


# One-click unsubscribe in an email client (RFC 8058)


@pytest.mark.parametrize("multipart", [False, True])
def test_an_email_client_unsubscribes_without_cookie_and_csrf_token(invitation, multipart):
    client = Client(enforce_csrf_checks=True)
    body, kind = (ONE_CLICK, MULTIPART_CONTENT) if multipart else (urlencode(ONE_CLICK), URL_ENCODED)

    response: Any = client.post(address(invitation), body, content_type=kind)

    assert (response.status_code, visible_text(response)) == (200, HERE)
    assert "Location" not in response
    assert not response.cookies
    assert refused() == [("organization", "riverside")]


def test_it_needs_the_token_and_nothing_else(invitation):
    assert Client(enforce_csrf_checks=True).post("/i//no-mail", ONE_CLICK).status_code == 404
    assert Client(enforce_csrf_checks=True).post(f"/i/{invitation.pk}/no-mail", ONE_CLICK).status_code == 404
    assert refused() == []


# Unsubscribing while declining


@pytest.mark.parametrize(
    ("choice", "kept"),
    [("", []), ("organization", [("organization", "riverside")]), ("all", [("all", None)])],
)
def test_declining_can_stop_further_emails(client, invitation, open_link, choice, kept):
    open_link(invitation)

    response = client.post(f"/invitations/{invitation.pk}/decline", {"reason": "No time.", "unsubscribe_from": choice})

    assert response.status_code == 302
    assert refused() == kept
    declined = Invitation.objects.get()
    assert (declined.status, declined.decline_reason) == ("declined", "No time.")


NO_MORE = {
    "organization": "We won't email invitations from Riverside to invitee@example.com anymore.",
    "all": "We won't email invitations to invitee@example.com anymore.",
}


@pytest.mark.parametrize("choice", ["", "organization", "all"])
def test_the_next_page_says_once_that_no_more_emails_come(client, invitation, open_link, page_of, choice):
    open_link(invitation)

    answer = {"unsubscribe_from": choice}
    response = client.post(f"/invitations/{invitation.pk}/decline", answer, follow=True)

    said = [NO_MORE[choice]] if choice else []
    assert visible_text(response)[: len(said) + 1] == [*said, "This invitation has been declined"]
    assert visible_text(page_of(invitation))[0] == "This invitation has been declined"


@pytest.mark.parametrize("signed_in", [True, False])
def test_an_answer_that_came_too_late_promises_nothing(client, invitation, invitee, open_link, signed_in):
    if signed_in:
        client.force_login(invitee)
    open_link(invitation)
    client.post(f"/invitations/{invitation.pk}/decline")

    response = client.post(f"/invitations/{invitation.pk}/decline", {"unsubscribe_from": "all"})

    assert (response.status_code, visible_text(response)[0]) == (410, "This invitation has been declined")
    assert refused() == []


def test_a_choice_that_is_none_declines_nothing(client, invitation, open_link):
    open_link(invitation)

    with track_changes() as changes:
        response = client.post(f"/invitations/{invitation.pk}/decline", {"unsubscribe_from": "everybody"})

    assert response.status_code == 400
    assert changes.nothing


# Removing a suppression


@pytest.fixture
def refusals(client, invitation) -> list[Suppression]:
    for scope in ("organization", "all"):
        client.post(address(invitation), {"scope": scope})
    return list(Suppression.objects.order_by("created_at"))


def test_a_person_who_verified_the_address_sees_its_suppressions(client, refusals, invitee):
    client.force_login(invitee)

    assert visible_text(client.get("/mails")) == [
        "Email preferences",
        "Unsubscribed from Riverside",
        "Invitation emails to invitee@example.com",
        "Allow again",
        "Unsubscribed from all organizations",
        "Invitation emails to invitee@example.com",
        "Allow again",
        "My invitations",
    ]


def test_and_takes_it_back(client, refusals, invitee):
    client.force_login(invitee)
    here, everywhere = refusals

    with track_changes() as changes:
        response = client.post(f"/mails/{everywhere.pk}/allow")

    assert (response.status_code, response["Location"]) == (302, "/mails")
    assert changes.events == [event("suppression.deleted", everywhere, invitee, None, scope="all")]
    assert refused() == [("organization", "riverside")]
    assert client.post(f"/mails/{everywhere.pk}/allow").status_code == 302
    assert client.post(f"/mails/{here.pk}/allow").status_code == 302
    assert visible_text(client.get("/mails"))[1] == (
        "You haven't unsubscribed from any emails. To unsubscribe, use the link in an invitation email."
    )


def test_nobody_else_sees_it_or_takes_it_back(client, refusals, stranger, owner):
    EmailAddressFactory.create(user=stranger, email="invitee@example.com", verified=False)
    for person in (stranger, owner):
        client.force_login(person)
        assert "Riverside" not in visible_text(client.get("/mails"))
        with track_changes() as changes:
            assert client.post(f"/mails/{refusals[0].pk}/allow").status_code == 302
        assert changes.nothing


def test_nobody_signed_in_is_asked_to(client, refusals):
    assert client.get("/mails")["Location"].startswith("/accounts/login/")
    assert client.post(f"/mails/{refusals[0].pk}/allow")["Location"].startswith("/accounts/login/")
    assert len(refused()) == 2


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_takes_nothing_back(client, refusals, invitee, method):
    client.force_login(invitee)

    with track_changes() as changes:
        getattr(client, method)(f"/mails/{refusals[0].pk}/allow")
        getattr(client, method)("/mails")
    assert changes.nothing


def test_it_takes_the_token_of_our_own_form(refusals, invitee):
    client = Client(enforce_csrf_checks=True)
    client.force_login(invitee)

    assert client.post(f"/mails/{refusals[0].pk}/allow").status_code == 403
    assert len(refused()) == 2


def test_the_queries_do_not_grow_with_the_organizations(
    client, invitee, stranger, invitation, django_assert_num_queries
):
    def look() -> None:
        client.get("/mails")

    client.force_login(User.objects.get(pk=invitee.pk))
    client.post(address(invitation), {"scope": "organization"})
    look()
    with django_assert_num_queries(5):
        look()
    for number in range(5):
        elsewhere = InvitationFactory.create(
            organization=OrganizationFactory.create(slug=f"other-{number}", owners=[stranger]),
            email="invitee@example.com",
            inviter=stranger,
        )
        client.post(address(elsewhere), {"scope": "organization"})
    with django_assert_num_queries(5):
        look()
