"""Test the sign-up page of an invitation."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User
from accounts.passwords import PASSWORD_RULES
from invitations.actions.transitions import raise_generation
from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from tests.accounts.recent_sign_in import GRAVE_OPERATIONS_ALLOWED, statuses_of_grave_operations
from tests.factories import EmailAddressFactory, InvitationFactory, UserFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text
from tests.support.people import PASSWORD

ADDRESS = "invitee@example.com"
TAKEN = "There's already an account with this email address. Sign in instead."


def path(invitation):
    return f"/invitations/{invitation.pk}/sign-up"


def sign_up(client, invitation, password=PASSWORD, **form):
    return client.post(path(invitation), {"password1": password, **form})


def addresses():
    return sorted(EmailAddress.objects.values_list("user__email", "email", "verified", "primary"))


def test_the_page_has_the_invited_address_fixed(client, invitation, open_link):
    open_link(invitation)

    response = client.get(path(invitation))

    assert response.status_code == 200
    assert 'value="invitee@example.com"' in str(response.context["form"]["email"])
    assert "readonly" in str(response.context["form"]["email"])
    assert visible_text(response) == [
        "Invitation to Riverside",
        "Back to the invitation",
        "Create an account",
        "Email",
        "Password",
        str(PASSWORD_RULES),
        "First name (optional)",
        "Last name (optional)",
        "Create an account",
        "Already have an account?",
        "Sign in",
    ]


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("Berta Beet", "Berta", "Beet"), ("Anna Lu Beet", "Anna Lu", "Beet"), ("Cher", "Cher", "")],
)
def test_the_name_in_the_invitation_is_filled_in(client, invitation, open_link, name, first, last):
    Invitation.objects.update(invitee_name=name)
    open_link(invitation)

    form = client.get(path(invitation)).context["form"]

    assert (form["first_name"].value(), form["last_name"].value()) == (first, last)


def test_the_emailed_link_verifies_the_address_and_leads_straight_back(client, invitation, open_link, mailoutbox):
    open_link(invitation)

    response = sign_up(client, invitation)

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert ("invitee@example.com", ADDRESS, True, True) in addresses()
    assert mailoutbox == []
    page = client.get(response["Location"])
    assert (page.status_code, visible_text(page)[-1]) == (200, "You're signed in as invitee@example.com.")
    assert Invitation.objects.get().status == "pending"


def test_the_listed_link_does_not_verify(client, invitation, open_link, mailoutbox, settings):
    open_link(invitation, Purpose.LISTED)

    response = sign_up(client, invitation)

    assert (response.status_code, response["Location"]) == (302, "/accounts/confirm-email/")
    assert (ADDRESS, ADDRESS, False, True) in addresses()
    assert [message.to for message in mailoutbox] == [[ADDRESS]]
    assert client.get("/invitations").status_code == 302
    [link] = [word for word in mailoutbox[0].body.split() if word.startswith(settings.PUBLIC_BASE_URL + "/accounts/")]
    confirmed = client.post(link.removeprefix(settings.PUBLIC_BASE_URL))
    assert (confirmed.status_code, confirmed["Location"]) == (302, f"/invitations/{invitation.pk}")


def test_the_link_of_an_older_email_does_not_verify(client, invitation, open_link):
    open_link(invitation)
    raise_generation(invitation.pk)

    response = sign_up(client, invitation)

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert not User.objects.filter(email=ADDRESS).exists()


def test_another_address_cannot_be_smuggled_in(client, invitation, open_link):
    open_link(invitation)

    sign_up(client, invitation, email="evil@example.com")

    assert User.objects.filter(email=ADDRESS).exists()
    assert not User.objects.filter(email="evil@example.com").exists()


@pytest.mark.parametrize("password", ["", "short", "12345678901", "password123", "invitee@example.com"])
def test_a_weak_password_is_refused(client, invitation, open_link, password):
    open_link(invitation)

    with track_changes() as changes:
        response = sign_up(client, invitation, password)

    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {"password1"}
    assert changes.nothing


def test_with_the_emailed_link_an_account_that_exists_is_named(client, invitation, open_link, mailoutbox):
    UserFactory.create(email="invitee@example.com", password=PASSWORD)
    open_link(invitation)

    with track_changes() as changes:
        response = sign_up(client, invitation)

    assert response.status_code == 200
    assert TAKEN in visible_text(response)
    assert changes.nothing
    assert mailoutbox == []


def test_with_the_listed_link_the_answer_is_the_same_whether_or_not_an_account_exists(
    client, invitation, open_link, mailoutbox
):
    UserFactory.create(email="invitee@example.com", password=PASSWORD)
    open_link(invitation, Purpose.LISTED)

    with track_changes() as changes:
        response = sign_up(client, invitation)

    assert (response.status_code, response["Location"]) == (302, "/accounts/confirm-email/")
    assert changes.only_an_email
    assert [message.to for message in mailoutbox] == [[ADDRESS]]


def test_an_unverified_claim_of_another_account_does_not_block(client, invitation, stranger, open_link):
    EmailAddressFactory.create(user=stranger, email=ADDRESS, verified=False)
    open_link(invitation)

    response = sign_up(client, invitation)

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert (ADDRESS, ADDRESS, True, True) in addresses()
    assert not EmailAddress.objects.filter(user=stranger, email=ADDRESS).exists()


def test_an_account_that_never_proved_the_address_gives_way(client, invitation, open_link):
    squatter = UserFactory.create(email=ADDRESS, password="the password of a squatter", email_address=None)
    EmailAddressFactory.create(user=squatter, email=ADDRESS, verified=False)
    open_link(invitation)

    sign_up(client, invitation)

    squatter.refresh_from_db()
    assert squatter.email is None
    assert User.objects.get(email=ADDRESS).check_password(PASSWORD)


def test_the_account_and_its_address_come_together_or_not_at_all(client, invitation, open_link, monkeypatch):
    open_link(invitation)
    client.raise_request_exception = False

    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(EmailAddress, "save", fail)
    with track_changes() as changes:
        response = sign_up(client, invitation)

    assert response.status_code == 500
    assert changes.nothing


def test_without_the_link_the_page_leads_to_how_to_open_the_invitation(client, invitation):
    with track_changes() as changes:
        for response in (client.get(path(invitation)), sign_up(client, invitation)):
            assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert changes.nothing


@pytest.mark.parametrize(("purpose", "created"), [(Purpose.EMAILED, 21), (Purpose.LISTED, 20)])
def test_everybody_behind_one_router_signs_up_by_their_own_emailed_link(organization, owner, purpose, created):
    for number in range(21):
        invited = f"invitee-{number}@example.com"
        invitation = InvitationFactory.create(organization=organization, email=invited, inviter=owner)
        browser = Client()
        browser.get(f"/i/{token_for(invitation, purpose)}")
        sign_up(browser, invitation)

    assert User.objects.filter(email__startswith="invitee-").count() == created


def test_one_emailed_link_is_bounded_too(client, invitation, open_link):
    open_link(invitation)

    statuses = [sign_up(client, invitation, password="weak").status_code for _ in range(21)]

    assert statuses == [200] * 20 + [429]


def test_whoever_has_just_signed_up_by_the_emailed_link_counts_as_recently_signed_in(client, invitation, open_link):
    open_link(invitation)
    sign_up(client, invitation)

    assert statuses_of_grave_operations(client) == GRAVE_OPERATIONS_ALLOWED
